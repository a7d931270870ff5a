/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/webnode.h"

#include <sys/stat.h>
#include <unistd.h>

#include "tests/flow/quorum_run.h"

#define FILE_NAME "hello_1.0-1_amd64.deb"
#define CONTENT "what the archive ships"
#define TAMPERED "what somebody would like to be installed"

/* Three operators with a node each; two of them are needed. */
enum { ALICE, BOB, CAROL, NODES };

static struct testnode nodes[NODES];
static struct webnode webs[NODES];
static const char *host = "127.0.0.1"; /* that the policy names */
static struct digest good;

static void
write_policy(void)
{
	struct buf text = BUF_INIT, vkey = BUF_INIT;
	size_t i;

	assert_int_equal(buf_put_str(&text, "policy 1\n"), RB_OK);
	for (i = 0; i < NODES; i++) {
		buf_reset(&vkey);
		assert_int_equal(vkey_write(&nodes[i].vkey, &vkey), RB_OK);
		assert_int_equal(buf_printf(&text,
				     "node %.*s http://%s:%d/base/\n",
				     (int)vkey.len, (const char *)vkey.p, host,
				     webs[i].port),
		    RB_OK);
	}
	assert_int_equal(
	    buf_put_str(&text,
		"operator alice a.example/log\n"
		"operator bob b.example/log\noperator carol c.example/log\n"
		"require 2\nrepository example\n"),
	    RB_OK);
	write_file("policy", text.p, text.len);
	buf_clear(&text);
	buf_clear(&vkey);
}

/* Everything that a node has said, in the form of an answer. */
static void
publish(size_t node, struct webnode *at)
{
	struct bundle b = BUNDLE_INIT;
	size_t i;

	buf_clear(&at->answer);
	for (i = 0; i < nodes[node].n; i++)
		testnode_prove(&nodes[node], i, nodes[node].n, &b);
	assert_int_equal(bundle_write(&b, &at->answer), RB_OK);
	bundle_clear(&b);
}

static void
say(size_t node, enum verdict v, const struct digest *sha256)
{
	const struct says says = { .verdict = v,
		.file = FILE_NAME,
		.sha256 = sha256 };

	testnode_say(&nodes[node], &says);
}

static int
begin(void **state)
{
	static const char *const names[] = { "a.example/log", "b.example/log",
		"c.example/log" };
	size_t i;

	(void)state;
	for (i = 0; i < NODES; i++) {
		testnode_init(&nodes[i], names[i]);
		webnode_start(&webs[i], MANNER_HONEST);
		say(i, VERDICT_REPRODUCED, &good);
		publish(i, &webs[i]);
	}
	write_policy();
	write_file(FILE_NAME, CONTENT, strlen(CONTENT));
	assert_int_equal(mkdir("evil", 0755), 0);
	write_file("nopackage", TAMPERED, strlen(TAMPERED));
	write_file("evil/" FILE_NAME, TAMPERED, strlen(TAMPERED));
	return 0;
}

static int
end(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < NODES; i++) {
		webnode_stop(&webs[i]);
		testnode_clear(&nodes[i]);
	}
	unlink("bundle");
	unlink(FILE_NAME);
	unlink("evil/" FILE_NAME);
	unlink("policy");
	unlink("nopackage");
	rmdir("evil");
	return 0;
}

static void
without_a_bundle_nothing_is_accepted(void **state)
{
	(void)state;
	assert_int_equal(RUN("verify", "-p", "policy", FILE_NAME), 1);
	assert_says("refused   " FILE_NAME "  0 of 2; nobody tried it");
	assert_says("no bundle was given");
}

