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
	const char **argv;            /* owned by role */
	int sock;                     /* becomes 3; -1: none */
	int null, home;
	int report;                   /* write end: what went wrong */
	pid_t parent;
	const struct jail_plan *jail; /* NULL: a program of ours, which enters
	                               * its own */
};

#define CHILD_INIT { NULL, NULL, -1, -1, -1, -1, -1, NULL }

struct child_report {
	int error; /* errno */
	char step[60];
};

_Noreturn void child_run(const struct child *c);

#endif
