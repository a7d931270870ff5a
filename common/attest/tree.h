/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_TREE_H
#define RB_ATTEST_TREE_H

#include "common/base/digest.h"

/*
 * RFC 6962 Merkle trees (section 2.1): leaf hash SHA-256(0x00 || leaf), node
 * hash SHA-256(0x01 || left || right), empty tree SHA-256("").
 */
#define TREE_LEVELS 63
#define TREE_SIZE_MAX ((UINT64_C(1) << TREE_LEVELS) - 1)

/* The root of a tree without leaves: SHA-256 of nothing. */
extern const struct digest tree_empty_root;

/*
 * The frontier: roots of the complete subtrees of a tree of `size` leaves,
 * largest first; one for each set bit of size.  Enough to append.  A
 * frontier with another number of roots is RB_EFORMAT.
 */
struct frontier {
	uint64_t size;
	struct digest roots[TREE_LEVELS];
	size_t n;
};

#define FRONTIER_INIT { 0, { { { 0 } } }, 0 }

enum rb_err tree_leaf_hash(struct span leaf, struct digest *out) RB_CHECK;
enum rb_err tree_node_hash(const struct digest *left,
    const struct digest *right, struct digest *out) RB_CHECK;
/* RB_ELIMIT when the tree has TREE_SIZE_MAX leaves. */
enum rb_err frontier_append(struct frontier *f, const struct digest *leaf)
    RB_CHECK;
enum rb_err frontier_root(const struct frontier *f, struct digest *out)
    RB_CHECK;

/*
 * Reads the hash of the complete subtree `index` of height `level` (level 0:
 * leaf hashes); the caller's store.  Its error ends the proof.
 */
typedef enum rb_err tree_read(void *from, unsigned int level, uint64_t index,
    struct digest *out);

/* Sibling hashes of leaf `index`, from the leaf up.  RFC 6962, 2.1.1. */
struct tree_proof {
	struct digest hashes[TREE_LEVELS];
	size_t n;
};

#define TREE_PROOF_INIT { { { { 0 } } }, 0 }

/* RB_ENOTFOUND unless index < size <= TREE_SIZE_MAX. */
enum rb_err tree_prove_inclusion(tree_read *read, void *from, uint64_t size,
    uint64_t index, struct tree_proof *out) RB_CHECK;
/* RB_ESIG when the proof does not lead from leaf to root. */
enum rb_err tree_verify_inclusion(const struct tree_proof *proof, uint64_t size,
    uint64_t index, const struct digest *leaf, const struct digest *root)
    RB_CHECK;

/*
 * RFC 6962, 2.1.2.  RB_ENOTFOUND unless old <= size <= TREE_SIZE_MAX.  From
 * the empty tree, and from a tree to itself, the proof has no hashes.
 */
enum rb_err tree_prove_consistency(tree_read *read, void *from, uint64_t old,
    uint64_t size, struct tree_proof *out) RB_CHECK;
/* RB_ESIG when the proof does not lead from the old tree to the new one. */
enum rb_err tree_verify_consistency(const struct tree_proof *proof,
    uint64_t old, const struct digest *old_root, uint64_t size,
    const struct digest *root) RB_CHECK;

#endif
