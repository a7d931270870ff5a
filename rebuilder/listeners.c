/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/listeners.h"

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/base/file.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"

enum importance { MAY_BE_MISSED, MUST_ARRIVE };

static void
lock(struct listeners *l)
{
	if (pthread_mutex_lock(&l->lock) != 0)
		abort();
}

static void
unlock(struct listeners *l)
{
	if (pthread_mutex_unlock(&l->lock) != 0)
		abort();
}

void
listeners_init(struct listeners *l)
{
	if (pthread_mutex_init(&l->lock, NULL) != 0)
		abort();
	l->n = 0;
}

void
listeners_clear(struct listeners *l)
{
	while (l->n > 0)
		fd_close(&l->list[--l->n].fd);
	if (pthread_mutex_destroy(&l->lock) != 0)
		abort();
}

enum rb_err
listeners_add(struct listeners *l, int sock, bool wants_log)
{
	const struct timeval patience = { LISTENER_SECONDS, 0 };
	int copy = -1;
	enum rb_err rc = RB_EIO;

	if ((copy = fcntl(sock, F_DUPFD_CLOEXEC, 0)) == -1 ||
	    setsockopt(copy, SOL_SOCKET, SO_SNDTIMEO, &patience,
		sizeof(patience)) == -1)
		goto out;
	lock(l);
	rc = RB_ELIMIT;
	if (l->n < LISTENERS_MAX) {
		l->list[l->n++] = (struct listener){ copy, wants_log };
		copy = -1; /* now the list's */
		rc = RB_OK;
	}
	unlock(l);
out:
	fd_close(&copy);
	return rc;
}

static bool
has_room(int fd)
{
	struct pollfd p = { fd, POLLOUT, 0 };

	return poll(&p, 1, 0) == 1 && (p.revents & POLLOUT) != 0;
}

static void
drop(struct listeners *l, int fd)
{
	size_t i;

	lock(l);
	for (i = 0; i < l->n && l->list[i].fd != fd; i++)
		;
	if (i < l->n) {
		fd_close(&l->list[i].fd);
		l->list[i] = l->list[--l->n];
	}
	unlock(l);
}

/*
 * Sends to a copy of the list, so that nobody who comes meanwhile waits for
 * those who are slow.  Only we take descriptors out of it: they stay open.
 */
static void
send_all(struct listeners *l, const struct msg *m, enum importance importance,
    bool log_only)
{
	struct listener copy[LISTENERS_MAX];
	size_t n, i;

	lock(l);
	n = l->n;
	memcpy(copy, l->list, n * sizeof(copy[0]));
	unlock(l);
	for (i = 0; i < n; i++) {
		if (log_only && !copy[i].wants_log)
			continue;
		if (importance == MAY_BE_MISSED && !has_room(copy[i].fd))
			continue;
		if (msg_send(copy[i].fd, m) != RB_OK)
			drop(l, copy[i].fd);
	}
}

static enum rb_err
write_stage(struct msg *m, const char *target, const char *stage, uint64_t done,
    uint64_t total, const char *detail)
{
	enum rb_err rc = RB_EINTERNAL;

	msg_init(m, ADMIN_STAGE);
	if ((rc = put_text(&m->body, target)) != RB_OK ||
	    (rc = put_text(&m->body, stage)) != RB_OK ||
	    (rc = put_u64(&m->body, done)) != RB_OK ||
	    (rc = put_u64(&m->body, total)) != RB_OK)
		return rc;
	return put_text(&m->body, detail);
}

enum rb_err
listener_send_stage(int sock, const char *target, const char *stage,
    uint64_t done, uint64_t total, const char *detail)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	rc = write_stage(&m, target, stage, done, total, detail);
	if (rc == RB_OK)
		rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

void
listeners_tell_stage(struct listeners *l, const char *target, const char *stage,
    uint64_t done, uint64_t total, const char *detail)
{
	struct msg m;

	if (write_stage(&m, target, stage, done, total, detail) == RB_OK)
		send_all(l, &m, MAY_BE_MISSED, false);
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
		send_all(l, &m, MUST_ARRIVE, false);
	msg_clear(&m);
}

static enum rb_err
write_log(struct msg *m, const char *target, enum log_form form, uint32_t n,
    int fd)
{
	enum rb_err rc = RB_EINTERNAL;

	msg_init(m, ADMIN_LOG_IS);
	if ((rc = put_u8(&m->body, (uint8_t)form)) != RB_OK ||
	    (rc = put_u32(&m->body, n)) != RB_OK ||
	    (rc = put_text(&m->body, target)) != RB_OK)
		return rc;
	return ask_add_copy(m, fd);
}

enum rb_err
listener_send_log(int sock, const char *target, enum log_form form, uint32_t n,
    int fd)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = write_log(&m, target, form, n, fd)) == RB_OK)
		rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

void
listeners_tell_log(struct listeners *l, const char *target, uint32_t n, int fd)
{
	struct msg m;

	if (write_log(&m, target, LOG_PLAIN, n, fd) == RB_OK)
		send_all(l, &m, MUST_ARRIVE, true);
	msg_clear(&m);
}

static enum rb_err
write_end(struct msg *m, const char *target, enum job_outcome outcome,
    const char *why)
{
	enum rb_err rc = RB_EINTERNAL;

	msg_init(m, ADMIN_ENDED);
	if ((rc = put_text(&m->body, target)) != RB_OK ||
	    (rc = put_u8(&m->body, (uint8_t)outcome)) != RB_OK)
		return rc;
	return put_text(&m->body, why);
}

enum rb_err
listener_send_end(int sock, const char *target, enum job_outcome outcome,
    const char *why)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = write_end(&m, target, outcome, why)) == RB_OK)
		rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

void
listeners_tell_end(struct listeners *l, const char *target,
    enum job_outcome outcome, const char *why)
{
	struct msg m;

	if (write_end(&m, target, outcome, why) == RB_OK)
		send_all(l, &m, MUST_ARRIVE, false);
	msg_clear(&m);
}
