/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/shortage.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sys/socket.h>
#include <sys/types.h>

static long left = -1;
static bool hit;

void
shortage_at(long n)
{
	left = n;
	hit = false;
}

bool
shortage_end(void)
{
	left = -1;
	return hit;
}

static bool
fails(int error)
{
	if (left < 0 || left-- > 0)
		return false;
	hit = true;
	errno = error;
	return true;
}

/* ld(1), --wrap */
void *__real_malloc(size_t len);
void *__real_calloc(size_t n, size_t len);
void *__real_realloc(void *p, size_t len);
void *__real_reallocarray(void *p, size_t n, size_t len);
char *__real_strdup(const char *s);
ssize_t __real_write(int fd, const void *p, size_t len);
int __real_fsync(int fd);
ssize_t __real_sendmsg(int fd, const struct msghdr *h, int flags);

void *__wrap_malloc(size_t len);
void *__wrap_calloc(size_t n, size_t len);
void *__wrap_realloc(void *p, size_t len);
void *__wrap_reallocarray(void *p, size_t n, size_t len);
char *__wrap_strdup(const char *s);
ssize_t __wrap_write(int fd, const void *p, size_t len);
int __wrap_fsync(int fd);
ssize_t __wrap_sendmsg(int fd, const struct msghdr *h, int flags);

void *
__wrap_malloc(size_t len)
{
	return fails(ENOMEM) ? NULL : __real_malloc(len);
}

void *
__wrap_calloc(size_t n, size_t len)
{
	return fails(ENOMEM) ? NULL : __real_calloc(n, len);
}

void *
__wrap_realloc(void *p, size_t len)
{
	return fails(ENOMEM) ? NULL : __real_realloc(p, len);
}

void *
__wrap_reallocarray(void *p, size_t n, size_t len)
{
	return fails(ENOMEM) ? NULL : __real_reallocarray(p, n, len);
}

char *
__wrap_strdup(const char *s)
{
	return fails(ENOMEM) ? NULL : __real_strdup(s);
}

ssize_t
__wrap_write(int fd, const void *p, size_t len)
{
	return fails(ENOSPC) ? -1 : __real_write(fd, p, len);
}

int
__wrap_fsync(int fd)
{
	return fails(EIO) ? -1 : __real_fsync(fd);
}

ssize_t
__wrap_sendmsg(int fd, const struct msghdr *h, int flags)
{
	return fails(ENOBUFS) ? -1 : __real_sendmsg(fd, h, flags);
}

void
shortage_try(enum rb_err (*deed)(void), void (*check)(enum rb_err rc))
{
	enum rb_err rc = RB_EINTERNAL;
	bool was_short = true;
	long n;

	for (n = 0; was_short; n++) {
		shortage_at(n);
		rc = deed();
		was_short = shortage_end();
		if (check != NULL)
			check(rc);
		if (was_short && rc != RB_ENOMEM && rc != RB_EIO)
			fail_msg("shortage %ld gives %s", n, err_name(rc));
	}
	assert_int_equal(rc, RB_OK);
	assert_true(n > 1); /* otherwise nothing was tried */
}
