/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/quorum_nodes.h"

#include <sys/stat.h>
#include <unistd.h>

/*
 * Alice and Bob are honest.  Carol says that she reproduced bytes that nobody
 * but her has seen, and denies what the others reproduced.
 */
#define CALM "calm_1.0-1_all.deb"
#define HELLO "hello_1.0-1_amd64.deb"
#define BROKEN "broken_1.0-1_amd64.deb"
#define DISTANT "distant_1.0-1_amd64.deb"
#define UNHEARD "unheard_1.0-1_amd64.deb"

static const char *const everybody[NODES] = { "alice", "bob", "carol" };

static void
write_text(const char *name)
{
	write_file(name, name, strlen(name));
}

static int
begin_all(void **state)
{
	size_t i;

	(void)state;
	quorum_nodes_make();
	assert_int_equal(mkdir("evil", 0755), 0);
	write_text(CALM);
	write_text(HELLO);
	write_text("evil/" HELLO);
	write_text(BROKEN);
	write_text(DISTANT);
	write_text(UNHEARD);
	for (i = 0; i < NODES; i++) {
		quorum_node_say(i, "reproduced", CALM);
		quorum_node_say(i, "failed", BROKEN);
		quorum_node_say(i, "unavailable", DISTANT);
	}
	quorum_node_say(ALICE, "reproduced", HELLO);
	quorum_node_say(BOB, "reproduced", HELLO);
	quorum_node_say(CAROL, "differs", HELLO);
	quorum_node_say(CAROL, "reproduced", "evil/" HELLO);
	return 0;
}

static int
end_all(void **state)
{
	(void)state;
	quorum_nodes_clear();
	return 0;
}

static int
begin(void **state)
{
	(void)state;
	policy_write("policy", everybody, 2);
	return 0;
}

/* Fetches about one file and decides about it. */
static int
verify(const char *file)
{
	fetch(file);
	return RUN("verify", "-p", "policy", "-b", "bundle", file);
}

static void
three_honest_nodes_are_believed_and_named(void **state)
{
	(void)state;
	policy_write("policy", everybody, 3);
	assert_int_equal(verify(CALM), 0);
	assert_says("accepted  " CALM "  3 of 3: alice, bob, carol\n");
	assert_node_says("alice", ALICE, "reproduced\n");
	assert_node_says("bob", BOB, "reproduced\n");
	assert_node_says("carol", CAROL, "reproduced\n");
}

static void
a_liar_does_not_stop_what_the_others_reproduced(void **state)
{
	(void)state;
	assert_int_equal(verify(HELLO), 0);
	assert_says("accepted  " HELLO "  2 of 2: alice, bob\n");
	assert_node_says("carol", CAROL, "differs: content\n");
}

static void
a_liar_brings_in_no_bytes_that_nobody_else_has(void **state)
{
	(void)state;
	assert_int_equal(verify("evil/" HELLO), 1);
	assert_says("refused   evil/" HELLO "  1 of 2: carol; "
		    "too few operators reproduced it\n");
	assert_node_says("alice", ALICE, "nothing\n");
	assert_node_says("bob", BOB, "nothing\n");
	assert_node_says("carol", CAROL, "reproduced\n");
}

static void
whose_bytes_they_are_not_is_told_on_demand(void **state)
{
	(void)state;
	fetch_to_explain("evil/" HELLO);
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle",
			     "evil/" HELLO),
	    1);
	assert_says("refused   evil/" HELLO "  1 of 2: carol; "
		    "nodes know other bytes under this name\n");
	assert_node_says("alice", ALICE,
	    "reproduced, but of another file of this name, sha256 ");
	assert_node_says("bob", BOB,
	    "reproduced, but of another file of this name, sha256 ");
	assert_node_says("carol", CAROL,
	    "differs: content, but of another file of this name, sha256 ");
	assert_int_equal(RUN("explain", "-p", "policy", "-b", "bundle",
			     "evil/" HELLO),
	    1);
	assert_says("Do not install it.");
}

static void
a_liar_who_must_be_heard_stops_it_and_is_named(void **state)
{
	(void)state;
	policy_write("policy", everybody, 3);
	assert_int_equal(verify(HELLO), 1);
	assert_says("2 of 3: alice, bob; "
		    "somebody rebuilt it and got other bytes\n");
	assert_node_says("carol", CAROL, "differs: content");
}

static void
two_nodes_of_one_operator_are_one_voice(void **state)
{
	static const char *const ours[NODES] = { "alice", "alice", "carol" };
	static const char *const liars[NODES] = { "alice", "carol", "carol" };

	(void)state;
	policy_write("policy", ours, 2);
	assert_int_equal(verify(HELLO), 1);
	assert_says("1 of 2: alice; ");
	assert_node_says("alice", ALICE, "reproduced\n");
	assert_node_says("alice", BOB, "reproduced\n");
	assert_int_equal(verify(CALM), 0);
	assert_says("2 of 2: alice, carol\n");
	/* Nor does a second node that is honest take the lie back. */
	policy_write("policy", liars, 2);
	assert_int_equal(verify("evil/" HELLO), 1);
	assert_says("1 of 2: carol; ");
}

static void
failed_unavailable_and_unknown_are_told_apart(void **state)
{
	(void)state;
	assert_int_equal(verify(BROKEN), 1);
	assert_says("0 of 2; it was tried, and the build failed\n");
	assert_node_says("alice", ALICE, "failed: build\n");
	assert_silent_about("unavailable");
	assert_int_equal(verify(DISTANT), 1);
	assert_says("0 of 2; it could not be tried: something that its build "
		    "needs is missing\n");
	assert_node_says("alice", ALICE, "unavailable: dependencies\n");
	assert_silent_about("failed");
	assert_int_equal(verify(UNHEARD), 1);
	assert_says("0 of 2; nobody tried it\n");
	assert_node_says("alice", ALICE, "nothing\n");
}

