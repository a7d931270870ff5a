/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_PROOF_H
#define RB_ATTEST_PROOF_H

#include "common/attest/tree.h"

/*
 * C2SP tlog-proof: index, inclusion hashes and the checkpoint note in one
 * text, for tools that read that format.  Without the `extra` line.  The
 * note has the shape of one (checkpoint_peek); nothing is verified.
 */
#define PROOF_MAX (32 * 1024)

struct proof {
	uint64_t index;
	struct tree_proof hashes;
	struct buf note; /* owned: the (co)signed checkpoint, verbatim */
};

#define PROOF_INIT { 0, TREE_PROOF_INIT, BUF_INIT }

void proof_clear(struct proof *p);
enum rb_err proof_write(const struct proof *p, struct buf *out) RB_CHECK;
enum rb_err proof_parse(struct span text, struct proof *out) RB_CHECK;

#endif