static void
what_cannot_be_read_is_not_decided(void **state)
{
	(void)state;
	assert_int_equal(mkfifo("fifo", 0600), 0);
	fetch(FILE_NAME);
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle",
			     FILE_NAME, "absent"),
	    2);
	assert_says("absent: cannot be opened");
	assert_silent_about("accepted");
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle", "fifo"),
	    2);
	assert_says("no regular file");
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle", "."), 2);
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "policy",
			     FILE_NAME),
	    2);
	assert_int_equal(RUN("verify", "-p", "bundle", "-b", "bundle",
			     FILE_NAME),
	    2);
	assert_says("bundle: it is no policy: the first line must be");
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "absent",
			     FILE_NAME),
	    2);
	assert_int_equal(RUN("verify", "-b", "bundle", FILE_NAME), 2);
	assert_says("no policy");
	assert_silent_about("usage:");
	assert_int_equal(RUN("verify", "-p", "policy", "-p", "policy",
			     FILE_NAME),
	    2);
	assert_int_equal(RUN("verify", "-p", "policy"), 2);
	assert_int_equal(RUN("verify", "--force", "-p", "policy", FILE_NAME),
	    2);
	assert_int_equal(RUN("approve"), 2);
	unlink("fifo");
}

static void
help_tells_every_command_and_a_wrong_word_is_named(void **state)
{
	static const char *const says[] = { "[--explain]",
		"\n  verify   decide", "\n  explain  decide",
		"\n  fetch    collect", "\n  policy   say", "qubes-quorum(1)" };
	size_t i;

	(void)state;
	assert_int_equal(RUN("--help"), 0);
	for (i = 0; i < sizeof(says) / sizeof(says[0]); i++)
		assert_says(says[i]);
	assert_silent_about("is not a command");
	assert_int_equal(RUN("fetch", "--help"), 0);
	assert_says("[--explain]");
	assert_says("\n  --proxy URL  ask");
	assert_int_equal(RUN("verify", "--help"), 0);
	assert_says("\n  --json     one JSON object");
	assert_int_equal(RUN("explain", "--help"), 0);
	assert_says("\n  -b BUNDLE  what nodes said");
	assert_silent_about("--json");
	assert_int_equal(RUN("policy", "check", "--help"), 0);
	assert_says("usage: qubes-quorum policy check POLICY\n");
	assert_int_equal(RUN("vrify", "-p", "policy", FILE_NAME), 2);
	assert_says("\"vrify\" is not a command\n");
	assert_int_equal(RUN("explain", "-p", "policy", FILE_NAME), 1);
	assert_says("or with --explain, to see whether nodes know other bytes");
}

static void
a_decision_that_nobody_could_read_is_none(void **state)
{
	static const char *const args[] = { "verify", "-p", "policy", "-b",
		"bundle", FILE_NAME, NULL };

	(void)state;
	fetch(FILE_NAME);
	assert_int_equal(quorum_run(args, NULL), 0);
	assert_int_equal(quorum_run(args, "/dev/full"), 2);
}

static void
the_honest_file_is_accepted(void **state)
{
	(void)state;
	fetch(FILE_NAME);
	assert_says("c.example/log: 1 piece of evidence about");
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle",
			     FILE_NAME),
	    0);
	assert_says("accepted  " FILE_NAME "  3 of 2: alice, bob, carol\n");
	assert_int_equal(RUN("verify", "--json", "-p", "policy", "-b", "bundle",
			     FILE_NAME),
	    0);
	assert_says("{\"cause\":\"accepted\",\"decision\":\"accepted\"");
	assert_says("\"operators\":[\"alice\",\"bob\",\"carol\"]");
	assert_int_equal(RUN("explain", "-p", "policy", "-b", "bundle",
			     FILE_NAME),
	    0);
	assert_says("accepted when 2 of 3 operators");
}

static void
a_tampered_file_is_refused_and_the_real_one_named(void **state)
{
	char hex[DIGEST_HEX_LEN + 1];

	(void)state;
	digest_hex(&good, hex);
	fetch_to_explain("evil/" FILE_NAME);
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle",
			     "evil/" FILE_NAME),
	    1);
	assert_says("0 of 2; nodes know other bytes under this name");
	assert_says(hex);
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle",
			     FILE_NAME, "evil/" FILE_NAME),
	    1);
	assert_says("accepted  " FILE_NAME);
	assert_says("refused   evil/" FILE_NAME);
	assert_int_equal(RUN("explain", "-p", "policy", "-b", "bundle",
			     "evil/" FILE_NAME),
	    1);
	assert_says("Do not install it.");
}

