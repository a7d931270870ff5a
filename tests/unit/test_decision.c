/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/attest.h"
#include "tests/unit/testnode.h"

#include "common/attest/envelope.h"
#include "updater/decision.h"

#define GOOD 0x11   /* digest of the file that everybody asks about */
#define BAD 0x66    /* of a tampered one */
#define FILE_NAME "hello_1.0-1_amd64.deb"

/* Five nodes; `dave` has two of them. */
enum { ALICE, BOB, CAROL, DAVE1, DAVE2, NODES };
static const char *const names[NODES] = { "a.example/log", "b.example/log",
	"c.example/log", "d1.example/log", "d2.example/log" };
static const char *const operators[NODES] = { "alice", "bob", "carol",
	"dave", "dave" };

static struct testnode nodes[NODES], stranger;
static struct policy policy;
static struct bundle bundle;
static struct decisions all;
static char file_name[] = FILE_NAME;

static void
make_policy(size_t require)
{
	struct buf text = BUF_INIT, vkey = BUF_INIT;
	struct fault why = FAULT_INIT;
	size_t i;

	policy_clear(&policy);
	assert_int_equal(buf_put_str(&text, "policy 1\n"), RB_OK);
	for (i = 0; i < NODES; i++) {
		buf_reset(&vkey);
		assert_int_equal(vkey_write(&nodes[i].vkey, &vkey), RB_OK);
		assert_int_equal(buf_printf(&text, "node %.*s http://x\n",
		    (int)vkey.len, (const char *)vkey.p), RB_OK);
	}
	assert_int_equal(buf_printf(&text, "operator alice %s\n"
	    "operator bob %s\noperator carol %s\noperator dave %s %s\n"
	    "require %zu\n", names[0], names[1], names[2], names[3], names[4],
	    require), RB_OK);
	if (policy_parse(buf_span(&text), &policy, &why) != RB_OK)
		fail_msg("%s", why.text);
	buf_clear(&text);
	buf_clear(&vkey);
}

static int
begin(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NODES; i++)
		testnode_init(&nodes[i], names[i]);
	testnode_init(&stranger, "x.example/log");
	make_policy(2);
	return 0;
}

static int
end(void **state)
{
	size_t i;

	(void)state;
	decisions_clear(&all);
	bundle_clear(&bundle);
	policy_clear(&policy);
	for (i = 0; i < NODES; i++)
		testnode_clear(&nodes[i]);
	testnode_clear(&stranger);
	return 0;
}

/* Says and proves in one go. */
static void
hear(struct testnode *t, enum verdict v, uint8_t mark)
{
	struct says says = { .verdict = v, .file = FILE_NAME, .mark = mark };
	uint64_t index = testnode_say(t, &says);

	testnode_prove(t, index, t->n, &bundle);
}

static const struct decision *
decide_about(uint8_t mark)
{
	struct subject file = { digest_of_mark(mark), file_name };

	decisions_clear(&all);
	assert_int_equal(decide(&policy, &bundle, &file, 1, &all), RB_OK);
	assert_int_equal(all.n, 1);
	assert_int_equal(all.nnodes, NODES);
	return &all.list[0];
}

static void
assert_refused(const struct decision *d, enum cause cause, size_t voices)
{
	assert_false(d->accepted);
	assert_string_equal(cause_name(d->cause), cause_name(cause));
	assert_int_equal(d->voices, voices);
}

static void
nothing_is_refused(void **state)
{
	(void)state;
	assert_refused(decide_about(GOOD), CAUSE_NOBODY, 0);
}

static void
one_of_two_is_refused(void **state)
{
	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	assert_refused(decide_about(GOOD), CAUSE_TOO_FEW, 1);
}

static void
one_node_twice_is_one_voice(void **state)
{
	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	assert_refused(decide_about(GOOD), CAUSE_TOO_FEW, 1);
}

