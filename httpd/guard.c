/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/guard.h"

#include <stdlib.h>
#include <sys/socket.h>
#include <time.h>

static void
guard_lock(struct guard *g)
{
	if (pthread_mutex_lock(&g->lock) != 0)
		abort();
}

static void
guard_unlock(struct guard *g)
{
	if (pthread_mutex_unlock(&g->lock) != 0)
		abort();
}

int64_t
guard_now(void)
{
	struct timespec t;

	if (clock_gettime(CLOCK_MONOTONIC, &t) != 0)
		abort();
	return t.tv_sec;
}

enum rb_err
guard_enter(struct guard *g, int fd, int64_t now, struct guest **out)
{
	struct guest *guest = calloc(1, sizeof(*guest));

	if (guest == NULL)
		return RB_ENOMEM;
	guest->fd = fd;
	guest->due = now + GUARD_REQUEST_SECONDS;
	guard_lock(g);
	guest->next = g->first;
	if (g->first != NULL)
		g->first->previous = guest;
	g->first = guest;
	guard_unlock(g);
	*out = guest;
	return RB_OK;
}

void
guard_leave(struct guard *g, struct guest **guest)
{
	struct guest *leaving = *guest;

	if (leaving == NULL)
		return;
	guard_lock(g);
	if (leaving->previous != NULL)
		leaving->previous->next = leaving->next;
	else
		g->first = leaving->next;
	if (leaving->next != NULL)
		leaving->next->previous = leaving->previous;
	guard_unlock(g);
	free(leaving);
	*guest = NULL;
}

void
guard_set_due(struct guard *g, struct guest *guest, int64_t due)
{
	guard_lock(g);
	guest->due = due;
	guard_unlock(g);
}

size_t
guard_end_late(struct guard *g, int64_t now)
{
	struct guest *guest;
	size_t n = 0;

	/* Under the lock no descriptor can be closed and given out anew. */
	guard_lock(g);
	for (guest = g->first; guest != NULL; guest = guest->next) {
		if (guest->due > now)
			continue;
		shutdown(guest->fd, SHUT_RDWR);
		guest->due = INT64_MAX;
		n++;
	}
	guard_unlock(g);
	return n;
}

enum rb_err
guard_hold(struct guard *g, uint64_t bytes)
{
	enum rb_err rc = RB_ELIMIT;

	guard_lock(g);
	if (bytes <= GUARD_BYTES_MAX - g->bytes) {
		g->bytes += bytes;
		rc = RB_OK;
	}
	guard_unlock(g);
	return rc;
}

void
guard_release(struct guard *g, uint64_t bytes)
{
	guard_lock(g);
	if (bytes > g->bytes)
		abort();
	g->bytes -= bytes;
	guard_unlock(g);
}
