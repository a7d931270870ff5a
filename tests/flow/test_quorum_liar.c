/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/file.h"
#include "tests/flow/quorum_nodes.h"
#include "tests/flow/webnode.h"

/*
 * Carol has her key and her log, and in the place of her httpd a server that
 * answers what she likes.  Alice and Bob are as they should be.
 */
#define CALM "calm_1.0-1_all.deb"     /* all three reproduced it */
#define HELLO "hello_1.0-1_amd64.deb" /* Carol never tried it */
#define OTHER "other_1.0-1_amd64.deb" /* Carol alone reproduced it */

#define PEM_MAX 4096
/* Her real log: CALM, OTHER. */
enum { LEAF_CALM, LEAF_OTHER, LEAVES };

static const char *const everybody[NODES] = { "alice", "bob", "carol" };
static struct webnode front;
static struct testnode carol;    /* her real key and leaves */
static struct testnode impostor; /* her name, another key */

static void
write_text(const char *name)
{
	write_file(name, name, strlen(name));
}

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

	key_free(&carol.key);
	assert_int_equal(file_read_at(AT_FDCWD, path, PEM_MAX, &pem), RB_OK);
	assert_int_equal(key_read(buf_span(&pem), &carol.key), RB_OK);
	carol.vkey = quorum_nodes[CAROL].vkey;
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
		assert_int_equal(buf_put(&carol.leaves[i],
				     buf_span(&b.evidence[i].envelope)),
		    RB_OK);
	}
	carol.n = LEAVES;
	bundle_clear(&b);
}

static int
begin_all(void **state)
{
	const char *name;

	(void)state;
	quorum_nodes_make();
	write_text(CALM);
	write_text(HELLO);
	write_text(OTHER);
	quorum_node_say(ALICE, "reproduced", CALM);
	quorum_node_say(ALICE, "reproduced", HELLO);
	quorum_node_say(BOB, "reproduced", CALM);
	quorum_node_say(BOB, "reproduced", HELLO);
	quorum_node_say(CAROL, "reproduced", CALM);
	quorum_node_say(CAROL, "reproduced", OTHER);
	name = quorum_nodes[CAROL].vkey.name;
	assert_true(strlen(name) < sizeof(carol.name));
	testnode_init(&carol, name);
	testnode_init(&impostor, name);
	steal_key();
	copy_leaves();
	webnode_start(&front, MANNER_HONEST);
	return 0;
}

static int
end_all(void **state)
{
	(void)state;
	webnode_stop(&front);
	testnode_clear(&impostor);
	testnode_clear(&carol);
	quorum_nodes_clear();
	return 0;
}

/* Carol says what she really said. */
static int
begin(void **state)
{
	struct buf *leaf;

	(void)state;
	while (carol.n > LEAVES) {
		leaf = &carol.leaves[--carol.n];
		buf_clear(leaf);
	}
	policy_write_moved("policy", everybody, 2, CAROL,
	    (unsigned int)front.port);
	return 0;
}

static void
answer_with(const struct bundle *b)
{
	buf_reset(&front.answer);
	assert_int_equal(bundle_write(b, &front.answer), RB_OK);
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
	assert_int_equal(envelope_parse(buf_span(&carol.leaves[leaf]), &e,
			     &why),
	    RB_OK);
	assert_int_equal(statement_parse(buf_span(&e.payload), &s, &why),
	    RB_OK);
	free(s.published.file);
	s.published.file = strdup(file);
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
	struct digest root = testnode_root(&carol, noted);
	struct buf note = testnode_note(&carol, carol.key, noted, &root);
	struct tree_proof proof;
	size_t position;

	assert_int_equal(tree_prove_inclusion(testnode_hash, &carol, size,
			     index, &proof),
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
	carol.leaves[carol.n++] = leaf;
	return copy;
}

static void
a_proof_for_another_file(struct bundle *b)
{
	testnode_prove(&carol, LEAF_OTHER, LEAVES, b);
}

static void
another_subject_in_the_envelope(struct bundle *b)
{
	struct envelope e = ENVELOPE_INIT;
	struct buf changed = BUF_INIT;

	assert_int_equal(envelope_parse(buf_span(&carol.leaves[LEAF_OTHER]), &e,
			     NULL),
	    RB_OK);
	buf_clear(&e.payload);
	e.payload = rewritten(LEAF_OTHER, HELLO, carol.name);
	assert_int_equal(envelope_write(&e, &changed), RB_OK);
	envelope_clear(&e);
	add(b, changed, LEAF_OTHER, LEAVES, LEAVES);
}

static void
a_signature_that_is_in_no_log(struct bundle *b)
{
	add(b, signed_by(carol.key, rewritten(LEAF_OTHER, HELLO, carol.name)),
	    LEAF_OTHER, LEAVES, LEAVES);
}

static void
a_checkpoint_older_than_the_proof(struct bundle *b)
{
	struct buf leaf = logged(carol.key,
	    rewritten(LEAF_OTHER, HELLO, carol.name));

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
	    rewritten(LEAF_OTHER, HELLO, carol.name));

	add(b, leaf, LEAVES, LEAVES + 1, LEAVES + 1);
}

