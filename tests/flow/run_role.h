/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_FLOW_RUN_ROLE_H
#define RB_TESTS_FLOW_RUN_ROLE_H

#include <sys/types.h>

/*
 * A role as its parent starts it: a program of RB_BIN with a socket on
 * descriptor 3 and an empty environment; as `nobody` when the test is root,
 * because no jail takes root.
 */
struct run_role {
	pid_t pid;
	int sock; /* ours */
};

void run_role_start(struct run_role *r, const char *program,
    const char *const *args);
/* Closes the socket and waits; the status as waitpid(2) gives it. */
int run_role_end(struct run_role *r);

#endif