static void
other_verdicts_are_told_apart(void **state)
{
	static const struct {
		enum verdict verdict;
		const char *says;
	} t[] = {
		{ VERDICT_UNAVAILABLE, "it could not be tried" },
		{ VERDICT_FAILED, "the build failed" },
		{ VERDICT_DIFFERS, "somebody rebuilt it and got other bytes" },
	};
	struct digest tampered;
	char at[128];
	size_t i;

	(void)state;
	assert_int_equal(digest_of(SPAN(TAMPERED), &tampered), RB_OK);
	webs[ALICE].manner = MANNER_NOT_FOUND;
	webs[CAROL].manner = MANNER_NOT_FOUND;
	testnode_clear(&nodes[BOB]);
	testnode_init(&nodes[BOB], "b.example/log");
	write_policy();
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		say(BOB, t[i].verdict, &tampered);
		publish(BOB, &webs[BOB]);
		fetch_to_explain("evil/" FILE_NAME);
		assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle",
				     "evil/" FILE_NAME),
		    1);
		assert_says(t[i].says);
		assert_says(verdict_name(t[i].verdict));
		assert_int_equal(RUN("explain", "-p", "policy", "-b", "bundle",
				     "evil/" FILE_NAME),
		    1);
		snprintf(at, sizeof(at), "(b.example/log), leaf %zu: %s", i,
		    verdict_name(t[i].verdict));
		assert_says(at);
		snprintf(at, sizeof(at),
		    "\n    see http://127.0.0.1:%d/base/builds/%zu\n",
		    webs[BOB].port, i);
		assert_says(at);
	}
}

/*
 * Every node was asked for `n` buckets of this kind, each of two digits, and
 * for nothing else.
 */
static void
assert_asked(const char *kind, size_t n)
{
	const char *line, *end;
	size_t i, asked, len = strlen(kind);

	for (i = 0; i < NODES; i++) {
		asked = 0;
		for (line = webs[i].asked; *line != '\0'; line = end + 1) {
			end = strchr(line, '\n');
			if (strncmp(line, kind, len) != 0 ||
			    end != line + len + 2)
				fail_msg("asked: %s", webs[i].asked);
			asked++;
		}
		assert_int_equal(asked, n);
		webs[i].asked[0] = '\0';
	}
}