static void
a_statement_in_the_name_of_bob(struct bundle *b)
{
	struct buf leaf = logged(carol.key,
	    rewritten(LEAF_OTHER, HELLO, quorum_nodes[BOB].vkey.name));

	add(b, leaf, LEAVES, LEAVES + 1, LEAVES + 1);
}

static const struct forgery {
	const char *name;
	void (*make)(struct bundle *b);
	const char *says;
} forgeries[] = {
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

static void
a_forgery_counts_for_nothing_and_the_others_decide(void **state)
{
	const struct forgery *f = *state;
	struct bundle b = BUNDLE_INIT;

	f->make(&b);
	answer_with(&b);
	bundle_clear(&b);
	fetch(HELLO);
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle", HELLO),
	    0);
	assert_says("accepted  " HELLO "  2 of 2: alice, bob\n");
	assert_node_says("carol", CAROL, f->says);
	policy_write("strict", everybody, 3);
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "bundle", HELLO),
	    1);
	assert_says("2 of 3: alice, bob; too few operators reproduced it\n");
}

/* Everything above is refused for its reason, not for how it was made. */
static void
the_same_tools_make_what_is_believed(void **state)
{
	struct bundle b = BUNDLE_INIT;

	(void)state;
	add(&b, logged(carol.key, rewritten(LEAF_OTHER, HELLO, carol.name)),
	    LEAVES, LEAVES + 1, LEAVES + 1);
	answer_with(&b);
	bundle_clear(&b);
	fetch(HELLO);
	policy_write("strict", everybody, 3);
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "bundle", HELLO),
	    0);
	assert_says("3 of 3: alice, bob, carol\n");
}

static void
a_forged_piece_beside_the_real_one_takes_nothing_away(void **state)
{
	struct bundle b = BUNDLE_INIT;

	(void)state;
	policy_write("strict", everybody, 3);
	assert_int_equal(RUN("fetch", "-p", "strict", "-o", "real", CALM), 0);
	/* In the place of what she really said about it. */
	add(&b, signed_by(carol.key, rewritten(LEAF_OTHER, CALM, carol.name)),
	    LEAF_CALM, LEAVES, LEAVES);
	answer_with(&b);
	bundle_clear(&b);
	assert_int_equal(RUN("fetch", "-p", "policy", "-o", "forged", CALM), 0);
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "real", "-b",
			     "forged", CALM),
	    0);
	assert_says("3 of 3: alice, bob, carol\n");
	assert_node_says("carol", CAROL,
	    "reproduced; nothing proven: the proof does not lead");
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "forged", CALM),
	    1);
}

/* Another last leaf: one size, two roots, both signed by her. */
static void
fork_log(const char *path)
{
	struct buf real = carol.leaves[LEAF_OTHER], leaf, copy = BUF_INIT;
	struct bundle b = BUNDLE_INIT;

	leaf = signed_by(carol.key, rewritten(LEAF_OTHER, HELLO, carol.name));
	assert_int_equal(buf_put(&copy, buf_span(&leaf)), RB_OK);
	carol.leaves[LEAF_OTHER] = leaf;
	add(&b, copy, LEAF_OTHER, LEAVES, LEAVES);
	buf_clear(&carol.leaves[LEAF_OTHER]);
	carol.leaves[LEAF_OTHER] = real;
	answer_with(&b);
	bundle_clear(&b);
	assert_int_equal(RUN("fetch", "-p", "policy", "-o", path, HELLO), 0);
}

