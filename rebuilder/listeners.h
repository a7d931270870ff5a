/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_LISTENERS_H
#define RB_REBUILDER_LISTENERS_H

#include "rebuilder/trip.h"

/*
 * Sockets of people who wait for one job.  Who does not read in time is
 * dropped: a job never waits for its audience.
 */
#define LISTENERS_MAX 16
#define LISTENER_SECONDS 5

struct listeners {
	int fds[LISTENERS_MAX]; /* owned */
	size_t n;
};

void listeners_init(struct listeners *l);
void listeners_clear(struct listeners *l);
/* Duplicates the socket. */
enum rb_err listeners_add(struct listeners *l, int sock) RB_CHECK;

void listeners_tell_stage(struct listeners *l, const char *target,
    const char *stage, uint64_t done, uint64_t total, const char *detail);
void listeners_tell_result(struct listeners *l, const char *target,
    const struct result *r);
void listeners_tell_end(struct listeners *l, const char *target, enum rb_err rc,
    const char *why);

#endif