static void
two_nodes_of_one_operator_are_one_voice(void **state)
{
	(void)state;
	hear(&nodes[DAVE1], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[DAVE2], VERDICT_REPRODUCED, GOOD);
	assert_refused(decide_about(GOOD), CAUSE_TOO_FEW, 1);
	hear(&nodes[BOB], VERDICT_REPRODUCED, GOOD);
	assert_true(decide_about(GOOD)->accepted);
}

static void
strangers_have_no_voice(void **state)
{
	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&stranger, VERDICT_REPRODUCED, GOOD);
	assert_refused(decide_about(GOOD), CAUSE_TOO_FEW, 1);
	assert_int_equal(all.nstrangers, 1);
}

static void
whoever_takes_a_name_has_no_voice(void **state)
{
	struct testnode thief;

	(void)state;
	testnode_init(&thief, names[BOB]);
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&thief, VERDICT_REPRODUCED, GOOD);
	assert_refused(decide_about(GOOD), CAUSE_TOO_FEW, 1);
	assert_int_equal(all.list[0].n, 2);
	assert_int_equal(all.list[0].list[1].by->flaw, FLAW_CHECKPOINT);
	testnode_clear(&thief);
}

static void
a_tampered_file_is_refused_and_the_real_one_named(void **state)
{
	const struct decision *d;
	struct digest good = digest_of_mark(GOOD);

	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[BOB], VERDICT_REPRODUCED, GOOD);
	assert_true(decide_about(GOOD)->accepted);
	d = decide_about(BAD);
	assert_refused(d, CAUSE_OTHER_BYTES, 0);
	assert_int_equal(d->n, 2);
	assert_true(d->list[0].is_other);
	assert_true(digest_equal(&d->list[0].by->said.published.sha256,
	    &good));
}

static void
a_liar_for_a_tampered_file_stands_alone(void **state)
{
	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[BOB], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[CAROL], VERDICT_REPRODUCED, BAD);
	assert_true(decide_about(GOOD)->accepted);
	assert_int_equal(all.list[0].voices, 2);
	assert_refused(decide_about(BAD), CAUSE_OTHER_BYTES, 1);
}

static void
only_reproduced_counts(void **state)
{
	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[BOB], VERDICT_FAILED, GOOD);
	hear(&nodes[CAROL], VERDICT_UNAVAILABLE, GOOD);
	assert_refused(decide_about(GOOD), CAUSE_TOO_FEW, 1);
	hear(&nodes[DAVE1], VERDICT_DIFFERS, GOOD);
	assert_refused(decide_about(GOOD), CAUSE_DIFFERS, 1);
}

static void
failures_are_told_from_silence(void **state)
{
	(void)state;
	hear(&nodes[BOB], VERDICT_FAILED, GOOD);
	assert_refused(decide_about(GOOD), CAUSE_FAILED, 0);
}

static void
a_later_difference_takes_nothing_back(void **state)
{
	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[ALICE], VERDICT_DIFFERS, GOOD);
	hear(&nodes[BOB], VERDICT_FAILED, GOOD);
	hear(&nodes[BOB], VERDICT_REPRODUCED, GOOD);
	assert_true(decide_about(GOOD)->accepted);
	/* and all of it is there to be shown */
	assert_int_equal(all.list[0].n, 4);
}

/* A proof for leaf `proven` under the envelope of leaf `shown`. */
static void
splice(struct testnode *t, uint64_t shown, uint64_t proven)
{
	struct digest root = testnode_root(t, t->n);
	struct buf note = testnode_note(t, t->key, t->n, &root);
	struct tree_proof proof;
	size_t position;

	assert_int_equal(tree_prove_inclusion(testnode_hash, t, t->n, proven,
	    &proof), RB_OK);
	assert_int_equal(bundle_add_checkpoint(&bundle, buf_span(&note),
	    &position), RB_OK);
	assert_int_equal(bundle_add_evidence(&bundle,
	    buf_span(&t->leaves[shown]), proven, position, &proof), RB_OK);
	buf_clear(&note);
}

