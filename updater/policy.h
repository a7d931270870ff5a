/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_UPDATER_POLICY_H
#define RB_UPDATER_POLICY_H

#include "common/attest/key.h"

/*
 * Whom the owner of a machine trusts, and how many of them must have
 * reproduced a file before it is accepted (qubes-quorum.policy(5)).  A policy
 * that parsed can accept and can refuse; one that always or never accepts is
 * no policy.
 */
#define POLICY_MAX (64 * 1024)
#define POLICY_NODES_MAX 64
#define POLICY_OPERATORS_MAX 64
#define POLICY_REPOSITORIES_MAX 64
#define POLICY_NAME_MAX 64
#define POLICY_URL_MAX 1024

/* A log, and who signs it.  Its name is the origin, key.name. */
struct policy_node {
	struct vkey key;
	char *url;        /* owned; without a slash at its end */
	size_t operator_; /* in policy.operators */
};

/* All nodes of one operator have one voice. */
struct policy_operator {
	char *name; /* owned */
};

struct policy {
	struct policy_node *nodes; /* owned */
	size_t nnodes;
	struct policy_operator *operators; /* owned */
	size_t noperators;
	char **repositories; /* owned, each owned */
	size_t nrepositories;
	size_t require; /* operators, 1 to noperators */
};

#define POLICY_INIT { NULL, 0, NULL, 0, NULL, 0, 0 }

void policy_clear(struct policy *p);
/* The fault names the line and the rule.  RB_EFORMAT, RB_ELIMIT. */
enum rb_err policy_parse(struct span text, struct policy *out,
    struct fault *why) RB_CHECK;
/* Without comments, nodes first; parses to the same policy. */
enum rb_err policy_write(const struct policy *p, struct buf *out) RB_CHECK;

/* The node of this origin, or NULL. */
const struct policy_node *policy_find_node(const struct policy *p,
    const char *origin);

#endif
