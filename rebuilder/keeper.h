/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_KEEPER_H
#define RB_REBUILDER_KEEPER_H

#include "rebuilder/jobs.h"

/*
 * Keeps house while jobs run: watches the depot's disk, lets no job begin
 * while that is short, collects at start, every hour and for want of room,
 * and tells how the node is.
 */
struct keeper;

struct keeper_setting {
	const struct settings *settings; /* all borrowed */
	struct journal *journal;
	const struct depot *depot;
	struct jobs *jobs;
	int told; /* common/told/status.h goes there; -1: nowhere */
};

/* Looks at the disk once, and starts a thread that goes on with it. */
enum rb_err keeper_start(const struct keeper_setting *setting,
    struct keeper **out) RB_CHECK;
/* Waits for the thread. */
void keeper_stop(struct keeper **k);

/* Appends common/told/status.h; `self` is a struct keeper. */
enum rb_err keeper_status(void *self, struct buf *out) RB_CHECK;
/* From whoever watches a release: when it was polled, what stands open. */
void keeper_polled(struct keeper *k, int64_t time, uint64_t alarms);

#endif
