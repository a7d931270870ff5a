/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTESTOR_TRUTH_H
#define RB_ATTESTOR_TRUTH_H

#include "common/base/digest.h"

/*
 * The truth: attestor's own LMDB, readable by no other user, of which the
 * served store is a copy in another form.  Only what cannot be worked out
 * again is kept:
 *   meta       "schema", "vkey", "checkpoint" (signed note), "pending"
 *   leaf       index (8 bytes, big endian) -> envelope
 *   statement  SHA-256 of the statement -> index
 *   blob       SHA-256 -> bytes
 *
 * Pending is the statement that the signer may or may not have signed.  It
 * is written before the signer is asked and goes away in the transaction
 * that adds its leaf, so that a crash between the two is seen.
 */
#define TRUTH_BLOBS_MAX 3

struct truth;

struct truth_blob {
	struct digest digest;
	struct buf bytes; /* owned */
};

/* `directory` exists.  RB_EREFUSED: another schema. */
enum rb_err truth_open(const char *directory, struct truth **out,
    struct fault *why) RB_CHECK;
void truth_close(struct truth **t);

/* Reading.  RB_ENOTFOUND where there is nothing; buffers are replaced. */
enum rb_err truth_size(struct truth *t, uint64_t *leaves) RB_CHECK;
enum rb_err truth_leaf(struct truth *t, uint64_t index, struct buf *envelope)
    RB_CHECK;
enum rb_err truth_find(struct truth *t, const struct digest *statement,
    uint64_t *index) RB_CHECK;
enum rb_err truth_blob(struct truth *t, const struct digest *d, struct buf *out)
    RB_CHECK;
enum rb_err truth_has_blob(struct truth *t, const struct digest *d) RB_CHECK;
enum rb_err truth_checkpoint(struct truth *t, struct buf *note) RB_CHECK;
enum rb_err truth_pending(struct truth *t, struct buf *statement) RB_CHECK;

/* Each is one durable transaction. */

/*
 * The key that this truth is signed with; remembered at the first call.
 * RB_EREFUSED when it is another.
 */
enum rb_err truth_bind(struct truth *t, struct span vkey) RB_CHECK;
/* RB_EREFUSED while another statement is pending. */
enum rb_err truth_journal(struct truth *t, struct span statement,
    const struct truth_blob *blobs, size_t n) RB_CHECK;
/* The signer refused what is pending. */
enum rb_err truth_forget(struct truth *t) RB_CHECK;
/*
 * The pending statement is leaf `index`, which must be the present size,
 * else RB_EREFUSED.
 */
enum rb_err truth_commit(struct truth *t, uint64_t index, struct span envelope,
    struct span note) RB_CHECK;

#endif
