/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/leash.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "common/base/file.h"

#define MS_PER_S 1000
/* Of one poll; a longer wait is several. */
#define STEP_MS (3600 * MS_PER_S)

struct leash {
	int fd; /* owned; readable once cut */
	atomic_bool is_cut;
	int64_t deadline; /* of the thread that wears it; INT64_MAX: none */
};

static _Thread_local struct leash *worn;

static int64_t
now_ms(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) == -1)
		abort();
	return (int64_t)t.tv_sec * MS_PER_S + t.tv_nsec / 1000000;
}

int64_t
steady_seconds(void)
{
	return now_ms() / MS_PER_S;
}

enum rb_err
leash_new(struct leash **out)
{
	struct leash *l;

	if ((l = calloc(1, sizeof(*l))) == NULL)
		return RB_ENOMEM;
	if ((l->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) == -1) {
		free(l);
		return RB_EIO;
	}
	atomic_init(&l->is_cut, false);
	l->deadline = INT64_MAX;
	*out = l;
	return RB_OK;
}

void
leash_free(struct leash **l)
{
	if (*l == NULL)
		return;
	if (worn == *l)
		worn = NULL;
	fd_close(&(*l)->fd);
	free(*l);
	*l = NULL;
}

void
leash_cut(struct leash *l)
{
	const uint64_t one = 1;
	ssize_t put;

	atomic_store(&l->is_cut, true);
	/* Fails only when it is readable already. */
	put = write(l->fd, &one, sizeof(one));
	(void)put;
}

bool
leash_is_cut(const struct leash *l)
{
	return atomic_load(&l->is_cut);
}

void
leash_wear(struct leash *l, uint64_t seconds)
{
	l->deadline = INT64_MAX;
	if (seconds != 0 && seconds < INT64_MAX / MS_PER_S / 2)
		l->deadline = now_ms() + (int64_t)seconds * MS_PER_S;
	worn = l;
}

void
leash_take_off(void)
{
	worn = NULL;
}

enum rb_err
leash_check(void)
{
	if (worn == NULL)
		return RB_OK;
	return leash_is_cut(worn) || now_ms() >= worn->deadline ? RB_ETIME :
								  RB_OK;
}

enum rb_err
leash_wait(int fd, uint64_t milliseconds)
{
	struct pollfd p[2] = { { fd, POLLIN, 0 }, { -1, POLLIN, 0 } };
	int64_t now = now_ms(), end = INT64_MAX;
	int64_t left;
	int r;

	if (milliseconds < (uint64_t)(INT64_MAX - now))
		end = now + (int64_t)milliseconds;
	if (worn != NULL) {
		p[1].fd = worn->fd;
		if (worn->deadline < end)
			end = worn->deadline;
	}
	for (;;) {
		if (leash_check() != RB_OK)
			return RB_ETIME;
		left = end - now_ms();
		if (left < 0)
			left = 0;
		r = poll(p, 2, left > STEP_MS ? STEP_MS : (int)left);
		if (r == -1 && errno != EINTR)
			return RB_EIO;
		if (r > 0 && p[1].revents != 0)
			return RB_ETIME;
		if (r > 0)
			return RB_OK;
		if (r == 0 && left <= STEP_MS)
			return RB_ETIME;
	}
}
