/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/tree.h"

#include <string.h>

/* clang-format off */
const struct digest tree_empty_root = { {
	0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14,
	0x9a, 0xfb, 0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24,
	0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
	0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55,
} };
/* clang-format on */

/* First byte of what is hashed: no leaf can pass for a node. */
enum { PREFIX_LEAF = 0x00, PREFIX_NODE = 0x01 };

/*
 * Where hashes come from when a proof is made.  A range [begin, end) of
 * leaves that a proof needs always starts at a multiple of a power of two
 * that is at least its length (RFC 6962, 2.1 splits no other way), so it is
 * made of complete subtrees of falling height.
 */
struct source {
	tree_read *read;
	void *from;
};

enum rb_err
tree_leaf_hash(struct span leaf, struct digest *out)
{
	const uint8_t prefix = PREFIX_LEAF;
	struct digester *d = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = digester_new(&d)) != RB_OK)
		goto out;
	if ((rc = digester_put(d, span_of(&prefix, 1))) != RB_OK)
		goto out;
	if ((rc = digester_put(d, leaf)) != RB_OK)
		goto out;
	rc = digester_end(d, out);
out:
	digester_free(&d);
	return rc;
}

enum rb_err
tree_node_hash(const struct digest *left, const struct digest *right,
    struct digest *out)
{
	uint8_t node[1 + 2 * DIGEST_LEN];

	node[0] = PREFIX_NODE;
	memcpy(node + 1, left->b, DIGEST_LEN);
	memcpy(node + 1 + DIGEST_LEN, right->b, DIGEST_LEN);
	return digest_of(span_of(node, sizeof(node)), out);
}

static bool
frontier_is_whole(const struct frontier *f)
{
	return f->size <= TREE_SIZE_MAX &&
	    f->n == (size_t)__builtin_popcountll(f->size);
}

enum rb_err
frontier_append(struct frontier *f, const struct digest *leaf)
{
	struct digest hash = *leaf;
	size_t n = f->n;
	uint64_t size;
	enum rb_err rc;

	if (!frontier_is_whole(f))
		return RB_EFORMAT;
	if (f->size == TREE_SIZE_MAX)
		return RB_ELIMIT;
	/* Each low set bit is a complete subtree that the leaf completes. */
	for (size = f->size; (size & 1) != 0; size >>= 1) {
		n--;
		rc = tree_node_hash(&f->roots[n], &hash, &hash);
		if (rc != RB_OK)
			return rc;
	}
	f->roots[n] = hash;
	f->n = n + 1;
	f->size++;
	return RB_OK;
}

enum rb_err
frontier_root(const struct frontier *f, struct digest *out)
{
	struct digest hash;
	size_t i;
	enum rb_err rc;

	if (!frontier_is_whole(f))
		return RB_EFORMAT;
	if (f->n == 0) {
		*out = tree_empty_root;
		return RB_OK;
	}
	hash = f->roots[f->n - 1];
	for (i = f->n - 1; i > 0; i--) {
		rc = tree_node_hash(&f->roots[i - 1], &hash, &hash);
		if (rc != RB_OK)
			return rc;
	}
	*out = hash;
	return RB_OK;
}

/* The largest power of two below `n`, which is at least 2. */
static uint64_t
split(uint64_t n)
{
	return UINT64_C(1) << (63 - __builtin_clzll(n - 1));
}

/* Root over the leaves [begin, end), folded from the smallest subtree. */
static enum rb_err
range_root(const struct source *s, uint64_t begin, uint64_t end,
    struct digest *out)
{
	uint64_t n = end - begin;
	struct digest hash = DIGEST_INIT, left;
	bool is_first = true;
	unsigned int level;
	enum rb_err rc;

	for (level = 0; level < TREE_LEVELS && n >> level != 0; level++) {
		if ((n >> level & 1) == 0)
			continue;
		/* Larger subtrees stand in front of this one. */
		rc = s->read(s->from, level,
		    (begin >> level) + (n >> level) - 1, &left);
		if (rc != RB_OK)
			return rc;
		if (is_first)
			hash = left;
		else if ((rc = tree_node_hash(&left, &hash, &hash)) != RB_OK)
			return rc;
		is_first = false;
	}
	*out = hash;
	return RB_OK;
}

static enum rb_err
add_range(struct tree_proof *proof, const struct source *s, uint64_t begin,
    uint64_t end)
{
	enum rb_err rc;

	if (proof->n == TREE_LEVELS)
		return RB_ELIMIT;
	rc = range_root(s, begin, end, &proof->hashes[proof->n]);
	if (rc == RB_OK)
		proof->n++;
	return rc;
}

/* Proofs are found from the root down and written from the leaf up. */
static void
turn_round(struct tree_proof *proof)
{
	struct digest t;
	size_t i;

	for (i = 0; i < proof->n / 2; i++) {
		t = proof->hashes[i];
		proof->hashes[i] = proof->hashes[proof->n - 1 - i];
		proof->hashes[proof->n - 1 - i] = t;
	}
}

