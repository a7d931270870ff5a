/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTESTOR_NODE_JSON_H
#define RB_ATTESTOR_NODE_JSON_H

#include "common/attest/key.h"
#include "common/attest/statement.h"
#include "common/process/node.h"

/*
 * Which kinds of machines this node's statements come from: what it did, not
 * what its configuration claims.
 */
#define MACHINE_KINDS 3
struct machine_kinds {
	bool seen[MACHINE_KINDS];
};

void machine_kinds_add(struct machine_kinds *kinds, const struct statement *s);

/* /node.json: who this node is.  Sorted keys, so that equal is equal. */
enum rb_err node_json_write(const struct node *node, const struct vkey *key,
    const struct machine_kinds *kinds, struct buf *out) RB_CHECK;

#endif
