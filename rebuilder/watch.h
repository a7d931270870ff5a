/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_WATCH_H
#define RB_REBUILDER_WATCH_H

#include "rebuilder/jobs.h"
#include "rebuilder/keeper.h"

/*
 * The watcher: asks, round by round, the git server of every component of
 * the release for its refs, has new tags judged, and adds a job for each
 * distribution when one is accepted.  One component that is wrong holds no
 * other up.
 */
struct watch_setting {
	const struct node *node;         /* all borrowed */
	const struct settings *settings; /* with release.file */
	struct depot *depot;
	struct journal *journal;
	struct jobs *jobs;
	struct keeper *keeper; /* is told of rounds; NULL: nobody is */
	int told; /* common/told/release_doc.h goes there; -1: nowhere */
};

/* Starts its thread, which runs as long as the process. */
enum rb_err watch_start(const struct watch_setting *setting) RB_CHECK;

/* One round, in this thread. */
enum rb_err watch_round(const struct watch_setting *setting, struct fault *why)
    RB_CHECK;

#endif