static void
a_fork_is_an_alarm_and_takes_the_voice_away(void **state)
{
	(void)state;
	policy_write("strict", everybody, 3);
	fork_log("forked");
	/* Alone it looks like any other log. */
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "forked", HELLO),
	    0);
	assert_int_equal(RUN("fetch", "-p", "strict", "-o", "real", CALM), 0);
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "forked", "-b",
			     "real", HELLO, CALM),
	    1);
	assert_says("signed two different logs of 2 entries");
	assert_says("keep the bundle");
	assert_says("refused   " HELLO "  2 of 3: alice, bob; ");
	/* The voice is gone for what she said honestly, too. */
	assert_says("refused   " CALM "  2 of 3: alice, bob; ");
	assert_says("FORK: ");
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "forked", "-b",
			     "real", HELLO, CALM),
	    0);
	assert_says("signed two different logs of 2 entries");
}

/* One that takes connections and questions, and answers none. */
static int
silent_listen(unsigned int *port)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(listen(fd, 8), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

/* What was asked on the next connection that waits. */
static void
take_question(int listening, char *out, size_t size)
{
	int fd = accept(listening, NULL, NULL);
	ssize_t n;
	size_t len = 0;

	assert_int_not_equal(fd, -1);
	while ((n = recv(fd, out + len, size - 1 - len, 0)) > 0)
		len += (size_t)n;
	out[len] = '\0';
	fd_close(&fd);
}

static void
a_silent_node_is_given_up_and_learned_one_bucket(void **state)
{
	char question[4096], hex[DIGEST_HEX_LEN + 1], line[64];
	struct digest hello = digest_of_file(HELLO);
	unsigned int port;
	int fd = silent_listen(&port);

	(void)state;
	policy_write_moved("policy", everybody, 2, CAROL, port);
	fetch(HELLO);
	assert_says("given up after 0 of 1 answers");
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle", HELLO),
	    0);
	assert_says("2 of 2: alice, bob\n");
	assert_node_says("carol", CAROL, "nothing\n");

	/* Not in a header either. */
	take_question(fd, question, sizeof(question));
	fd_close(&fd);
	digest_hex(&hello, hex);
	snprintf(line, sizeof(line), "GET /evidence/prefix/%.2s HTTP/1.1\r\n",
	    hex);
	assert_int_equal(strncmp(question, line, strlen(line)), 0);
	hex[8] = '\0'; /* a port may look like fewer */
	assert_null(strstr(question, hex));
	assert_null(strcasestr(question, "hello"));
	assert_null(strstr(question, "1.0-1"));
	assert_null(strstr(question, "amd64"));
	assert_null(strstr(question, "debian"));
}

#define CLAIM(f) cmocka_unit_test_setup(f, begin)

/* One claim, named after the forgery that it is tried with. */
static struct CMUnitTest
claim_forgery(const struct forgery *f)
{
	struct CMUnitTest t = CLAIM(
	    a_forgery_counts_for_nothing_and_the_others_decide);

	t.name = f->name;
	t.initial_state = (void *)(uintptr_t)f;
	return t;
}

int
main(void)
{
	const struct CMUnitTest others[] = {
		CLAIM(the_same_tools_make_what_is_believed),
		CLAIM(a_forged_piece_beside_the_real_one_takes_nothing_away),
		CLAIM(a_fork_is_an_alarm_and_takes_the_voice_away),
		CLAIM(a_silent_node_is_given_up_and_learned_one_bucket),
	};
	enum {
		FORGERIES = sizeof(forgeries) / sizeof(forgeries[0]),
		OTHERS = sizeof(others) / sizeof(others[0]),
	};
	struct CMUnitTest tests[FORGERIES + OTHERS];
	int failed;
	size_t i;

	if (geteuid() != 0) {
		print_message("needs root\n");
		return 77;
	}
	for (i = 0; i < FORGERIES; i++)
		tests[i] = claim_forgery(&forgeries[i]);
	memcpy(tests + FORGERIES, others, sizeof(others));
	quorum_directory_make();
	failed = cmocka_run_group_tests_name("quorum_liar", tests, begin_all,
	    end_all);
	quorum_directory_remove();
	return failed;
}
