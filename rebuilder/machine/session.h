/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SESSION_H
#define RB_REBUILDER_SESSION_H

#include "rebuilder/machine/machine_driver.h"
#include "rebuilder/machine/relay.h"
#include "rebuilder/machine/sandbox.h"

/*
 * What the sandboxes of one machine share: their ids, their control group,
 * where they are put together, and when they must end.
 */
struct session {
	char *stage, *layers; /* owned; directories of ours */
	uint32_t uid, gid;    /* first subordinate ids */
	struct cgroup *cgroup; /* owned */
	int watch;            /* borrowed */
	int64_t deadline;
};

#define SESSION_INIT { NULL, NULL, 0, 0, NULL, -1, 0 }

/* The limits are those of all its processes together. */
enum rb_err session_open(struct session *x, const struct machine_run *run,
    const struct cgroup_limits *limits, struct fault *why) RB_CHECK;
/* Kills and removes whatever is left. */
void session_clear(struct session *x);

struct session_end {
	enum relays_end end;
	size_t which; /* 0 in, 1 out, 2 log: which stream was full or failed */
	int error; /* errno with RELAYS_FAILED */
	bool has_run; /* the command was started at all */
	int status; /* as waitpid gives it */
	uint64_t in_left; /* how much less than in_max came in */
};

#define SESSION_END_INIT { RELAYS_FAILED, 0, 0, false, 0, 0 }

/* Handed over: taken out and set to -1.  -1: nothing in, nowhere out. */
struct session_files {
	int in, out, log;
	uint64_t in_max, out_max, log_max;
	struct digester *digester; /* borrowed, of `in`; NULL: none */
};

/*
 * Runs one sandbox; its in, out and log, cgroup, ids and stage are filled
 * in here.  When this returns, no process of it is left.
 */
enum rb_err session_run(struct session *x, struct sandbox *s,
    struct session_files *files, struct session_end *out, struct fault *why)
    RB_CHECK;

/* Waits a moment.  RB_EPEER, RB_ETIME: there is nothing left to wait for. */
enum rb_err session_pause(const struct session *x) RB_CHECK;

#endif
