/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_PROCESSES_H
#define TESTS_FLOW_PROCESSES_H

#include "common/process/role.h"
#include "tests/flow/inject.h"
#include "tests/flow/whole_node.h"

/* README.md, "Who runs as whom", in the same order. */
enum {
	P_REBUILDER,
	P_NET,
	P_JUDGE,
	P_COMPARE,
	P_EXPLAIN,
	P_MACHINE,
	P_ATTESTOR,
	P_PUBLISH,
	P_SIGNER,
	P_HTTPD,
	PROCESSES
};

enum { OWN_USER = 1, OWN_IPC = 2, OWN_UTS = 4, OWN_NET = 8 };

/* What a process of a node is, seen from outside. */
struct process {
	const char *program, *user;
	enum { BY_SERVE, BY_CONNECTION, BY_REBUILDER } started;
	/* BY_SERVE: which part is new when it is. */
	enum whole_node_part part;
	/* BY_CONNECTION: below run/, and who makes it. */
	const char *door;
	/* It waits for work in this system call. */
	long waits;
	unsigned int own; /* namespaces */
	bool is_jailed;
	uint64_t capabilities;
	/* 3, and in any order what lies above (see test_processes.c). */
	const char *socket;
	const char *const *others; /* up to NULL */
};

extern const struct process processes[PROCESSES];

/* One that runs and waits for work. */
struct running {
	pid_t pid;
	int sock;         /* owned; BY_CONNECTION */
	struct role role; /* BY_REBUILDER */
};

#define RUNNING_INIT { -1, -1, ROLE_INIT }

/* In a node that runs and of which each part was awaited. */
void process_begin(const struct process *p, const struct whole_node *n,
    struct running *out);
/* `is_gone`: it ended, and inject_call said so. */
void process_end(struct running *r, bool is_gone);

#endif
