/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_BUNDLE_H
#define RB_ATTEST_BUNDLE_H

#include "common/attest/checkpoint.h"
#include "common/attest/envelope.h"
#include "common/attest/tree.h"

/*
 * The evidence of any number of nodes about any number of files.  Also what
 * a node answers to every evidence request: a bundle with one checkpoint.
 * Evidence = envelope + inclusion proof + the checkpoint that it leads to;
 * checkpoints are shared.  JSON, one spelling (FORMATS.md, "Bundle").
 *
 * Nothing here is verified: a bundle is what somebody said.  Envelopes and
 * checkpoints have the shape of one, and no more is known about them.  Two
 * pieces of evidence may contradict each other about one leaf: at most one of
 * them verifies, and if they excluded each other here, a liar could push out
 * what another node said.
 */
#define BUNDLE_MAX (64 * 1024 * 1024)
#define BUNDLE_EVIDENCE_MAX 65536
/* In one answer of a node: it sends no more, and nobody need take more. */
#define BUNDLE_ANSWER_MAX (16 * 1024 * 1024)
#define BUNDLE_CHECKPOINTS_MAX 1024

struct evidence {
	struct buf envelope;      /* owned: its bytes, the leaf */
	uint64_t index;           /* of the leaf */
	size_t checkpoint;        /* position in bundle.checkpoints */
	struct tree_proof proof;
};

struct bundle {
	struct buf *checkpoints; /* owned: signed notes */
	size_t ncheckpoints;
	struct evidence *evidence; /* owned */
	size_t nevidence;
};

#define BUNDLE_INIT { NULL, 0, NULL, 0 }

void bundle_clear(struct bundle *b);
/*
 * Both copy, and refuse (RB_EFORMAT) what has not the shape of a signed note
 * or of an envelope.  An equal checkpoint is found again instead of added
 * twice; equal evidence is written once.
 */
enum rb_err bundle_add_checkpoint(struct bundle *b, struct span note,
    size_t *position) RB_CHECK;
enum rb_err bundle_add_evidence(struct bundle *b, struct span envelope,
    uint64_t index, size_t checkpoint, const struct tree_proof *proof) RB_CHECK;
/* Adds everything of `from` that `to` does not have; or, on error, nothing. */
enum rb_err bundle_merge(struct bundle *to, const struct bundle *from) RB_CHECK;

/*
 * Checkpoints sorted by their bytes, evidence by checkpoint, index, envelope
 * and proof, so that equal evidence has equal bytes.
 */
enum rb_err bundle_write(const struct bundle *b, struct buf *out) RB_CHECK;
/* Duplicates, wrong order and unknown members are RB_EFORMAT. */
enum rb_err bundle_parse(struct span json, struct bundle *out,
    struct fault *why) RB_CHECK;

#endif
