/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_RELAY_H
#define RB_REBUILDER_RELAY_H

#include <poll.h>
#include <sys/types.h>

#include "common/base/digest.h"

/*
 * One bounded stream between a guest and a descriptor of rebuilder's.
 * The bytes pass through and are looked at by nobody; at most
 * they are counted and hashed.
 */
struct relay {
	int from, to;   /* owned */
	uint64_t left;  /* how many bytes may still come */
	bool to_guest;  /* a guest that reads no more has enough */
	struct digester *digester; /* borrowed; NULL: not hashed */
	bool is_over;   /* more than that came; the rest is dropped */
	uint8_t *chunk; /* owned: read, not yet written */
	size_t start, len;
};

#define RELAY_INIT { -1, -1, 0, false, NULL, false, NULL, 0, 0 }

/*
 * Both descriptors become the relay's, and non-blocking: for everybody
 * who shares them.
 */
enum rb_err relay_open(struct relay *r, int *from, int *to, uint64_t max)
    RB_CHECK;
void relay_clear(struct relay *r);

/*
 * For loops of the caller's own: what to wait for, and what to do then.
 * RB_ELIMIT: more than the limit came, which has passed.
 */
struct pollfd relay_pollfd(const struct relay *r);
enum rb_err relay_step(struct relay *r) RB_CHECK;

enum relays_end {
	RELAYS_DONE,   /* the process ended and everything has passed */
	RELAYS_LATE,   /* deadline */
	RELAYS_ALONE,  /* the other side of `watch` went away */
	RELAYS_FULL,   /* `which` had more than its limit, which has passed */
	RELAYS_FAILED, /* `which` could not be read or written; see errno */
};

/*
 * Moves bytes until the process ends or something else happens; without one
 * (pidfd -1), until everything that doesn't go to a guest has passed.
 */
enum relays_end relays_run(struct relay *const *relays, size_t n, int pidfd,
    int watch, int64_t deadline, size_t *which);

/* Milliseconds of a clock that never jumps. */
int64_t clock_now(void);

#endif
