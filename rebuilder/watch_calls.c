/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/watch_calls.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"

static void
lock(struct calls *c)
{
	if (pthread_mutex_lock(&c->lock) != 0)
		abort();
}

static void
unlock(struct calls *c)
{
	if (pthread_mutex_unlock(&c->lock) != 0)
		abort();
}

void
calls_init(struct calls *c)
{
	pthread_condattr_t attr;

	memset(c, 0, sizeof(*c));
	/* A clock that nobody sets. */
	if (pthread_mutex_init(&c->lock, NULL) != 0 ||
	    pthread_condattr_init(&attr) != 0 ||
	    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(&c->called, &attr) != 0 ||
	    pthread_condattr_destroy(&attr) != 0)
		abort();
}

void
calls_clear(struct calls *c)
{
	while (c->n > 0)
		fd_close(&c->waiting[--c->n]);
	if (pthread_cond_destroy(&c->called) != 0 ||
	    pthread_mutex_destroy(&c->lock) != 0)
		abort();
}

enum rb_err
calls_add(struct calls *c, int sock)
{
	int copy = fcntl(sock, F_DUPFD_CLOEXEC, 3);
	enum rb_err rc = RB_ELIMIT;

	if (copy == -1)
		return RB_EIO;
	lock(c);
	if (c->n < CALLS_MAX) {
		c->waiting[c->n++] = copy;
		copy = -1; /* now theirs */
		rc = RB_OK;
		if (pthread_cond_signal(&c->called) != 0)
			abort();
	}
	unlock(c);
	fd_close(&copy);
	return rc;
}

bool
calls_wait(struct calls *c, uint64_t seconds)
{
	struct timespec end;
	bool is_called;
	int r = 0;

	if (clock_gettime(CLOCK_MONOTONIC, &end) == -1)
		abort();
	end.tv_sec += (time_t)seconds;
	lock(c);
	while (c->n == 0 && r != ETIMEDOUT) {
		r = pthread_cond_timedwait(&c->called, &c->lock, &end);
		if (r != 0 && r != ETIMEDOUT)
			abort();
	}
	is_called = c->n != 0;
	unlock(c);
	return is_called;
}

void
calls_take(struct calls *c, struct callers *out)
{
	lock(c);
	memcpy(out->list, c->waiting, sizeof(out->list));
	out->n = c->n;
	c->n = 0; /* now the caller's */
	unlock(c);
}

void
callers_tell(struct callers *c, uint32_t n, const char *refusal)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, refusal == NULL ? ADMIN_DONE : FRAME_REFUSED);
	rc = refusal == NULL ? put_u32(&m.body, n) : put_text(&m.body, refusal);
	while (c->n > 0) {
		if (rc != RB_OK || msg_send(c->list[c->n - 1], &m) != RB_OK)
			note(NOTE_WARN,
			    "admin: a client left before its answer");
		fd_close(&c->list[--c->n]);
	}
	msg_clear(&m);
}
