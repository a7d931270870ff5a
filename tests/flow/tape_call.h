/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_TAPE_CALL_H
#define TESTS_FLOW_TAPE_CALL_H

#include <pthread.h>
#include <stdatomic.h>

#include "tests/flow/tape.h"

/* Inside the process that records. */
struct tape_shared {
	pthread_mutex_t lock; /* guards all but those that are atomic */
	char fails[TAPE_NAME_MAX]; /* program; "": none */
	enum tape_calls calls;
	long before, more; /* calls to come that do not fail, then that do */
	int error;
	atomic_long seen, failed, ahead;
	atomic_bool has_clock;
	size_t used;
	_Alignas(16) uint8_t bytes[];
};

_Noreturn void tape_record(struct tape *t, pid_t whom, int stop, int ready);
void tape_put(struct tape *t, struct event *e, const void *bytes);

#define CALL_ARGS 6

struct call {
	pid_t pid;
	const char *program; /* borrowed */
	long number;
	unsigned long long args[CALL_ARGS];
	long long result;
	int error; /* that we made; 0: none */
};

/* Before the first one. */
void call_begin(struct tape *t);
/* The caller stands in front of it: it may be made to fail. */
void call_trouble(struct tape *t, struct call *c);
/* The caller stands behind it, and asked what time it is. */
void call_clock(struct tape *t, const struct call *c);
/* The caller begins: it is to ask the kernel what time it is. */
void call_hide_clock(pid_t pid);
/* The call has succeeded, and its caller stands still behind it. */
void call_record(struct tape *t, const struct call *c);

#endif