/* PATH(m, D[n]) of RFC 6962, 2.1.1. */
enum rb_err
tree_prove_inclusion(tree_read *read, void *from, uint64_t size, uint64_t index,
    struct tree_proof *out)
{
	const struct source s = { read, from };
	struct tree_proof proof = TREE_PROOF_INIT;
	uint64_t begin = 0, end = size, middle;
	enum rb_err rc;

	if (index >= size || size > TREE_SIZE_MAX)
		return RB_ENOTFOUND;
	while (end - begin > 1) {
		middle = begin + split(end - begin);
		if (index < middle) {
			rc = add_range(&proof, &s, middle, end);
			end = middle;
		} else {
			rc = add_range(&proof, &s, begin, middle);
			begin = middle;
		}
		if (rc != RB_OK)
			return rc;
	}
	turn_round(&proof);
	*out = proof;
	return RB_OK;
}

/* PROOF(m, D[n]) and SUBPROOF of RFC 6962, 2.1.2. */
enum rb_err
tree_prove_consistency(tree_read *read, void *from, uint64_t old, uint64_t size,
    struct tree_proof *out)
{
	const struct source s = { read, from };
	struct tree_proof proof = TREE_PROOF_INIT;
	uint64_t begin = 0, end = size, middle;
	enum rb_err rc;

	if (old > size || size > TREE_SIZE_MAX)
		return RB_ENOTFOUND;
	/* Until [begin, end) ends where the old tree ended. */
	while (old != 0 && end != old) {
		middle = begin + split(end - begin);
		if (old <= middle) {
			rc = add_range(&proof, &s, middle, end);
			end = middle;
		} else {
			rc = add_range(&proof, &s, begin, middle);
			begin = middle;
		}
		if (rc != RB_OK)
			return rc;
	}
	/* The verifier has the old root; another subtree it must be told. */
	if (begin != 0 && (rc = add_range(&proof, &s, begin, end)) != RB_OK)
		return rc;
	turn_round(&proof);
	*out = proof;
	return RB_OK;
}

/* RFC 9162, 2.1.3.2. */
enum rb_err
tree_verify_inclusion(const struct tree_proof *proof, uint64_t size,
    uint64_t index, const struct digest *leaf, const struct digest *root)
{
	struct digest hash = *leaf;
	uint64_t at = index, last = size - 1;
	size_t i;
	enum rb_err rc;

	if (index >= size || proof->n > TREE_LEVELS)
		return RB_ESIG;
	for (i = 0; i < proof->n; i++) {
		if (last == 0)
			return RB_ESIG;
		if ((at & 1) == 0 && at != last) {
			rc = tree_node_hash(&hash, &proof->hashes[i], &hash);
		} else {
			rc = tree_node_hash(&proof->hashes[i], &hash, &hash);
			/* No sibling on the levels where it stood alone. */
			while ((at & 1) == 0 && at != 0) {
				at >>= 1;
				last >>= 1;
			}
		}
		if (rc != RB_OK)
			return rc;
		at >>= 1;
		last >>= 1;
	}
	if (last != 0 || !digest_equal(&hash, root))
		return RB_ESIG;
	return RB_OK;
}

/* RFC 9162, 2.1.4.2, for 0 < old < size. */
static enum rb_err
verify_growth(const struct tree_proof *proof, uint64_t old,
    const struct digest *old_root, uint64_t size, const struct digest *root)
{
	struct digest older, newer;
	uint64_t at = old - 1, last = size - 1;
	size_t i = 0;
	enum rb_err rc;

	while ((at & 1) != 0) {
		at >>= 1;
		last >>= 1;
	}
	if (at == 0) {
		/* The old tree is a complete subtree of the new one. */
		older = *old_root;
	} else {
		if (proof->n == 0)
			return RB_ESIG;
		older = proof->hashes[i++];
	}
	newer = older;
	for (; i < proof->n; i++) {
		const struct digest *sibling = &proof->hashes[i];

		if (last == 0)
			return RB_ESIG;
		if ((at & 1) != 0 || at == last) {
			rc = tree_node_hash(sibling, &older, &older);
			if (rc != RB_OK)
				return rc;
			rc = tree_node_hash(sibling, &newer, &newer);
			while ((at & 1) == 0 && at != 0) {
				at >>= 1;
				last >>= 1;
			}
		} else {
			rc = tree_node_hash(&newer, sibling, &newer);
		}
		if (rc != RB_OK)
			return rc;
		at >>= 1;
		last >>= 1;
	}
	if (last != 0 || !digest_equal(&older, old_root) ||
	    !digest_equal(&newer, root))
		return RB_ESIG;
	return RB_OK;
}

enum rb_err
tree_verify_consistency(const struct tree_proof *proof, uint64_t old,
    const struct digest *old_root, uint64_t size, const struct digest *root)
{
	if (old > size || proof->n > TREE_LEVELS)
		return RB_ESIG;
	if (old == 0 && !digest_equal(old_root, &tree_empty_root))
		return RB_ESIG;
	if (old != 0 && old != size)
		return verify_growth(proof, old, old_root, size, root);
	/* There is nothing to prove: a hash would only be another spelling. */
	if (proof->n != 0)
		return RB_ESIG;
	if (old == size && !digest_equal(old_root, root))
		return RB_ESIG;
	return RB_OK;
}