static void
a_valid_proof_for_another_leaf_proves_nothing(void **state)
{
	const struct says lie = { .verdict = VERDICT_REPRODUCED,
		.file = FILE_NAME, .mark = GOOD };
	const struct says truth = { .verdict = VERDICT_REPRODUCED,
		.file = "other_1_all.deb", .mark = 0x22 };

	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	testnode_say(&nodes[BOB], &truth);
	testnode_say(&nodes[BOB], &lie);
	splice(&nodes[BOB], 1, 0);
	assert_refused(decide_about(GOOD), CAUSE_TOO_FEW, 1);
	assert_int_equal(all.list[0].list[1].by->flaw, FLAW_PROOF);
}

static void
a_valid_proof_for_another_file_is_no_evidence(void **state)
{
	const struct says other = { .verdict = VERDICT_REPRODUCED,
		.file = "other_1_all.deb", .mark = 0x22 };

	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	testnode_say(&nodes[BOB], &other);
	testnode_prove(&nodes[BOB], 0, 1, &bundle);
	assert_refused(decide_about(GOOD), CAUSE_TOO_FEW, 1);
	assert_int_equal(all.list[0].n, 1);
}

static void
an_envelope_by_another_key_proves_nothing(void **state)
{
	const struct says lie = { .verdict = VERDICT_REPRODUCED,
		.file = FILE_NAME, .mark = GOOD, .signer = nodes[ALICE].key };

	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	testnode_say(&nodes[BOB], &lie);
	testnode_prove(&nodes[BOB], 0, 1, &bundle);
	assert_refused(decide_about(GOOD), CAUSE_TOO_FEW, 1);
	assert_int_equal(all.list[0].list[1].by->flaw, FLAW_SIGNATURE);
}

static void
a_copied_statement_proves_nothing(void **state)
{
	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	/* Bob logs what Alice signed, byte for byte. */
	assert_int_equal(buf_put(&nodes[BOB].leaves[0],
	    buf_span(&nodes[ALICE].leaves[0])), RB_OK);
	nodes[BOB].n = 1;
	testnode_prove(&nodes[BOB], 0, 1, &bundle);
	assert_refused(decide_about(GOOD), CAUSE_TOO_FEW, 1);
	assert_int_equal(all.list[0].list[1].by->flaw, FLAW_BUILDER);
}

static void
what_is_no_statement_is_counted_and_told(void **state)
{
	(void)state;
	testnode_say_bytes(&nodes[BOB], SPAN("{\"_type\":\"link\"}"));
	testnode_prove(&nodes[BOB], 0, 1, &bundle);
	assert_refused(decide_about(GOOD), CAUSE_NOBODY, 0);
	assert_int_equal(all.nodes[BOB].nflawed, 1);
	assert_int_equal(all.nodes[BOB].flaw, FLAW_STATEMENT);
	assert_int_equal(all.nodes[ALICE].nflawed, 0);
}

/* Another checkpoint of the size that the node has, over another tree. */
static void
fork_node(const struct testnode *t, const struct key *signer)
{
	struct digest root = digest_of_mark(0xee);
	struct buf note = testnode_note(t, signer, t->n, &root);
	size_t position;

	assert_int_equal(bundle_add_checkpoint(&bundle, buf_span(&note),
	    &position), RB_OK);
	buf_clear(&note);
}

static void
a_fork_takes_the_voice_away(void **state)
{
	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[BOB], VERDICT_REPRODUCED, GOOD);
	assert_true(decide_about(GOOD)->accepted);
	fork_node(&nodes[BOB], nodes[BOB].key);
	assert_refused(decide_about(GOOD), CAUSE_TOO_FEW, 1);
	assert_true(all.nodes[BOB].is_forked);
	assert_int_equal(all.nodes[BOB].size, 1);
	assert_int_equal(all.list[0].list[1].by->flaw, FLAW_FORK);
	assert_false(all.nodes[ALICE].is_forked);
}

