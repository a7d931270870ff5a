/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_ADMIN_H
#define RB_REBUILDER_ADMIN_H

#include "rebuilder/jobs.h"
#include "rebuilder/watch.h"

/* Whom admin.sock asks; all borrowed. */
struct admin {
	struct jobs *jobs;
	struct journal *journal;
	const struct depot *depot;
	struct watcher *watcher; /* NULL: no release is watched */
	/* Writes common/told/status.h. */
	enum rb_err (*status)(void *self, struct buf *out);
	void *self;
};

/*
 * admin.sock: what an operator asks of the running daemon.  Only root can
 * connect.  Many may be connected at once, and nobody who is slow keeps the
 * others waiting.  Serves until the listening socket fails; returns the exit
 * code of the process.
 */
int admin_serve(int listening, const struct admin *a);

/* Answers one question on `sock`, be it by FRAME_REFUSED. */
struct msg;
void admin_answer(int sock, const struct admin *a, const struct msg *question);

#endif