/* Whoever asks a second time tells more. */
static void
nobody_is_asked_before_the_answers_have_a_place(void **state)
{
	static const struct {
		const char *output, *says;
	} t[] = {
		{ "absent/bundle",
		    "absent/bundle: cannot be written: No such file" },
		{ "policy/bundle", "cannot be written: Not a directory" },
		{ "evil", "evil: cannot be written: it is a directory" },
		{ "evil/", "it is a directory; name a file in it" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(RUN("fetch", "-p", "policy", "-o", t[i].output,
				     FILE_NAME),
		    2);
		assert_string_equal(webs[ALICE].asked, "");
		assert_says(t[i].says);
	}
}

/* A digest's bucket and a package's together would single the file out. */
static void
a_node_learns_one_bucket_of_each_file(void **state)
{
	char hex[DIGEST_HEX_LEN + 1], bucket[64];

	(void)state;
	digest_hex(&good, hex);
	snprintf(bucket, sizeof(bucket), "/base/evidence/prefix/%.2s\n", hex);
	fetch(FILE_NAME);
	assert_string_equal(webs[ALICE].asked, bucket);
	assert_asked("/base/evidence/prefix/", 1);
	assert_int_equal(RUN("fetch", "-p", "policy", "-o", "bundle", FILE_NAME,
			     "evil/" FILE_NAME),
	    0);
	assert_asked("/base/evidence/prefix/", 2);
	fetch_to_explain(FILE_NAME);
	assert_asked("/base/evidence/package-prefix/", 1);
	fetch_to_explain("nopackage"); /* what has no package has a digest */
	assert_asked("/base/evidence/prefix/", 1);
}

static void
a_proxy_that_would_tell_names_is_refused(void **state)
{
	static const char *const t[] = { "", "127.0.0.1:1", "socks5h://",
		"socks5://127.0.0.1:1", "http://127.0.0.1:1",
		"socks5h://me@127.0.0.1:1", "socks5h://127.0.0.1:1/" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(RUN("fetch", "--proxy", t[i], "-p", "policy",
				     "-o", "bundle", FILE_NAME),
		    2);
		assert_says("socks5h://HOST:PORT");
	}
}

/* Nobody listens there: whoever heeds these reaches no node. */
static void
the_proxy_of_the_environment_is_not_asked(void **state)
{
	(void)state;
	setenv("http_proxy", "http://127.0.0.1:1", 1);
	setenv("ALL_PROXY", "http://127.0.0.1:1", 1);
	fetch(FILE_NAME);
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	assert_says("c.example/log: 1 piece of evidence about");
}

/* The names exist nowhere: whoever resolved them here would fail. */
static void
the_proxy_is_told_each_node_apart(void **state)
{
	enum { LINE = 33 }; /* 32 digits and the line feed */
	char proxy[64];
	const char *users = webs[ALICE].users;

	(void)state;
	webs[ALICE].is_socks = true;
	host = "node.invalid";
	write_policy();
	host = "127.0.0.1";
	snprintf(proxy, sizeof(proxy), "socks5h://127.0.0.1:%d",
	    webs[ALICE].port);
	setenv("no_proxy", "*", 1); /* leads nobody around it */
	assert_int_equal(RUN("fetch", "--proxy", proxy, "-p", "policy", "-o",
			     "bundle", FILE_NAME),
	    0);
	unsetenv("no_proxy");
	assert_int_equal(strlen(users), NODES * LINE);
	assert_memory_not_equal(users, users + LINE, LINE);
	assert_memory_not_equal(users, users + 2 * LINE, LINE);
	assert_memory_not_equal(users + LINE, users + 2 * LINE, LINE);
}

static void
a_node_of_bad_manners_harms_nobody_else(void **state)
{
	static const struct {
		enum manner manner;
		const char *says;
	} t[] = {
		{ MANNER_NOT_FOUND, "b.example/log: nothing about these" },
		{ MANNER_ERROR, "status 500" },
		{ MANNER_REDIRECT, "status 302" },
		{ MANNER_GARBAGE, "no evidence" },
		{ MANNER_TRUNCATED, "b.example/log: given up" },
		{ MANNER_ENDLESS, "more than 16777216 bytes" },
		{ MANNER_SILENT, "b.example/log: given up" },
	};
	size_t i;

	(void)state;
	snprintf(webs[BOB].to, sizeof(webs[BOB].to),
	    "http://127.0.0.1:%d/base/evidence/prefix/00", webs[ALICE].port);
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		webs[BOB].manner = t[i].manner;
		fetch(FILE_NAME);
		assert_says(t[i].says);
		assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle",
				     FILE_NAME),
		    0);
		assert_says("2 of 2: alice, carol\n");
		assert_says("bob (b.example/log): nothing");
	}
}

static void
what_one_node_says_for_another_is_dropped(void **state)
{
	(void)state;
	publish(ALICE, &webs[BOB]);
	fetch(FILE_NAME);
	assert_says("dropped 1 piece of evidence of other nodes");
	assert_int_equal(RUN("verify", "-p", "policy", "-b", "bundle",
			     FILE_NAME),
	    0);
	assert_says("2 of 2: alice, carol\n");
}