static void
nobody_else_can_convict_of_a_fork(void **state)
{
	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[BOB], VERDICT_REPRODUCED, GOOD);
	fork_node(&nodes[BOB], stranger.key);
	assert_true(decide_about(GOOD)->accepted);
	assert_false(all.nodes[BOB].is_forked);
}

static void
a_log_that_grows_is_no_fork(void **state)
{
	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[ALICE], VERDICT_FAILED, 0x22);
	testnode_prove(&nodes[ALICE], 0, 2, &bundle);
	hear(&nodes[BOB], VERDICT_REPRODUCED, GOOD);
	assert_int_equal(bundle.ncheckpoints, 3);
	assert_true(decide_about(GOOD)->accepted);
	/* Entry 0 was proven twice and is told once; entry 1 bears on the
	 * name with other bytes. */
	assert_int_equal(all.list[0].n, 3);
}

static void
each_file_is_decided_for_itself(void **state)
{
	static char other_name[] = "other_1_all.deb";
	const struct subject files[] = { { digest_of_mark(BAD), file_name },
		{ digest_of_mark(GOOD), file_name },
		{ digest_of_mark(0x22), other_name },
		{ digest_of_mark(GOOD), other_name } };

	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[BOB], VERDICT_REPRODUCED, GOOD);
	assert_int_equal(decide(&policy, &bundle, files, 4, &all), RB_OK);
	assert_refused(&all.list[0], CAUSE_OTHER_BYTES, 0);
	assert_true(all.list[1].accepted);
	assert_refused(&all.list[2], CAUSE_NOBODY, 0);
	assert_true(all.list[3].accepted); /* the digest decides */
	assert_true(decision_has_voice(&all.list[1], &policy, 0));
	assert_false(decision_has_voice(&all.list[1], &policy, 2));
}

static void
every_changed_byte_of_evidence_is_noticed(void **state)
{
	struct buf json = BUF_INIT;
	struct bundle changed = BUNDLE_INIT;
	struct subject file = { digest_of_mark(GOOD), file_name };
	size_t i;

	(void)state;
	make_policy(1);
	hear(&nodes[ALICE], VERDICT_FAILED, 0x22);
	hear(&nodes[ALICE], VERDICT_FAILED, 0x23);
	bundle_clear(&bundle);
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	assert_true(decide_about(GOOD)->accepted);
	assert_int_equal(bundle_write(&bundle, &json), RB_OK);
	for (i = 0; i < json.len; i++) {
		json.p[i] ^= 1;
		if (bundle_parse(buf_span(&json), &changed, NULL) == RB_OK) {
			decisions_clear(&all);
			assert_int_equal(decide(&policy, &changed, &file, 1,
			    &all), RB_OK);
			if (all.list[0].accepted)
				fail_msg("byte %zu is not covered", i);
			bundle_clear(&changed);
		}
		json.p[i] ^= 1;
	}
	buf_clear(&json);
}

static void
too_many_files_are_refused(void **state)
{
	(void)state;
	assert_int_equal(decide(&policy, &bundle, NULL,
	    DECISION_FILES_MAX + 1, &all), RB_ELIMIT);
}

/*
 * The rules once more, slowly and without any of the updater's helpers.
 */
