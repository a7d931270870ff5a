/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/attest.h"
#include "tests/unit/network.h"

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
	assert_true(digest_equal(&d->list[0].by->said.published.sha256, &good));
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
	hear(&nodes[ALICE], VERDICT_UNAVAILABLE, GOOD);
	assert_refused(decide_about(GOOD), CAUSE_UNAVAILABLE, 0);
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

static void
a_valid_proof_for_another_leaf_proves_nothing(void **state)
{
	const struct says lie = { .verdict = VERDICT_REPRODUCED,
		.file = FILE_NAME,
		.mark = GOOD };
	const struct says truth = { .verdict = VERDICT_REPRODUCED,
		.file = "other_1_all.deb",
		.mark = 0x22 };

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
		.file = "other_1_all.deb",
		.mark = 0x22 };

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
		.file = FILE_NAME,
		.mark = GOOD,
		.signer = nodes[ALICE].key };

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
			     buf_span(&nodes[ALICE].leaves[0])),
	    RB_OK);
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
	const struct says says = { .verdict = VERDICT_REPRODUCED,
		.file = FILE_NAME,
		.mark = GOOD };

	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	fork_node(&nodes[ALICE], stranger.key); /* after the real one */
	testnode_say(&nodes[BOB], &says);
	fork_node(&nodes[BOB], stranger.key); /* before it */
	testnode_prove(&nodes[BOB], 0, 1, &bundle);
	assert_true(decide_about(GOOD)->accepted);
	assert_false(all.nodes[ALICE].is_forked);
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
	/* the digest decides, but not under another name */
	assert_refused(&all.list[3], CAUSE_OTHER_NAME, 0);
	assert_true(decision_has_voice(&all.list[1], &policy, 0));
	assert_false(decision_has_voice(&all.list[1], &policy, 2));
}

/* Bytes that were good once, or elsewhere, under the name of what is wanted. */
static void
known_bytes_under_another_name_are_refused(void **state)
{
	static const struct {
		const char *why, *package, *version, *arch;
	} wrong[] = {
		{ "an older version", NULL, "1.0-0", NULL },
		{ "a newer version", NULL, "1.0-1+deb12u1", NULL },
		{ "another package", "hello2", NULL, NULL },
		{ "another architecture", NULL, NULL, "arm64" },
		{ "of all architectures", NULL, NULL, "all" },
		{ "an epoch that is none", NULL, ":1.0-1", NULL },
		{ "an epoch that is no number", NULL, "a:1.0-1", NULL },
		{ "of an epoch, another version", NULL, "1:1.0-2", NULL },
	};
	struct says says = { .verdict = VERDICT_REPRODUCED,
		.file = FILE_NAME,
		.mark = GOOD };
	uint64_t at;
	size_t i;

	(void)state;
	make_policy(1);
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		says.package = wrong[i].package;
		says.version = wrong[i].version;
		says.arch = wrong[i].arch;
		bundle_clear(&bundle);
		at = testnode_say(&nodes[ALICE], &says);
		testnode_prove(&nodes[ALICE], at, nodes[ALICE].n, &bundle);
		if (decide_about(GOOD)->accepted)
			fail_msg("%s", wrong[i].why);
		assert_refused(&all.list[0], CAUSE_OTHER_NAME, 0);
		assert_true(all.list[0].list[0].is_renamed);
	}
	hear(&nodes[BOB], VERDICT_REPRODUCED, GOOD);
	assert_true(decide_about(GOOD)->accepted);
	assert_int_equal(all.list[0].voices, 1);
}

static void
what_is_said_against_known_bytes_holds_under_any_name(void **state)
{
	const struct says says = { .verdict = VERDICT_DIFFERS,
		.file = FILE_NAME,
		.mark = GOOD,
		.version = "1.0-0" };

	(void)state;
	hear(&nodes[ALICE], VERDICT_REPRODUCED, GOOD);
	testnode_say(&nodes[BOB], &says);
	testnode_prove(&nodes[BOB], 0, 1, &bundle);
	assert_refused(decide_about(GOOD), CAUSE_DIFFERS, 1);
}

static void
names_say_what_archives_and_apt_make_them_say(void **state)
{
	static char apt[] = "hello_2%3a1.0-1_amd64.deb", none[] = "hello.deb";
	static char older[] = "hello_1%3a1.0-1_amd64.deb";
	const struct subject files[] = { { digest_of_mark(GOOD), file_name },
		{ digest_of_mark(GOOD), apt }, { digest_of_mark(GOOD), older },
		{ digest_of_mark(GOOD), none } };
	const struct says says = { .verdict = VERDICT_REPRODUCED,
		.file = FILE_NAME,
		.mark = GOOD,
		.version = "2:1.0-1" };

	(void)state;
	make_policy(1);
	testnode_say(&nodes[ALICE], &says);
	testnode_prove(&nodes[ALICE], 0, 1, &bundle);
	assert_int_equal(decide(&policy, &bundle, files, 4, &all), RB_OK);
	/* An archive's name hides the epoch. */
	assert_true(all.list[0].accepted);
	assert_true(all.list[1].accepted);
	assert_refused(&all.list[2], CAUSE_OTHER_NAME, 0);
	/* Says nothing, so nothing contradicts it. */
	assert_true(all.list[3].accepted);
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
					     &all),
			    RB_OK);
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
	assert_int_equal(decide(&policy, &bundle, NULL, DECISION_FILES_MAX + 1,
			     &all),
	    RB_ELIMIT);
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

#define CLAIM(f) cmocka_unit_test_setup_teardown(f, network_begin, network_end)

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
		CLAIM(known_bytes_under_another_name_are_refused),
		CLAIM(what_is_said_against_known_bytes_holds_under_any_name),
		CLAIM(names_say_what_archives_and_apt_make_them_say),
		CLAIM(every_changed_byte_of_evidence_is_noticed),
		CLAIM(too_many_files_are_refused),
		CLAIM(without_memory_nothing_is_decided),
	};

	return cmocka_run_group_tests_name("decision", tests, NULL, NULL);
}