/* A key with another's address looks else as if nobody had tried the file. */
static void
the_node_at_a_wrong_address_is_named(void **state)
{
	char says[192];

	(void)state;
	snprintf(says, sizeof(says),
	    "b.example/log: nothing about these files\n"
	    "    http://127.0.0.1:%d/base answers as "
	    "a.example/log, which is another node: is the address right?",
	    webs[BOB].port);
	publish(ALICE, &webs[BOB]);
	fetch(FILE_NAME);
	assert_says(says);
	assert_silent_about("answers as b.example/log");
	assert_silent_about("answers as c.example/log");
	publish(BOB, &webs[BOB]);
	fetch(FILE_NAME);
	assert_silent_about("answers as");
}

static void
a_dead_node_is_named_and_all_dead_write_nothing(void **state)
{
	(void)state;
	webnode_stop(&webs[BOB]);
	fetch(FILE_NAME);
	assert_says("b.example/log: given up after 0 of 1 answers");
	unlink("bundle");
	webnode_stop(&webs[ALICE]);
	webnode_stop(&webs[CAROL]);
	assert_int_equal(RUN("fetch", "-p", "policy", "-o", "bundle",
			     FILE_NAME),
	    1);
	assert_says("nothing was written");
	assert_int_equal(access("bundle", F_OK), -1);
}

static void
hostile_file_names_drive_no_terminal(void **state)
{
	static const char name[] = "x\x1b[2J\naccepted  y";

	(void)state;
	write_file(name, "x", 1);
	assert_int_equal(RUN("verify", "-p", "policy", name), 1);
	assert_says("refused   x\\x1b[2J\\x0aaccepted  y");
	assert_silent_about("\x1b");
	assert_int_equal(RUN("verify", "--json", "-p", "policy", name), 1);
	assert_silent_about("\x1b");
	unlink(name);
}

static void
a_policy_is_told_in_words(void **state)
{
	(void)state;
	assert_int_equal(RUN("policy", "check", "policy"), 0);
	assert_says("2 of 3 operators");
	assert_says("bob (b.example/log) at http://127.0.0.1:");
	write_file("policy", "policy 1\nrequire 0\n", 19);
	assert_int_equal(RUN("policy", "check", "policy"), 2);
	assert_says("always accepts");
}

#define CLAIM(f) cmocka_unit_test_setup_teardown(f, begin, end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(without_a_bundle_nothing_is_accepted),
		CLAIM(what_cannot_be_read_is_not_decided),
		CLAIM(help_tells_every_command_and_a_wrong_word_is_named),
		CLAIM(a_decision_that_nobody_could_read_is_none),
		CLAIM(the_honest_file_is_accepted),
		CLAIM(a_tampered_file_is_refused_and_the_real_one_named),
		CLAIM(other_verdicts_are_told_apart),
		CLAIM(nobody_is_asked_before_the_answers_have_a_place),
		CLAIM(a_node_learns_one_bucket_of_each_file),
		CLAIM(a_proxy_that_would_tell_names_is_refused),
		CLAIM(the_proxy_of_the_environment_is_not_asked),
		CLAIM(the_proxy_is_told_each_node_apart),
		CLAIM(a_node_of_bad_manners_harms_nobody_else),
		CLAIM(what_one_node_says_for_another_is_dropped),
		CLAIM(the_node_at_a_wrong_address_is_named),
		CLAIM(a_dead_node_is_named_and_all_dead_write_nothing),
		CLAIM(hostile_file_names_drive_no_terminal),
		CLAIM(a_policy_is_told_in_words),
	};
	int failed;

	assert_non_null(getenv("RB_BIN"));
	quorum_directory_make();
	if (digest_of(SPAN(CONTENT), &good) != RB_OK)
		return 1;
	failed = cmocka_run_group_tests_name("quorum", tests, NULL, NULL);
	quorum_directory_remove();
	return failed;
}
