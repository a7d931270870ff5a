/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/testnode.h"

#include "common/attest/checkpoint.h"
#include "common/attest/envelope.h"

struct digest
digest_of_mark(uint8_t mark)
{
	struct digest d;

	memset(d.b, mark, sizeof(d.b));
	return d;
}

void
testnode_init(struct testnode *t, const char *name)
{
	struct key_public pub;

	memset(t, 0, sizeof(*t));
	snprintf(t->name, sizeof(t->name), "%s", name);
	assert_int_equal(key_generate(&t->key), RB_OK);
	key_public_of(t->key, &pub);
	assert_int_equal(vkey_make(name, VKEY_ED25519, &pub, &t->vkey), RB_OK);
}

void
testnode_clear(struct testnode *t)
{
	size_t i;

	for (i = 0; i < t->n; i++)
		buf_clear(&t->leaves[i]);
	t->n = 0;
	key_free(&t->key);
}

static char *
text(const char *s)
{
	char *copy = strdup(s);

	assert_non_null(copy);
	return copy;
}

static void
set_digest(struct maybe_digest *d, uint8_t mark)
{
	d->is_set = true;
	d->value = digest_of_mark(mark);
}

static char *
reason_of(enum verdict v)
{
	switch (v) {
	case VERDICT_REPRODUCED:
		return NULL;
	case VERDICT_DIFFERS:
		return text("content");
	case VERDICT_FAILED:
		return text("timeout");
	case VERDICT_UNAVAILABLE:
		return text("input");
	}
	fail();
	return NULL;
}

static const char *
or_else(const char *s, const char *other)
{
	return s != NULL ? s : other;
}

static void
fill(struct statement *s, const struct testnode *t, const struct says *says)
{
	s->verdict = says->verdict;
	s->reason = reason_of(says->verdict);
	s->attempt = t->n + 1; /* so that no two statements are equal */
	s->published.file = text(says->file);
	s->published.repository = text("example");
	s->published.suite = text("stable");
	s->published.path = text("pool/x.deb");
	s->published.name = text(or_else(says->package, "hello"));
	s->published.version = text(or_else(says->version, "1.0-1"));
	s->published.arch = text(or_else(says->arch, "amd64"));
	s->published.size = 1000;
	s->published.sha256 = says->sha256 != NULL ? *says->sha256 :
						     digest_of_mark(says->mark);
	s->published.metadata = digest_of_mark(0xf0);
	s->published.seen = 1750000000;
	s->source.kind = text("debian-source");
	s->source.repository = text("example");
	s->source.name = text("hello");
	s->source.version = text("1.0-1");
	set_digest(&s->source.dsc, 0xf1);
	set_digest(&s->inputs.sha256, 0xf2);
	s->inputs.count = 3;
	s->environment.release = text("stable");
	s->environment.distribution = text("example");
	s->environment.arch = text("amd64");
	s->environment.recipe = text("deb");
	set_digest(&s->environment.recipe_sha256, 0xf3);
	s->machine.kind = text("namespace");
	s->machine.network = text("none");
	s->machine.clock = text("host");
	s->builder.node = text(or_else(says->builder, t->name));
	s->builder.version = text("0.1.0");
	s->builder.program = digest_of_mark(0xf4);
	s->started = 1750000000;
	s->finished = 1750000100;
	if (says->verdict == VERDICT_REPRODUCED) {
		s->rebuilt.compared = COMPARED_IDENTICAL;
		s->rebuilt.sha256.is_set = true;
		s->rebuilt.sha256.value = s->published.sha256;
		s->rebuilt.size = 1000;
	} else if (says->verdict == VERDICT_DIFFERS) {
		set_digest(&s->rebuilt.sha256, 0xf5);
		s->rebuilt.size = 1001;
	}
}

static uint64_t
append(struct testnode *t, const struct key *signer, struct span payload)
{
	struct envelope e = ENVELOPE_INIT;

	assert_true(t->n < TESTNODE_LEAVES_MAX);
	assert_int_equal(envelope_sign(signer, payload, &e), RB_OK);
	assert_int_equal(envelope_write(&e, &t->leaves[t->n]), RB_OK);
	envelope_clear(&e);
	return t->n++;
}

uint64_t
testnode_say_bytes(struct testnode *t, struct span payload)
{
	return append(t, t->key, payload);
}

uint64_t
testnode_say(struct testnode *t, const struct says *says)
{
	struct statement s;
	struct buf json = BUF_INIT;
	struct fault why = FAULT_INIT;
	uint64_t index;

	statement_init(&s);
	fill(&s, t, says);
	if (statement_write(&s, &json, &why) != RB_OK)
		fail_msg("%s", why.text);
	index = append(t, says->signer != NULL ? says->signer : t->key,
	    buf_span(&json));
	buf_clear(&json);
	statement_clear(&s);
	return index;
}

enum rb_err
testnode_hash(void *arg, unsigned int level, uint64_t index, struct digest *out)
{
	struct testnode *t = arg;
	struct digest left, right;

	if (level == 0)
		return tree_leaf_hash(buf_span(&t->leaves[index]), out);
	assert_int_equal(testnode_hash(t, level - 1, 2 * index, &left), RB_OK);
	assert_int_equal(testnode_hash(t, level - 1, 2 * index + 1, &right),
	    RB_OK);
	return tree_node_hash(&left, &right, out);
}

struct digest
testnode_root(struct testnode *t, uint64_t size)
{
	struct frontier f = FRONTIER_INIT;
	struct digest leaf, root;
	uint64_t i;

	for (i = 0; i < size; i++) {
		assert_int_equal(testnode_hash(t, 0, i, &leaf), RB_OK);
		assert_int_equal(frontier_append(&f, &leaf), RB_OK);
	}
	assert_int_equal(frontier_root(&f, &root), RB_OK);
	return root;
}

struct buf
testnode_note(const struct testnode *t, const struct key *signer, uint64_t size,
    const struct digest *root)
{
	struct buf note = BUF_INIT;
	struct checkpoint cp;

	memset(&cp, 0, sizeof(cp));
	snprintf(cp.origin, sizeof(cp.origin), "%s", t->name);
	cp.size = size;
	cp.root = *root;
	assert_int_equal(checkpoint_sign(&cp, signer, &note), RB_OK);
	return note;
}

void
testnode_prove(struct testnode *t, uint64_t index, uint64_t size,
    struct bundle *to)
{
	struct digest root = testnode_root(t, size);
	struct buf note = testnode_note(t, t->key, size, &root);
	struct tree_proof proof;
	size_t position;

	assert_int_equal(tree_prove_inclusion(testnode_hash, t, size, index,
			     &proof),
	    RB_OK);
	assert_int_equal(bundle_add_checkpoint(to, buf_span(&note), &position),
	    RB_OK);
	assert_int_equal(bundle_add_evidence(to, buf_span(&t->leaves[index]),
			     index, position, &proof),
	    RB_OK);
	buf_clear(&note);
}
