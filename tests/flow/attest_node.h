/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_ATTEST_NODE_H
#define TESTS_FLOW_ATTEST_NODE_H

#include <sys/types.h>

#include "common/attest/key.h"

/*
 * A node of which only attestor and its roles run, started as the supervisor
 * of a real node does, from RB_BIN, each as a user of its own when the test
 * is root.  The supervisor is a process of the test: it starts again what
 * ends, until it is told to stop.
 */
struct attest_node {
	char *directory; /* owned */
	char *conf;      /* owned: path of node.yml */
	struct vkey vkey;
	pid_t supervisor;
	struct pids *pids; /* owned: shared with the supervisor */
};

void attest_node_init(struct attest_node *n);
void attest_node_clear(struct attest_node *n);

void attest_node_start(struct attest_node *n);
/* Kills all and waits until they are gone. */
void attest_node_stop(struct attest_node *n);

/* Process ids now; 0: none. */
pid_t attest_node_attestor(const struct attest_node *n);
pid_t attest_node_signer(const struct attest_node *n);
pid_t attest_node_publisher(const struct attest_node *n);

/*
 * Runs one program to its end without a supervisor around it, descriptor 3
 * being `sock`; returns its pid.
 */
pid_t attest_node_run(const struct attest_node *n, const char *program,
    int sock);
/* All notes so far. */
struct buf attest_node_notes(const struct attest_node *n);

/* "directory/rest", owned by the caller. */
char *attest_node_path(const struct attest_node *n, const char *rest);

#endif