static bool
naive_is_voice(const struct evidence *e, size_t node, const struct digest *d)
{
	struct envelope envelope = ENVELOPE_INIT;
	struct checkpoint cp, other;
	struct statement said;
	struct digest leaf;
	bool yes = false;
	size_t i;

	statement_init(&said);
	if (checkpoint_open(buf_span(&bundle.checkpoints[e->checkpoint]),
	    &nodes[node].vkey, &cp) != RB_OK)
		return false;
	for (i = 0; i < bundle.ncheckpoints; i++)
		if (checkpoint_open(buf_span(&bundle.checkpoints[i]),
		    &nodes[node].vkey, &other) == RB_OK &&
		    other.size == cp.size &&
		    !digest_equal(&other.root, &cp.root))
			return false;
	if (envelope_parse(buf_span(&e->envelope), &envelope, NULL) == RB_OK &&
	    envelope_verify(&envelope, &nodes[node].vkey.key) == RB_OK &&
	    statement_parse(buf_span(&envelope.payload), &said, NULL) ==
	    RB_OK &&
	    said.verdict == VERDICT_REPRODUCED &&
	    digest_equal(&said.published.sha256, d) &&
	    strcmp(said.builder.node, names[node]) == 0 &&
	    tree_leaf_hash(buf_span(&e->envelope), &leaf) == RB_OK &&
	    tree_verify_inclusion(&e->proof, cp.size, e->index, &leaf,
	    &cp.root) == RB_OK)
		yes = true;
	statement_clear(&said);
	envelope_clear(&envelope);
	return yes;
}

static size_t
naive_voices(uint8_t mark)
{
	const char *heard[NODES];
	struct digest d = digest_of_mark(mark);
	size_t i, k, m, n = 0;

	for (i = 0; i < bundle.nevidence; i++)
		for (k = 0; k < NODES; k++) {
			if (!naive_is_voice(&bundle.evidence[i], k, &d))
				continue;
			for (m = 0; m < n; m++)
				if (strcmp(heard[m], operators[k]) == 0)
					break;
			if (m == n)
				heard[n++] = operators[k];
		}
	return n;
}

static uint32_t seed;

static uint32_t
draw(uint32_t below)
{
	seed = seed * 1664525 + 1013904223;
	return (seed >> 8) % below;
}

/* One piece of evidence, mostly honest. */
static void
hear_something(void)
{
	static const enum verdict verdicts[] = { VERDICT_REPRODUCED,
		VERDICT_REPRODUCED, VERDICT_REPRODUCED, VERDICT_DIFFERS,
		VERDICT_FAILED, VERDICT_UNAVAILABLE };
	struct testnode *t = draw(12) == 0 ? &stranger : &nodes[draw(NODES)];
	struct says says = { .verdict = verdicts[draw(6)], .file = FILE_NAME,
		.mark = draw(4) == 0 ? BAD : GOOD };
	uint64_t index;

	if (draw(8) == 0)
		says.builder = names[draw(NODES)];
	if (draw(8) == 0)
		says.signer = nodes[draw(NODES)].key;
	index = testnode_say(t, &says);
	if (draw(6) == 0 && index > 0)
		splice(t, index, draw((uint32_t)index));
	else
		testnode_prove(t, index, t->n, &bundle);
}

static void
start_again(void)
{
	size_t i, k;

	bundle_clear(&bundle);
	for (i = 0; i < NODES; i++) {
		for (k = 0; k < nodes[i].n; k++)
			buf_clear(&nodes[i].leaves[k]);
		nodes[i].n = 0;
	}
	for (k = 0; k < stranger.n; k++)
		buf_clear(&stranger.leaves[k]);
	stranger.n = 0;
}

/* The evidence `skip` is left out; the checkpoints stay. */
static bool
is_accepted_without(size_t skip, uint8_t mark)
{
	struct bundle whole = bundle;
	bool accepted;
	size_t i, position;

	bundle = (struct bundle)BUNDLE_INIT;
	for (i = 0; i < whole.ncheckpoints; i++)
		assert_int_equal(bundle_add_checkpoint(&bundle,
		    buf_span(&whole.checkpoints[i]), &position), RB_OK);
	for (i = 0; i < whole.nevidence; i++)
		if (i != skip)
			assert_int_equal(bundle_add_evidence(&bundle,
			    buf_span(&whole.evidence[i].envelope),
			    whole.evidence[i].index,
			    whole.evidence[i].checkpoint,
			    &whole.evidence[i].proof), RB_OK);
	accepted = decide_about(mark)->accepted;
	bundle_clear(&bundle);
	bundle = whole;
	return accepted;
}

