/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/quorum_liar.h"

#include <fcntl.h>

#include "common/base/file.h"
#include "tests/flow/quorum_nodes.h"
#include "tests/unit/testnode.h"

#define PEM_MAX 4096

/* Her real log. */
enum { LEAF_CALM, LEAF_OTHER, LEAVES };

static struct testnode liar;     /* carol: her real key and leaves */
static struct testnode impostor; /* her name, another key */

static struct digest
digest_of_file(const char *name)
{
	struct digest d;

	assert_int_equal(digest_of(span_of_str(name), &d), RB_OK);
	return d;
}

static void
steal_key(void)
{
	char *path = whole_node_path(&quorum_nodes[CAROL].node,
	    "keys/signing.key");
	struct buf pem = BUF_INIT;

	key_free(&liar.key);
	assert_int_equal(file_read_at(AT_FDCWD, path, PEM_MAX, &pem), RB_OK);
	assert_int_equal(key_read(buf_span(&pem), &liar.key), RB_OK);
	liar.vkey = quorum_nodes[CAROL].vkey;
	buf_wipe(&pem);
	free(path);
}

static void
read_bundle(const char *path, struct bundle *out)
{
	struct buf json = BUF_INIT;
	struct fault why = FAULT_INIT;

	assert_int_equal(file_read_at(AT_FDCWD, path, BUNDLE_MAX, &json),
	    RB_OK);
	if (bundle_parse(buf_span(&json), out, &why) != RB_OK)
		fail_msg("%s", why.text);
	buf_clear(&json);
}

static void
copy_leaves(void)
{
	static const char *const alone[NODES] = { NULL, NULL, "carol" };
	struct bundle b = BUNDLE_INIT;
	size_t i;

	policy_write("policy", alone, 1);
	assert_int_equal(RUN("fetch", "-p", "policy", "-o", "log", CALM, OTHER),
	    0);
	read_bundle("log", &b);
	assert_int_equal(b.nevidence, LEAVES);
	for (i = 0; i < LEAVES; i++) {
		assert_int_equal(b.evidence[i].index, i);
		assert_int_equal(buf_put(&liar.leaves[i],
				     buf_span(&b.evidence[i].envelope)),
		    RB_OK);
	}
	liar.n = LEAVES;
	bundle_clear(&b);
}

/* NAME_VERSION_ARCH.deb, and the package that it names. */
static void
rename_published(struct statement *s, const char *file)
{
	const char *version = strchr(file, '_') + 1;
	const char *arch = strchr(version, '_') + 1;

	free(s->published.file);
	free(s->published.name);
	free(s->published.version);
	free(s->published.arch);
	s->published.file = strdup(file);
	s->published.name = strndup(file, (size_t)(version - file) - 1);
	s->published.version = strndup(version, (size_t)(arch - version) - 1);
	s->published.arch = strndup(arch, strlen(arch) - strlen(".deb"));
}

/* The real statement about `leaf`, made to be about a file and by a node. */
static struct buf
rewritten(size_t leaf, const char *file, const char *builder)
{
	struct envelope e = ENVELOPE_INIT;
	struct fault why = FAULT_INIT;
	struct statement s;
	struct buf json = BUF_INIT;

	statement_init(&s);
	assert_int_equal(envelope_parse(buf_span(&liar.leaves[leaf]), &e, &why),
	    RB_OK);
	assert_int_equal(statement_parse(buf_span(&e.payload), &s, &why),
	    RB_OK);
	rename_published(&s, file);
	s.published.sha256 = digest_of_file(file);
	s.rebuilt.sha256.value = s.published.sha256;
	free(s.builder.node);
	s.builder.node = strdup(builder);
	if (statement_write(&s, &json, &why) != RB_OK)
		fail_msg("%s", why.text);
	statement_clear(&s);
	envelope_clear(&e);
	return json;
}

static struct buf
signed_by(const struct key *key, struct buf payload)
{
	struct envelope e = ENVELOPE_INIT;
	struct buf leaf = BUF_INIT;

	assert_int_equal(envelope_sign(key, buf_span(&payload), &e), RB_OK);
	assert_int_equal(envelope_write(&e, &leaf), RB_OK);
	envelope_clear(&e);
	buf_clear(&payload);
	return leaf;
}

/*
 * An envelope in the place of leaf `index` of carol's log, with the proof for
 * a tree of `size` leaves beside the checkpoint of one of `noted`.
 */
static void
add(struct bundle *b, struct buf envelope, uint64_t index, uint64_t size,
    uint64_t noted)
{
	struct digest root = testnode_root(&liar, noted);
	struct buf note = testnode_note(&liar, liar.key, noted, &root);
	struct tree_proof proof;
	size_t position;

	assert_int_equal(tree_prove_inclusion(testnode_hash, &liar, size, index,
			     &proof),
	    RB_OK);
	assert_int_equal(bundle_add_checkpoint(b, buf_span(&note), &position),
	    RB_OK);
	assert_int_equal(bundle_add_evidence(b, buf_span(&envelope), index,
			     position, &proof),
	    RB_OK);
	buf_clear(&note);
	buf_clear(&envelope);
}

/* Into the log, as her signer would; its bytes. */
static struct buf
logged(const struct key *key, struct buf payload)
{
	struct buf leaf = signed_by(key, payload), copy = BUF_INIT;

	assert_int_equal(buf_put(&copy, buf_span(&leaf)), RB_OK);
	liar.leaves[liar.n++] = leaf;
	return copy;
}

