/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_WATCH_CALLS_H
#define RB_REBUILDER_WATCH_CALLS_H

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

/*
 * Operators who want the watcher to look now.  Each is told how the first
 * round ended that began after the call: what a round that is under way has
 * looked at already may be older than what the caller knows.
 */
#define CALLS_MAX 16

struct calls {
	pthread_mutex_t lock; /* guards what follows */
	pthread_cond_t called;
	int waiting[CALLS_MAX]; /* owned sockets */
	size_t n;
};

/* Sockets of who hears of one round. */
struct callers {
	int list[CALLS_MAX]; /* owned */
	size_t n;
};

void calls_init(struct calls *c);
/* Those who still wait are told nothing. */
void calls_clear(struct calls *c);

/* Takes a duplicate of `sock`.  RB_ELIMIT: so many wait already. */
enum rb_err calls_add(struct calls *c, int sock) RB_CHECK;
/* True at once when somebody called, false when so long nobody did. */
bool calls_wait(struct calls *c, uint64_t seconds);
/* A round begins now: whoever called until here hears of it. */
void calls_take(struct calls *c, struct callers *out);
/* ADMIN_DONE with `n`, or FRAME_REFUSED with the sentence; and the end. */
void callers_tell(struct callers *c, uint32_t n, const char *refusal);

#endif