static void
agrees_with_the_naive_rules_and_is_monotone(void **state)
{
	static const uint8_t marks[] = { GOOD, BAD };
	unsigned int round, naccepted = 0, nrefused = 0;
	size_t i, k, n, voices;
	bool accepted;

	(void)state;
	for (round = 0; round < 150; round++) {
		seed = round;
		start_again();
		make_policy(1 + draw(4));
		n = draw(12);
		for (i = 0; i < n; i++)
			hear_something();
		k = draw(NODES);
		if (draw(6) == 0 && nodes[k].n != 0)
			fork_node(&nodes[k], nodes[draw(NODES)].key);
		for (k = 0; k < sizeof(marks); k++) {
			voices = naive_voices(marks[k]);
			accepted = decide_about(marks[k])->accepted;
			assert_int_equal(all.list[0].voices, voices);
			assert_int_equal(accepted, voices >= policy.require);
			naccepted += accepted;
			nrefused += !accepted;
			for (i = 0; i < bundle.nevidence && !accepted; i++)
				assert_false(is_accepted_without(i,
				    marks[k]));
		}
	}
	/* Else the test shows nothing. */
	assert_true(naccepted > 30 && nrefused > 30);
}

static void
without_memory_nothing_is_decided(void **state)
{
	struct subject file = { digest_of_mark(GOOD), file_name };
	enum rb_err rc;
	size_t n;
	bool was;

	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[BOB], VERDICT_REPRODUCED, GOOD);
	hear(&nodes[CAROL], VERDICT_REPRODUCED, BAD);
	for (n = 1;; n++) {
		scarce_begin(n);
		rc = decide(&policy, &bundle, &file, 1, &all);
		was = scarce_end();
		if (!was)
			break;
		if (rc != RB_OK) {
			assert_int_equal(rc, RB_ENOMEM);
			assert_null(all.list);
			continue;
		}
		/* What can do without that memory may go on, but not lie. */
		assert_int_equal(all.list[0].voices, 2);
		decisions_clear(&all);
	}
	assert_int_equal(rc, RB_OK);
	assert_true(all.list[0].accepted);
	assert_true(n > 10);
}

#define CLAIM(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(nothing_is_refused),
		CLAIM(one_of_two_is_refused),
		CLAIM(one_node_twice_is_one_voice),
		CLAIM(two_nodes_of_one_operator_are_one_voice),
		CLAIM(strangers_have_no_voice),
		CLAIM(whoever_takes_a_name_has_no_voice),
		CLAIM(a_tampered_file_is_refused_and_the_real_one_named),
		CLAIM(a_liar_for_a_tampered_file_stands_alone),
		CLAIM(only_reproduced_counts),
		CLAIM(failures_are_told_from_silence),
		CLAIM(a_later_difference_takes_nothing_back),
		CLAIM(a_valid_proof_for_another_leaf_proves_nothing),
		CLAIM(a_valid_proof_for_another_file_is_no_evidence),
		CLAIM(an_envelope_by_another_key_proves_nothing),
		CLAIM(a_copied_statement_proves_nothing),
		CLAIM(what_is_no_statement_is_counted_and_told),
		CLAIM(a_fork_takes_the_voice_away),
		CLAIM(nobody_else_can_convict_of_a_fork),
		CLAIM(a_log_that_grows_is_no_fork),
		CLAIM(each_file_is_decided_for_itself),
		CLAIM(every_changed_byte_of_evidence_is_noticed),
		CLAIM(too_many_files_are_refused),
		CLAIM(agrees_with_the_naive_rules_and_is_monotone),
		CLAIM(without_memory_nothing_is_decided),
	};

	return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