static void
bundles_of_single_nodes_add_up(void **state)
{
	static const char *const alone[NODES][NODES] = {
		[ALICE] = { "alice", NULL, NULL },
		[BOB] = { NULL, "bob", NULL },
		[CAROL] = { NULL, NULL, "carol" },
	};
	static const char *const paths[NODES] = { "alice", "bob", "carol" };
	char once[sizeof(quorum_said)];
	size_t i;

	(void)state;
	for (i = 0; i < NODES; i++) {
		policy_write("alone", alone[i], 1);
		assert_int_equal(RUN("fetch", "-p", "alone", "-o", paths[i],
				     HELLO),
		    0);
	}
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "alice", HELLO),
	    1);
	assert_says("1 of 2: alice; too few operators reproduced it\n");
	/* The same twice is the same once. */
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "alice", "-b",
			     "alice", HELLO),
	    1);
	assert_says("1 of 2: alice; ");
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "alice", "-b",
			     "carol", "-b", "bob", HELLO),
	    0);
	assert_says("2 of 2: alice, bob\n");
	memcpy(once, quorum_said, sizeof(once));
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bob", "-b",
			     "alice", "-b", "bob", "-b", "carol", HELLO),
	    0);
	assert_string_equal(quorum_said, once);
}

static void
nodes_outside_the_policy_have_no_voice(void **state)
{
	static const char *const two[NODES] = { "alice", NULL, "carol" };

	(void)state;
	fetch(HELLO);
	policy_write("strict", two, 2);
	assert_int_equal(RUN("verify", "-p", "strict", "-b", "bundle", HELLO),
	    1);
	assert_says("1 of 2: alice; ");
	assert_silent_about("bob");
	assert_silent_about(quorum_nodes[BOB].vkey.name);
}

/* Its log goes on behind what it said before it was away. */
static void
a_dead_node_is_missed_by_name_and_heard_when_it_is_back(void **state)
{
	char missing[2 * KEY_NAME_MAX];

	(void)state;
	policy_write("policy", everybody, 3);
	whole_node_stop(&quorum_nodes[CAROL].node);
	fetch(CALM);
	snprintf(missing, sizeof(missing), "%s: given up after 0 of 1 answers",
	    quorum_nodes[CAROL].vkey.name);
	assert_says(missing);
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle", CALM),
	    1);
	assert_says("2 of 3: alice, bob; too few operators reproduced it\n");
	assert_node_says("carol", CAROL, "nothing\n");
	policy_write("policy", everybody, 2);
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle", CALM),
	    0);
	quorum_node_start(CAROL);
	policy_write("policy", everybody, 3);
	assert_int_equal(verify(CALM), 0);
	assert_says("3 of 3: alice, bob, carol\n");
}

/* What becomes of a node's own bundle when the policy breaks a rule. */
static void
with_a_broken_policy_nothing_is_decided(void **state)
{
	static const char *const both[NODES] = { "alice", "bob", NULL };
	static const struct {
		const char *more, *says;
	} t[] = {
		{ "require 1\n", "\"require\" stands twice" },
		{ "veto carol\n", "is no word of a policy" },
		{ "operator alice x\n", "is an operator already" },
		{ "operator carol x\n", "is no node" },
		{ "node x http://127.0.0.1/\n", "is no verifier key" },
		{ "repository debian\n", "stands here twice" },
		{ "require 1", "it does not end: the file may be cut off" },
		{ "require 1\r\n", "only printable ASCII" },
	};
	char text[8192];
	size_t i, len;
	FILE *f;

	(void)state;
	fetch(HELLO);
	policy_write("policy", both, 3);
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle", HELLO),
	    2);
	assert_says("it requires 3 operators and names 2: it can never accept");
	policy_write("policy", both, 2);
	f = fopen("policy", "r");
	assert_non_null(f);
	len = fread(text, 1, sizeof(text) / 2, f);
	fclose(f);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		strcpy(text + len, t[i].more);
		write_file("policy", text, strlen(text));
		assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle",
				     HELLO),
		    2);
		assert_says(t[i].says);
		assert_silent_about("accepted");
		assert_int_equal(RUN("fetch", "-p", "policy", "-o", "none",
				     HELLO),
		    2);
		assert_int_equal(access("none", F_OK), -1);
	}
}

#define CLAIM(f) cmocka_unit_test_setup(f, begin)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(three_honest_nodes_are_believed_and_named),
		CLAIM(a_liar_does_not_stop_what_the_others_reproduced),
		CLAIM(a_liar_brings_in_no_bytes_that_nobody_else_has),
		CLAIM(whose_bytes_they_are_not_is_told_on_demand),
		CLAIM(a_liar_who_must_be_heard_stops_it_and_is_named),
		CLAIM(two_nodes_of_one_operator_are_one_voice),
		CLAIM(failed_unavailable_and_unknown_are_told_apart),
		CLAIM(bundles_of_single_nodes_add_up),
		CLAIM(nodes_outside_the_policy_have_no_voice),
		CLAIM(a_dead_node_is_missed_by_name_and_heard_when_it_is_back),
		CLAIM(with_a_broken_policy_nothing_is_decided),
	};
	int failed;

	if (geteuid() != 0) {
		print_message("needs root\n");
		return 77;
	}
	quorum_directory_make();
	failed = cmocka_run_group_tests_name("quorum_nodes", tests, begin_all,
	    end_all);
	quorum_directory_remove();
	return failed;
}