static void
a_proof_for_another_file(struct bundle *b)
{
	testnode_prove(&liar, LEAF_OTHER, LEAVES, b);
}

static void
another_subject_in_the_envelope(struct bundle *b)
{
	struct envelope e = ENVELOPE_INIT;
	struct buf changed = BUF_INIT;

	assert_int_equal(envelope_parse(buf_span(&liar.leaves[LEAF_OTHER]), &e,
			     NULL),
	    RB_OK);
	buf_clear(&e.payload);
	e.payload = rewritten(LEAF_OTHER, HELLO, liar.name);
	assert_int_equal(envelope_write(&e, &changed), RB_OK);
	envelope_clear(&e);
	add(b, changed, LEAF_OTHER, LEAVES, LEAVES);
}

static void
a_signature_that_is_in_no_log(struct bundle *b)
{
	add(b, signed_by(liar.key, rewritten(LEAF_OTHER, HELLO, liar.name)),
	    LEAF_OTHER, LEAVES, LEAVES);
}

static void
a_checkpoint_older_than_the_proof(struct bundle *b)
{
	struct buf leaf = logged(liar.key,
	    rewritten(LEAF_OTHER, HELLO, liar.name));

	add(b, leaf, LEAVES, LEAVES + 1, LEAVES);
}

static void
a_checkpoint_of_another_key(struct bundle *b)
{
	struct digest hello = digest_of_file(HELLO);
	const struct says says = { .verdict = VERDICT_REPRODUCED,
		.file = HELLO,
		.sha256 = &hello };
	uint64_t index = testnode_say(&impostor, &says);

	testnode_prove(&impostor, index, impostor.n, b);
}

static void
an_envelope_of_another_key(struct bundle *b)
{
	struct buf leaf = logged(impostor.key,
	    rewritten(LEAF_OTHER, HELLO, liar.name));

	add(b, leaf, LEAVES, LEAVES + 1, LEAVES + 1);
}

static void
a_statement_in_the_name_of_bob(struct bundle *b)
{
	struct buf leaf = logged(liar.key,
	    rewritten(LEAF_OTHER, HELLO, quorum_nodes[BOB].vkey.name));

	add(b, leaf, LEAVES, LEAVES + 1, LEAVES + 1);
}

const struct forgery forgeries[FORGERIES] = {
	{ "a proof for another file", a_proof_for_another_file, "nothing\n" },
	{ "another subject in the envelope", another_subject_in_the_envelope,
	    "nothing proven: the proof does not lead to the checkpoint "
	    "(it claims reproduced)\n" },
	{ "a signature that is in no log", a_signature_that_is_in_no_log,
	    "nothing proven: the proof does not lead to the checkpoint "
	    "(it claims reproduced)\n" },
	{ "a checkpoint older than the proof",
	    a_checkpoint_older_than_the_proof,
	    "nothing proven: the proof does not lead to the checkpoint "
	    "(it claims reproduced)\n" },
	{ "a checkpoint of another key", a_checkpoint_of_another_key,
	    "nothing proven: the checkpoint is not signed with the key in the "
	    "policy (it claims reproduced)\n" },
	{ "an envelope of another key", an_envelope_of_another_key,
	    "nothing proven: the envelope is not signed with the key in the "
	    "policy (it claims reproduced)\n" },
	{ "a statement in the name of bob", a_statement_in_the_name_of_bob,
	    "nothing proven: the statement names another node as its builder "
	    "(it claims reproduced)\n" },
};

/* Another last leaf: one size, two roots, both signed by her. */
void
liar_fork(struct bundle *b)
{
	struct buf real = liar.leaves[LEAF_OTHER], leaf, copy = BUF_INIT;

	leaf = signed_by(liar.key, rewritten(LEAF_OTHER, HELLO, liar.name));
	assert_int_equal(buf_put(&copy, buf_span(&leaf)), RB_OK);
	liar.leaves[LEAF_OTHER] = leaf;
	add(b, copy, LEAF_OTHER, LEAVES, LEAVES);
	buf_clear(&liar.leaves[LEAF_OTHER]);
	liar.leaves[LEAF_OTHER] = real;
}

/* As her signer would: nothing is wrong with it but what it says. */
void
liar_log(struct bundle *b)
{
	add(b, logged(liar.key, rewritten(LEAF_OTHER, HELLO, liar.name)),
	    LEAVES, LEAVES + 1, LEAVES + 1);
}

void
liar_replace_calm(struct bundle *b)
{
	add(b, signed_by(liar.key, rewritten(LEAF_OTHER, CALM, liar.name)),
	    LEAF_CALM, LEAVES, LEAVES);
}

void
liar_begin(void)
{
	const char *name = quorum_nodes[CAROL].vkey.name;

	assert_true(strlen(name) < sizeof(liar.name));
	testnode_init(&liar, name);
	testnode_init(&impostor, name);
	steal_key();
	copy_leaves();
}

void
liar_forget(void)
{
	while (liar.n > LEAVES) {
		liar.n--;
		buf_clear(&liar.leaves[liar.n]);
	}
}

void
liar_end(void)
{
	testnode_clear(&impostor);
	testnode_clear(&liar);
}
