/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_COLLECT_H
#define RB_REBUILDER_COLLECT_H

#include "rebuilder/depot.h"
#include "rebuilder/journal.h"

/*
 * Takes out of the depot what is used no more.  Two things are never taken:
 * what a running trip has touched, and what a statement names and only this
 * node has (said.h pins it).  Everything else can be had again: fetched files
 * from where they came, layers and resolutions from their inputs; memory that
 * names a file which is gone counts for nothing (recall looks first).
 *
 * Age is counted in the time that the node runs, in seconds since it first
 * did: a clock that jumps, or a node that stood still, makes no file old.
 */
struct collect_policy {
	uint64_t keep; /* seconds; 0: for ever */
	uint64_t size; /* bytes of all files; 0: no bound */
	uint64_t free; /* bytes that are wanted on the disk; 0: none */
};

struct collected {
	uint64_t files, bytes; /* that are left */
	uint64_t removed_files, removed_bytes;
};

/* `uptime` never goes back. */
enum rb_err collect(const struct depot *d, struct journal *j,
    const struct collect_policy *p, uint64_t uptime, struct collected *out)
    RB_CHECK;

#endif
