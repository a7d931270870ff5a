/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_GUARD_H
#define RB_HTTPD_GUARD_H

#include <pthread.h>

#include "common/base/span.h"

/*
 * What one client, or all of them together, may take from the others.
 *
 * The HTTP library ends a connection on which nothing moves.  That does not
 * stop a client that sends one byte now and then, so each connection has a
 * deadline as well.  And answers wait in memory until they are sent, so all
 * of them together have a limit.
 */
#define GUARD_REQUEST_SECONDS 60  /* from the first byte to the last */
#define GUARD_ANSWER_SECONDS 3600 /* a long log over a slow network */
#define GUARD_BYTES_MAX (512ull * 1024 * 1024)

/* One connection. */
struct guest {
	struct guest *next, *previous;
	int fd; /* borrowed from the HTTP library */
	int64_t due;
};

struct guard {
	pthread_mutex_t lock;
	struct guest *first; /* each owned */
	uint64_t bytes;      /* held by answers */
};

#define GUARD_INIT { PTHREAD_MUTEX_INITIALIZER, NULL, 0 }

/* Seconds of a clock that never goes back. */
int64_t guard_now(void);

/* A new connection; RB_ENOMEM. */
enum rb_err guard_enter(struct guard *g, int fd, int64_t now,
    struct guest **out) RB_CHECK;
/* Call before `fd` is closed; accepts NULL. */
void guard_leave(struct guard *g, struct guest **guest);
void guard_set_due(struct guard *g, struct guest *guest, int64_t due);
/*
 * Shuts down the connections whose deadline has passed; the HTTP library
 * then finds them ended.  Returns how many.
 */
size_t guard_end_late(struct guard *g, int64_t now);

/* RB_ELIMIT: too much is held already. */
enum rb_err guard_hold(struct guard *g, uint64_t bytes) RB_CHECK;
void guard_release(struct guard *g, uint64_t bytes);

#endif
