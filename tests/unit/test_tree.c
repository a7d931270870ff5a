/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/attest.h"

#include "common/attest/tree.h"
#include "common/base/enc.h"

/* Every size up to here against RFC 6962 as it is written. */
#define SIZES 130

static struct digest leaves[SIZES];

static int
make_leaves(void **state)
{
	char text[16];
	int i;

	(void)state;
	for (i = 0; i < SIZES; i++) {
		(void)snprintf(text, sizeof(text), "%d", i);
		if (tree_leaf_hash(span_of_str(text), &leaves[i]) != RB_OK)
			return -1;
	}
	return 0;
}

static uint64_t
naive_split(uint64_t n)
{
	uint64_t k = 1;

	while (k * 2 < n)
		k *= 2;
	return k;
}

/* MTH(D[begin:end]), RFC 6962, 2.1; what was found once is kept. */
static struct digest
naive_root(uint64_t begin, uint64_t end)
{
	static struct maybe {
		bool is_known;
		struct digest root;
	} known[SIZES + 1][SIZES + 1];
	struct maybe *at = &known[begin][end];
	struct digest left, right;
	uint64_t k;

	if (begin == end)
		return tree_empty_root;
	if (end - begin == 1)
		return leaves[begin];
	if (!at->is_known) {
		k = naive_split(end - begin);
		left = naive_root(begin, begin + k);
		right = naive_root(begin + k, end);
		assert_ok(tree_node_hash(&left, &right, &at->root));
		at->is_known = true;
	}
	return at->root;
}

/* PATH(m, D[begin:end]), RFC 6962, 2.1.1. */
static void
naive_path(uint64_t m, uint64_t begin, uint64_t end, struct tree_proof *out)
{
	uint64_t k;

	if (end - begin == 1)
		return;
	k = naive_split(end - begin);
	if (m < k) {
		naive_path(m, begin, begin + k, out);
		out->hashes[out->n++] = naive_root(begin + k, end);
	} else {
		naive_path(m - k, begin + k, end, out);
		out->hashes[out->n++] = naive_root(begin, begin + k);
	}
}

/* SUBPROOF(m, D[begin:end], b), RFC 6962, 2.1.2. */
static void
naive_subproof(uint64_t m, uint64_t begin, uint64_t end, bool b,
    struct tree_proof *out)
{
	uint64_t k;

	if (m == end - begin) {
		if (!b)
			out->hashes[out->n++] = naive_root(begin, end);
		return;
	}
	k = naive_split(end - begin);
	if (m <= k) {
		naive_subproof(m, begin, begin + k, b, out);
		out->hashes[out->n++] = naive_root(begin + k, end);
	} else {
		naive_subproof(m - k, begin + k, end, false, out);
		out->hashes[out->n++] = naive_root(begin, begin + k);
	}
}

/* A store of `*size` leaves: asked for more, it fails the test. */
static enum rb_err
read_hash(void *from, unsigned int level, uint64_t index, struct digest *out)
{
	uint64_t size = *(uint64_t *)from;

	assert_true(level < TREE_LEVELS);
	assert_true((index + 1) << level <= size);
	*out = naive_root(index << level, (index + 1) << level);
	return RB_OK;
}

static enum rb_err
read_fails(void *from, unsigned int level, uint64_t index, struct digest *out)
{
	(void)from;
	(void)level;
	(void)index;
	(void)out;
	return RB_EIO;
}

static void
assert_proof_equal(const struct tree_proof *a, const struct tree_proof *b)
{
	size_t i;

	assert_int_equal(a->n, b->n);
	for (i = 0; i < a->n; i++)
		assert_true(digest_equal(&a->hashes[i], &b->hashes[i]));
}

static void
refuses_a_frontier_that_is_none(void **state)
{
	struct frontier f = FRONTIER_INIT;
	struct digest root;

	(void)state;
	f.n = 1; /* a root of nothing */
	assert_int_equal(frontier_append(&f, &leaves[0]), RB_EFORMAT);
	assert_int_equal(frontier_root(&f, &root), RB_EFORMAT);
	f.n = 0;
	f.size = 6; /* two roots are missing */
	assert_int_equal(frontier_append(&f, &leaves[0]), RB_EFORMAT);
	assert_int_equal(frontier_root(&f, &root), RB_EFORMAT);
	f.n = 1;
	f.size = TREE_SIZE_MAX + 1;
	assert_int_equal(frontier_append(&f, &leaves[0]), RB_EFORMAT);
	f.n = TREE_LEVELS;
	f.size = TREE_SIZE_MAX; /* full */
	assert_int_equal(frontier_append(&f, &leaves[0]), RB_ELIMIT);
}

