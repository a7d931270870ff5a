/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_QUORUM_NODES_H
#define TESTS_FLOW_QUORUM_NODES_H

#include "common/attest/key.h"
#include "tests/flow/quorum_run.h"
#include "tests/flow/whole_node.h"

/*
 * Three nodes as three people run them: each made by `init`, run by `serve`,
 * with a key, a log and a port of its own.
 */
enum { ALICE, BOB, CAROL, NODES };

struct quorum_node {
	struct whole_node node;
	struct vkey vkey;
};

extern struct quorum_node quorum_nodes[NODES];

void quorum_nodes_make(void);
void quorum_nodes_clear(void);
void quorum_node_start(size_t i);

/* The node signs and logs this about a file, by the program `lie`. */
void quorum_node_say(size_t i, const char *verdict, const char *file);

/*
 * Writes `path`: who has which node (NULL: it is not in the policy), and how
 * many must agree.
 */
void policy_write(const char *path, const char *const operators[NODES],
    unsigned int require);
/* The same, with node `moved` at another port of this machine. */
void policy_write_moved(const char *path, const char *const operators[NODES],
    unsigned int require, size_t moved, unsigned int port);

/* "alice (name of her log): words", a line of verify. */
void assert_node_says(const char *operator_, size_t i, const char *words);

#endif
