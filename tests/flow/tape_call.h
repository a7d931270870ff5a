/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_TAPE_CALL_H
#define TESTS_FLOW_TAPE_CALL_H

#include "tests/flow/tape.h"

/* Inside the process that records: what a system call did to the stores. */
#define CALL_ARGS 6

struct call {
	pid_t pid;
	const char *program; /* borrowed */
	long number;
	unsigned long long args[CALL_ARGS];
	long long result;
};

/* Before the first one. */
void call_begin(struct tape *t);
/* The call has succeeded, and its caller stands still behind it. */
void call_record(struct tape *t, const struct call *c);

#endif
