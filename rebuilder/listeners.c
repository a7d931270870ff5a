/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/listeners.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"

void
listeners_init(struct listeners *l)
{
	l->n = 0;
}

void
listeners_clear(struct listeners *l)
{
	while (l->n > 0)
		fd_close(&l->fds[--l->n]);
}

enum rb_err
listeners_add(struct listeners *l, int sock)
{
	const struct timeval patience = { LISTENER_SECONDS, 0 };
	int copy = -1;

	if (l->n == LISTENERS_MAX)
		return RB_ELIMIT;
	if ((copy = fcntl(sock, F_DUPFD_CLOEXEC, 0)) == -1)
		return RB_EIO;
	if (setsockopt(copy, SOL_SOCKET, SO_SNDTIMEO, &patience,
		sizeof(patience)) == -1) {
		fd_close(&copy);
		return RB_EIO;
	}
	l->fds[l->n++] = copy;
	return RB_OK;
}

/* Sends to all and forgets who can't be reached. */
static void
send_all(struct listeners *l, const struct msg *m)
{
	size_t i = 0;

	while (i < l->n) {
		if (msg_send(l->fds[i], m) == RB_OK) {
			i++;
			continue;
		}
		fd_close(&l->fds[i]);
		l->fds[i] = l->fds[--l->n];
	}
}

void
listeners_tell_stage(struct listeners *l, const char *target, const char *stage,
    uint64_t done, uint64_t total, const char *detail)
{
	struct msg m;

	msg_init(&m, ADMIN_STAGE);
	if (put_text(&m.body, target) == RB_OK &&
	    put_text(&m.body, stage) == RB_OK &&
	    put_u64(&m.body, done) == RB_OK &&
	    put_u64(&m.body, total) == RB_OK &&
	    put_text(&m.body, detail) == RB_OK)
		send_all(l, &m);
	msg_clear(&m);
}

void
listeners_tell_result(struct listeners *l, const char *target,
    const struct result *r)
{
	struct msg m;

	msg_init(&m, ADMIN_RESULT);
	if (put_text(&m.body, target) == RB_OK &&
	    put_text(&m.body, r->file) == RB_OK &&
	    put_text(&m.body, r->package) == RB_OK &&
	    put_text(&m.body, r->version) == RB_OK &&
	    put_text(&m.body, r->arch) == RB_OK &&
	    put_digest(&m.body, &r->published) == RB_OK &&
	    put_u8(&m.body, (uint8_t)r->verdict) == RB_OK &&
	    put_text(&m.body, r->reason == NULL ? "" : r->reason) == RB_OK &&
	    put_u64(&m.body, r->leaf) == RB_OK &&
	    put_u8(&m.body, r->is_recorded ? 1 : 0) == RB_OK)
		send_all(l, &m);
	msg_clear(&m);
}

void
listeners_tell_end(struct listeners *l, const char *target, enum rb_err rc,
    const char *why)
{
	struct msg m;

	msg_init(&m, ADMIN_ENDED);
	if (put_text(&m.body, target) == RB_OK &&
	    put_u8(&m.body, rc == RB_OK ? JOB_TRIED : JOB_NOT_TRIED) == RB_OK &&
	    put_text(&m.body, why) == RB_OK)
		send_all(l, &m);
	msg_clear(&m);
}
