/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_KEEPER_H
#define RB_REBUILDER_KEEPER_H

#include "rebuilder/jobs.h"

/*
 * Keeps house while jobs run: knows how the node is.
 */
struct keeper {
	const struct settings *settings; /* all borrowed */
	struct journal *journal;
	struct depot *depot;
	struct jobs *jobs;
	int64_t started;
};

/* Appends common/told/status.h; `self` is a struct keeper. */
enum rb_err keeper_status(void *self, struct buf *out) RB_CHECK;

#endif
