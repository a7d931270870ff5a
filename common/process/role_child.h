/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_PROCESS_ROLE_CHILD_H
#define RB_PROCESS_ROLE_CHILD_H

#include "common/process/jail_plan.h"
#include "common/process/role.h"

/*
 * For role alone: what happens between fork and exec.  Everything is
 * borrowed and ready before the fork, since afterwards another thread's
 * locks may be held for ever: nothing here allocates, prints or locks.
 */
struct child {
	const struct role_start *start;
	/* Owned by role. */
	const char **argv;
	/* Becomes 3; -1: none. */
	int sock;
	int null, home;
	/* Write end: what went wrong. */
	int report;
	pid_t parent;
	/* NULL: a program of ours, which enters its own. */
	const struct jail_plan *jail;
};

#define CHILD_INIT { NULL, NULL, -1, -1, -1, -1, -1, NULL }

struct child_report {
	int error; /* errno */
	char step[60];
};

_Noreturn void child_run(const struct child *c);

#endif
