/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attestor/memory_lock.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "common/base/file.h"

#define MAPS_MAX (1024 * 1024)
/* For OpenSSL's secrets; a power of two. */
#define SECURE_HEAP 32768

static enum rb_err
lock_fault(struct fault *why)
{
	return fault_set(why, RB_EREFUSED,
	    "cannot keep the key out of swap: %s; the limit of locked memory "
	    "must be 8 MiB or more (LimitMEMLOCK in systemd.exec(5), ulimit "
	    "-l)",
	    strerror(errno));
}

/* One line of proc_pid_maps(5): "from-to rw-p ...". */
static enum rb_err
lock_line(struct span line, struct fault *why)
{
	char text[64];
	size_t len = line.len < sizeof(text) ? line.len : sizeof(text) - 1;
	unsigned long from, to;
	char *rest;

	memcpy(text, line.p, len);
	text[len] = '\0';
	from = strtoul(text, &rest, 16);
	if (*rest != '-')
		return RB_EFORMAT;
	to = strtoul(rest + 1, &rest, 16);
	if (*rest != ' ' || to <= from || strlen(rest) < 5)
		return RB_EFORMAT;
	if (rest[2] != 'w' || rest[4] != 'p')
		return RB_OK;
	/* An address out of a text: there is no pointer to take it from. */
	return mlock((const void *)from, to - from) == 0 ? RB_OK :
							   lock_fault(why);
}

static enum rb_err
lock_present(struct fault *why)
{
	struct buf maps = BUF_INIT;
	struct span in, line = SPAN_INIT;
	enum rb_err rc = RB_EIO;
	int fd;

	fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		goto out;
	if ((rc = file_read_fd(fd, MAPS_MAX, &maps)) != RB_OK)
		goto out;
	in = buf_span(&maps);
	while (in.len != 0) {
		if ((rc = span_take_line(&in, &line)) != RB_OK)
			goto out;
		if ((rc = lock_line(line, why)) != RB_OK)
			goto out;
	}
out:
	fd_close(&fd);
	buf_clear(&maps);
	return rc;
}

enum rb_err
memory_lock(struct fault *why)
{
	/* 2 would mean: made, but not locked. */
	if (CRYPTO_secure_malloc_init(SECURE_HEAP, 0) != 1)
		return lock_fault(why);
	/* What is mapped between the two calls is locked by this one. */
	if (mlockall(MCL_FUTURE) != 0)
		return lock_fault(why);
	return lock_present(why);
}
