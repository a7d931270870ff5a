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

struct watcher;

/* Starts its thread, which runs as long as the process. */
enum rb_err watch_start(const struct watch_setting *setting,
    struct watcher **out) RB_CHECK;

/*
 * Has it look now, at components too that it leaves out for their failures.
 * A duplicate of `sock` hears how that round ended: ADMIN_DONE with the number
 * of components that could be looked at, or FRAME_REFUSED.  From any thread.
 * RB_ELIMIT: too many wait already.
 */
enum rb_err watch_call(struct watcher *w, int sock) RB_CHECK;

#endif
