/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_CHECKPOINT_H
#define RB_ATTEST_CHECKPOINT_H

#include "common/attest/key.h"

/*
 * The size and root of an append-only log at one moment (C2SP
 * tlog-checkpoint), without extension lines.  Two checkpoints of one origin
 * with equal sizes have equal roots; a pair that does not is proof of a
 * split view and must be kept.  The empty tree has the root of no bytes.
 */
#define CHECKPOINT_NOTE_MAX (16 * 1024)
#define CHECKPOINT_SIGNATURES_MAX 32

struct checkpoint {
	char origin[KEY_NAME_MAX + 1];
	uint64_t size;
	struct digest root;
};

/* The body that is signed: three lines. */
enum rb_err checkpoint_write(const struct checkpoint *cp, struct buf *out)
    RB_CHECK;
enum rb_err checkpoint_parse(struct span body, struct checkpoint *out) RB_CHECK;

/*
 * A signed note (C2SP signed-note): body, empty line, signature lines; here
 * one with the log's own signature, under the key name that is its origin.
 */
enum rb_err checkpoint_sign(const struct checkpoint *cp, const struct key *k,
    struct buf *note) RB_CHECK;
/*
 * Verifies the log's own signature by `log` and the origin; RB_ESIG when it
 * is absent or wrong, also when one of several lines by this key is wrong.
 * Other keys' lines must have the shape of one and are ignored.
 */
enum rb_err checkpoint_open(struct span note, const struct vkey *log,
    struct checkpoint *out) RB_CHECK;
/* A note of the right shape, unverified: for stores and dashboards. */
enum rb_err checkpoint_peek(struct span note, struct checkpoint *out) RB_CHECK;

#endif