static void
frontier_gives_the_root_of_every_size(void **state)
{
	struct frontier f = FRONTIER_INIT;
	struct digest root, want;
	size_t i;

	(void)state;
	for (i = 0; i < SIZES; i++) {
		assert_ok(frontier_root(&f, &root));
		want = naive_root(0, i);
		assert_true(digest_equal(&root, &want));
		assert_int_equal(f.size, i);
		assert_ok(frontier_append(&f, &leaves[i]));
	}
}

static void
roots_are_those_of_the_vectors(void **state)
{
	struct buf text = vector("roots");
	struct span rest = buf_span(&text), line;
	struct frontier f = FRONTIER_INIT;
	struct digest root, want;
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++) {
		assert_ok(span_take_line(&rest, &line));
		assert_ok(digest_parse(line, &want));
		assert_ok(frontier_root(&f, &root));
		assert_true(digest_equal(&root, &want));
		assert_ok(frontier_append(&f, &leaves[i]));
	}
	assert_int_equal(rest.len, 0);
	buf_clear(&text);
}

static void
a_leaf_cannot_pass_for_a_node(void **state)
{
	struct digest node, leaf;
	uint8_t bytes[2 * DIGEST_LEN];

	(void)state;
	memcpy(bytes, leaves[0].b, DIGEST_LEN);
	memcpy(bytes + DIGEST_LEN, leaves[1].b, DIGEST_LEN);
	assert_ok(tree_node_hash(&leaves[0], &leaves[1], &node));
	assert_ok(tree_leaf_hash(span_of(bytes, sizeof(bytes)), &leaf));
	assert_false(digest_equal(&node, &leaf));
}

static void
proves_nothing_outside_the_tree(void **state)
{
	uint64_t size = 8;
	struct tree_proof proof = TREE_PROOF_INIT;

	(void)state;
	proof.n = 7;
	assert_int_equal(tree_prove_inclusion(read_hash, &size, 8, 8, &proof),
	    RB_ENOTFOUND);
	assert_int_equal(tree_prove_inclusion(read_hash, &size, 0, 0, &proof),
	    RB_ENOTFOUND);
	assert_int_equal(tree_prove_inclusion(read_hash, &size,
			     TREE_SIZE_MAX + 1, 0, &proof),
	    RB_ENOTFOUND);
	assert_int_equal(tree_prove_consistency(read_hash, &size, 9, 8, &proof),
	    RB_ENOTFOUND);
	assert_int_equal(tree_prove_consistency(read_hash, &size, 1, UINT64_MAX,
			     &proof),
	    RB_ENOTFOUND);
	assert_int_equal(tree_prove_inclusion(read_fails, &size, 8, 3, &proof),
	    RB_EIO);
	assert_int_equal(tree_prove_consistency(read_fails, &size, 3, 8,
			     &proof),
	    RB_EIO);
	assert_int_equal(proof.n, 7); /* untouched */
}

static void
inclusion_holds_for_every_leaf_of_every_size(void **state)
{
	struct tree_proof proof, want;
	struct digest root;
	uint64_t size, i;

	(void)state;
	for (size = 1; size <= SIZES; size++) {
		root = naive_root(0, size);
		for (i = 0; i < size; i++) {
			assert_ok(tree_prove_inclusion(read_hash, &size, size,
			    i, &proof));
			want.n = 0;
			naive_path(i, 0, size, &want);
			assert_proof_equal(&proof, &want);
			assert_ok(tree_verify_inclusion(&proof, size, i,
			    &leaves[i], &root));
		}
	}
}

static void
consistency_holds_between_all_sizes(void **state)
{
	struct tree_proof proof, want;
	struct digest root, old_root;
	uint64_t size, old;

	(void)state;
	for (size = 0; size <= SIZES; size++) {
		root = naive_root(0, size);
		for (old = 0; old <= size; old++) {
			old_root = naive_root(0, old);
			assert_ok(tree_prove_consistency(read_hash, &size, old,
			    size, &proof));
			want.n = 0;
			if (old != 0)
				naive_subproof(old, 0, size, true, &want);
			assert_proof_equal(&proof, &want);
			assert_ok(tree_verify_consistency(&proof, old,
			    &old_root, size, &root));
		}
	}
}

/* Every size up to 20, so that no altered proof is passed over. */
static void
inclusion_refuses_every_altered_proof(void **state)
{
	struct tree_proof proof, bad;
	struct digest root, other;
	uint64_t size, i, j;

	(void)state;
	for (size = 1; size <= 20; size++) {
		root = naive_root(0, size);
		for (i = 0; i < size; i++) {
			assert_ok(tree_prove_inclusion(read_hash, &size, size,
			    i, &proof));
			for (j = 0; j < proof.n; j++) {
				bad = proof;
				bad.hashes[j].b[31] ^= 1;
				assert_int_equal(tree_verify_inclusion(&bad,
						     size, i, &leaves[i],
						     &root),
				    RB_ESIG);
			}
			for (j = 0; j < size + 2; j++) {
				if (j == i)
					continue;
				/* another index: index and path do not fit */
				assert_int_equal(tree_verify_inclusion(&proof,
						     size, j, &leaves[i],
						     &root),
				    RB_ESIG);
				/* another leaf */
				assert_int_equal(tree_verify_inclusion(&proof,
						     size, i, &leaves[j],
						     &root),
				    RB_ESIG);
			}
			bad = proof;
			bad.hashes[bad.n++] = leaves[0]; /* one too many */
			assert_int_equal(tree_verify_inclusion(&bad, size, i,
					     &leaves[i], &root),
			    RB_ESIG);
			if (proof.n > 0) {
				bad = proof;
				bad.n--; /* one missing */
				assert_int_equal(tree_verify_inclusion(&bad,
						     size, i, &leaves[i],
						     &root),
				    RB_ESIG);
			}
			other = naive_root(0, size + 1);
			assert_int_equal(tree_verify_inclusion(&proof, size, i,
					     &leaves[i], &other),
			    RB_ESIG);
			assert_int_equal(tree_verify_inclusion(&proof, 0, i,
					     &leaves[i], &root),
			    RB_ESIG);
		}
	}
}

static void
consistency_refuses_every_altered_proof(void **state)
{
	struct tree_proof proof, bad;
	struct digest root, old_root, other;
	uint64_t size, old, j;

	(void)state;
	for (size = 1; size <= 20; size++) {
		root = naive_root(0, size);
		for (old = 1; old < size; old++) {
			old_root = naive_root(0, old);
			assert_ok(tree_prove_consistency(read_hash, &size, old,
			    size, &proof));
			for (j = 0; j < proof.n; j++) {
				bad = proof;
				bad.hashes[j].b[0] ^= 0x80;
				assert_int_equal(tree_verify_consistency(&bad,
						     old, &old_root, size,
						     &root),
				    RB_ESIG);
			}
			bad = proof;
			bad.n--;
			assert_int_equal(tree_verify_consistency(&bad, old,
					     &old_root, size, &root),
			    RB_ESIG);
			bad = proof;
			bad.hashes[bad.n++] = leaves[0];
			assert_int_equal(tree_verify_consistency(&bad, old,
					     &old_root, size, &root),
			    RB_ESIG);
			other = naive_root(1, old + 1); /* a forked past */
			assert_int_equal(tree_verify_consistency(&proof, old,
					     &other, size, &root),
			    RB_ESIG);
			other = naive_root(1, size + 1);
			assert_int_equal(tree_verify_consistency(&proof, old,
					     &old_root, size, &other),
			    RB_ESIG);
		}
	}
}

static void
consistency_at_the_edges(void **state)
{
	struct tree_proof none = TREE_PROOF_INIT, one = TREE_PROOF_INIT;
	struct digest a = naive_root(0, 5), b = naive_root(1, 6);

	(void)state;
	one.n = 1;
	one.hashes[0] = a;
	/* a tree and itself: nothing to prove, and nothing may be said */
	assert_ok(tree_verify_consistency(&none, 5, &a, 5, &a));
	assert_int_equal(tree_verify_consistency(&one, 5, &a, 5, &a), RB_ESIG);
	/* a split view */
	assert_int_equal(tree_verify_consistency(&none, 5, &a, 5, &b), RB_ESIG);
	/* every tree grew out of the empty one, which has one root */
	assert_ok(tree_verify_consistency(&none, 0, &tree_empty_root, 5, &a));
	assert_int_equal(tree_verify_consistency(&one, 0, &tree_empty_root, 5,
			     &a),
	    RB_ESIG);
	assert_int_equal(tree_verify_consistency(&none, 0, &a, 5, &a), RB_ESIG);
	assert_int_equal(tree_verify_consistency(&none, 0, &tree_empty_root, 0,
			     &a),
	    RB_ESIG);
	/* shrunk */
	assert_int_equal(tree_verify_consistency(&none, 6, &a, 5, &a), RB_ESIG);
	/* a length that no array has */
	one.n = TREE_LEVELS + 1;
	assert_int_equal(tree_verify_consistency(&one, 3, &a, 5, &b), RB_ESIG);
	assert_int_equal(tree_verify_inclusion(&one, 5, 0, &a, &b), RB_ESIG);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_frontier_that_is_none),
		cmocka_unit_test(proves_nothing_outside_the_tree),
		cmocka_unit_test(inclusion_refuses_every_altered_proof),
		cmocka_unit_test(consistency_refuses_every_altered_proof),
		cmocka_unit_test(consistency_at_the_edges),
		cmocka_unit_test(a_leaf_cannot_pass_for_a_node),
		cmocka_unit_test(frontier_gives_the_root_of_every_size),
		cmocka_unit_test(roots_are_those_of_the_vectors),
		cmocka_unit_test(inclusion_holds_for_every_leaf_of_every_size),
		cmocka_unit_test(consistency_holds_between_all_sizes),
	};

	return cmocka_run_group_tests(tests, make_leaves, NULL);
}
