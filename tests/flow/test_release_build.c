/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A release from its signed tags to verdicts: components in the shape of
 * Qubes' own, published by somebody who has none of our programs.
 *
 * Needs root and the archive of this computer's apt.  The publisher's root is
 * kept beside the programs for the next run.
 */
#include "tests/flow/release_world.h"

#include <unistd.h>

#define ALPHA "alpha@v1.2.3-1/vm-"
#define BETA "beta@v2.0-1/vm-"
#define POOL "pool/main/q/qubes-"

/* Of the node's archive, such as bookworm; what follows a version there. */
static char suite[64], suffix[16], arch[16];

static void
ask_line(const char *deed, char *out, size_t cap)
{
	struct said said = archive_ask("exec '%s/qubes/world' %s '%s'",
	    getenv("RB_DATA"), archive_world.directory, deed);

	assert_int_equal(said.status, 0);
	(void)snprintf(out, cap, "%.*s", (int)strcspn(said.text, "\n"),
	    said.text);
}

static int
start(void **state)
{
	if (geteuid() != 0)
		return 0;
	(void)release_world_make(state);
	ask_line("echo $suite", suite, sizeof(suite));
	ask_line("echo +deb${number}u1", suffix, sizeof(suffix));
	ask_line("echo $arch", arch, sizeof(arch));
	release_do("make_components; release_file");
	/* Twice in one place and once in another, as suites share files. */
	release_do("root %s/../cache; "
		   "publish alpha v1.2.3-1 /srv/of/publisher $suite "
		   "$suite-testing; "
		   "publish beta v2.0-1 /build $suite-testing; "
		   "tamper " POOL "beta/qubes-beta-data_2.0-1%s_all.deb "
		   "$suite-testing",
	    getenv("RB_BIN"), suffix);
	archive_serve();
	return 0;
}

static const char *
target(const char *begin)
{
	static char text[2][128];
	static unsigned int turn;
	char *out = text[turn++ % 2];

	(void)snprintf(out, sizeof(text[0]), "%s%s", begin, suite);
	return out;
}

/* All statements about a published file, one a line. */
static struct said
statements(const char *file)
{
	return archive_ask(
	    "cd %s/www/r4.3/vm; exec python3 -c 'import base64, hashlib, re, "
	    "sys, urllib.request\n"
	    "file = hashlib.sha256(open(sys.argv[2], \"rb\").read())\n"
	    "text = urllib.request.urlopen(sys.argv[1] +\n"
	    "    file.hexdigest()).read().decode()\n"
	    "for p in re.findall(\"\\\"payload\\\":\\\"([^\\\"]*)\", text):\n"
	    "    print(base64.b64decode(p).decode())' "
	    "http://127.0.0.1:%u/evidence/sha256/ " POOL "%s",
	    archive_world.directory, archive_world.port, file);
}

static void
has(const char *what, const struct said *said, const char *words)
{
	if (strstr(said->text, words) == NULL)
		fail_msg("%s: no '%s' in %d: %s", what, words, said->status,
		    said->text);
}

static void
accepts_tags_and_makes_jobs_in_the_order_of_the_release(void **state)
{
	struct said said;

	(void)state;
	release_poll();
	said = release_says("queue", "", 0, target(ALPHA));
	has("queue", &said, target(BETA));
	assert_null(strstr(said.text, "unchecked"));
	assert_null(strstr(said.text, "sources"));
	(void)release_says("why", target(BETA), 0, "It waits for " ALPHA);
	assert_true(release_noted("alpha: accepted v1.2.3-1, 1.2.3-1, commit"));
	assert_true(release_noted("sources: accepted v1.0"));
	said = release_shows("alpha");
	has("alpha", &said, "\"tag\": \"v1.2.3-1\", \"state\": \"watched\"");
	has("alpha", &said, "\"alarms\": []");
	said = release_shows("sources");
	has("sources", &said, "\"tag\": \"v1.0\", \"state\": \"source-only\"");
	said = release_shows("unchecked");
	has("unchecked", &said, "\"tag\": null, \"state\": \"unchecked\"");
}

static void
expect(const struct said *said, const char *file, const char *verdict)
{
	char words[512];
	const char *at;

	(void)snprintf(words, sizeof(words), "\"file\":\"%s\"", file);
	at = strstr(said->text, words);
	(void)snprintf(words, sizeof(words), "\"verdict\":\"%s\"", verdict);
	if (at == NULL || (at = strstr(at, "\"verdict\"")) == NULL ||
	    strncmp(at, words, strlen(words)) != 0)
		fail_msg("not %s %s: %s", file, verdict, said->text);
}

static const char *
file_of(const char *package, const char *version, const char *architecture)
{
	static char text[256];

	(void)snprintf(text, sizeof(text), "%s_%s%s_%s.deb", package, version,
	    suffix, architecture);
	return text;
}

static void
builds_what_was_published_from_the_signed_source(void **state)
{
	struct said said;
	char rest[512];

	(void)state;
	(void)snprintf(rest, sizeof(rest), "--json %s %s", target(ALPHA),
	    target(BETA));
	said = archive_node("rebuild", rest);
	print_message("%s", said.text);
	expect(&said, file_of("libalpha1", "1.2.3-1", arch), "reproduced");
	expect(&said, file_of("libalpha-dev", "1.2.3-1", arch), "reproduced");
	expect(&said, file_of("qubes-beta", "2.0-1", arch), "reproduced");
	expect(&said, file_of("qubes-beta-data", "2.0-1", "all"), "differs");
	assert_int_equal(said.status, 1);
	(void)release_says("rebuild", "unchecked", 2, "never attested");
	(void)release_says("rebuild", "sources", 2, "has no packages");
}

static void
says_which_tag_it_was_and_what_entered_the_build(void **state)
{
	char path[300], words[256], fact[128];
	struct said said, list;

	(void)state;
	(void)snprintf(path, sizeof(path), "beta/%s",
	    file_of("qubes-beta", "2.0-1", arch));
	said = statements(path);
	has("beta", &said, "\"kind\":\"git-tag\"");
	has("beta", &said, "\"tag\":\"v2.0-1\"");
	has("beta", &said, "\"threshold\":1");
	has("beta", &said, "\"equal\":\"yes\"");
	has("beta", &said, "\"distribution\":\"vm-");
	has("beta", &said, "\"repository\":\"qubes-r4.3\"");
	ask_line("git -C work/beta rev-parse v2.0-1^{commit}", fact,
	    sizeof(fact));
	(void)snprintf(words, sizeof(words), "\"commit\":\"%s\"", fact);
	has("beta", &said, words);
	ask_line("git -C work/beta rev-parse v2.0-1", fact, sizeof(fact));
	(void)snprintf(words, sizeof(words), "\"tagObject\":\"%s\"", fact);
	has("beta", &said, words);
	ask_line("git -C work/beta cat-file tag v2.0-1 | sha256sum | "
		 "cut -d \" \" -f 1",
	    fact, sizeof(fact));
	(void)snprintf(words, sizeof(words),
	    "\"tagDigest\":{\"sha256\":\"%s\"}", fact);
	has("beta", &said, words);
	ask_line("fingerprint bob", fact, sizeof(fact));
	(void)snprintf(words, sizeof(words), "\"signers\":[\"%s\"]", fact);
	has("beta", &said, words);
	has("beta", &said, "\"treeDigest\":{\"sha256\":\"");

	/* The rest of it is what the archive has. */
	list = archive_ask("'%s/qubes-rebuilder' inputs -c %s/node/node.yml %s "
			   "| grep -v '^deb .* debian/'",
	    getenv("RB_BIN"), archive_world.directory, target(BETA));
	(void)snprintf(words, sizeof(words),
	    "deb libalpha-dev 1.2.3-1%s %s "
	    "built ",
	    suffix, arch);
	has("inputs", &list, words);
	has("inputs", &list, "file beta-2.0.tar.gz - - https://127.0.0.1:");
	ask_line("git -C work/beta rev-parse v2.0-1:debian/shared", fact,
	    sizeof(fact));
	(void)snprintf(words, sizeof(words),
	    "module debian/shared %s - http://127.0.0.1:", fact);
	has("inputs", &list, words);
}

static void
quorum(const char *file, int status)
{
	struct said said = archive_ask(
	    "exec 2>&1; cd %s; bin='%s'; key=$($bin/qubes-rebuilder key -c "
	    "node/node.yml); cat >policy <<END\n"
	    "policy 1\n"
	    "node $key http://127.0.0.1:%u/\n"
	    "operator me ${key%%%%+*}\n"
	    "require 1\n"
	    "repository qubes-r4.3\n"
	    "END\n"
	    "cp www/r4.3/vm/" POOL "%s . && "
	    "$bin/qubes-quorum fetch -p policy -o bundle ${file=%s} && "
	    "$bin/qubes-quorum verify -p policy -b bundle $file",
	    archive_world.directory, getenv("RB_BIN"), archive_world.port, file,
	    strrchr(file, '/') + 1);

	if (said.status != status)
		fail_msg("%s: not %d but %d: %s", file, status, said.status,
		    said.text);
}

static void
a_quorum_accepts_what_was_reproduced_alone(void **state)
{
	char path[300];

	(void)state;
	(void)snprintf(path, sizeof(path), "beta/%s",
	    file_of("qubes-beta", "2.0-1", arch));
	quorum(path, 0);
	(void)snprintf(path, sizeof(path), "beta/%s",
	    file_of("qubes-beta-data", "2.0-1", "all"));
	quorum(path, 1);
}

/* And the node goes on where it was when it starts anew. */
static void
builds_a_new_tag_when_it_finds_one(void **state)
{
	struct said said;
	char rest[256];

	(void)state;
	release_do("release_alpha 1.2.4 bob; "
		   "publish alpha v1.2.4-1 /srv/of/publisher $suite");
	release_poll();
	(void)release_says("queue", "", 0, "alpha@v1.2.4-1/vm-");
	archive_serve_end();
	archive_serve();
	(void)snprintf(rest, sizeof(rest), "--json %s",
	    target("alpha@v1.2.4-1/vm-"));
	said = archive_node("rebuild", rest);
	expect(&said, file_of("libalpha1", "1.2.4-1", arch), "reproduced");
	assert_int_equal(said.status, 0);
	release_poll();
	said = release_shows("alpha");
	has("alpha", &said, "\"tag\": \"v1.2.4-1\"");
	release_awaits("alpha", "\"verdict\": \"reproduced\"");
}

static struct said
inputs_of(const char *component)
{
	return archive_ask("'%s/qubes-rebuilder' inputs -c %s/node/node.yml %s "
			   "| grep -E '^deb (qubes-[a-z-]*|dpkg|debhelper|"
			   "python3-fido2) '",
	    getenv("RB_BIN"), archive_world.directory, target(component));
}

/* Whoever hides the environment would make an honest build differ. */
static void
misses_a_buildinfo_that_is_not_there_any_more(void **state)
{
	(void)state;
	release_do("mkdir hidden; mv www/r4.3/vm/" POOL
		   "alpha/*_1.2.4-1*.buildinfo hidden/");
	(void)release_says("rebuild", target("alpha@v1.2.4-1/vm-"), 2,
	    "unavailable");
	(void)release_says("why", target("alpha@v1.2.4-1/vm-"), 0,
	    "no .buildinfo lies beside it");
	release_do("mv hidden/* www/r4.3/vm/" POOL "alpha/");
	(void)release_says("rebuild", target("alpha@v1.2.4-1/vm-"), 0,
	    "reproduced");
}

/* A component may bring what later ones need, but not their compiler. */
static void
takes_the_base_system_from_the_archive_alone(void **state)
{
	struct said said;

	(void)state;
	release_do("(provides=\"debhelper-compat (= 13)\"; "
		   "make_plain mallory qubes-mallory 99.0 \"\" qubes-mallory "
		   "dpkg debhelper compat); "
		   "make_plain fido python-fido2 99.0 \"\" python3-fido2; "
		   "make_plain gamma qubes-gamma 1.0 "
		   "\", qubes-mallory, python3-fido2\" qubes-gamma; "
		   "publish_other mallory 99.0-1 $suite; "
		   "publish_other fido 99.0-1 $suite python-fido2 "
		   "python3-fido2; "
		   "publish_other gamma 1.0-1 $suite; "
		   "release_file mallory fido gamma");
	release_poll();
	(void)release_says("rebuild", target("mallory@v99.0-1/vm-"), 1,
	    "differs");
	(void)release_says("rebuild", target("fido@v99.0-1/vm-"), 1, "differs");
	(void)release_says("rebuild", target("gamma@v1.0-1/vm-"), 1, "differs");
	said = inputs_of("gamma@v1.0-1/vm-");
	has("gamma", &said, "deb qubes-mallory 99.0-1");
	has("gamma", &said, "deb python3-fido2 99.0-1");
	has("gamma", &said, "deb dpkg ");
	assert_null(strstr(said.text, "deb dpkg 99.0-1"));
	release_poll();
	said = release_shows("fido");
	has("fido", &said, "\"alarms\": []");
	said = release_shows("mallory");
	has("mallory", &said,
	    "\"alarms\": [\"source package qubes-mallory makes packages that ");
	has("mallory", &said, " has: debhelper, dpkg; later components are ");
	assert_true(release_noted("mallory: source package qubes-mallory"));
}

/* Whoever signs one component does not speak for the packages of another. */
static void
attests_a_source_package_from_one_component_alone(void **state)
{
	struct said said;

	(void)state;
	release_do("make_plain thief qubes-alpha 1.2.4 \"\" libalpha1; "
		   "release_file mallory fido gamma thief");
	release_poll();
	(void)release_says("rebuild", target("thief@v1.2.4-1/vm-"), 2,
	    "thief: makes source package qubes-alpha, as component alpha of "
	    "r4.3 does");
	(void)release_says("why", target("thief@v1.2.4-1/vm-"), 0,
	    "as component alpha of r4.3 does");
	release_poll();
	said = release_shows("thief");
	has("thief", &said,
	    "\"alarms\": [\"makes source package qubes-alpha, as component "
	    "alpha of r4.3 does");
	/* Who came first may have been the thief. */
	(void)release_says("rebuild", target("alpha@v1.2.4-1/vm-"), 2,
	    "alpha: makes source package qubes-alpha, as component thief of "
	    "r4.3 does; what is published under this name is attested from "
	    "neither until release.sources in node.yml says whose it is");
}

/*
 * What no node can build keeps nobody waiting: what needs it is told so, and
 * what does not is built.
 */
static void
goes_on_without_what_cannot_be_built(void **state)
{
	struct said said;

	(void)state;
	release_do("make_plain chores qubes-chores 1.0 \"\" qubes-chores; "
		   "printf \"%%s\\n\" \"    source:\" \"      commands:\" "
		   "\"      - make it\" >>work/chores/.qubesbuilder; "
		   "commit chores; tag chores bob v1.0-1; push chores; "
		   "make_plain delta qubes-delta 1.0 "
		   "\", qubes-chores, qubes-sources (>= 2), libc6-dev\" "
		   "qubes-delta; "
		   "make_plain epsilon qubes-epsilon 1.0 \"\" qubes-epsilon; "
		   "publish_other delta 1.0-1 $suite; "
		   "publish_other epsilon 1.0-1 $suite; "
		   "component idle; version idle 1.0 bob; "
		   "release_file mallory fido gamma thief chores delta epsilon "
		   "idle");
	release_poll();
	(void)release_says("rebuild", target("epsilon@v1.0-1/vm-"), 1,
	    "differs");
	(void)release_says("why", target("chores@v1.0-1/vm-"), 0,
	    "no node can make its source package: .qubesbuilder has commands");
	said = release_says("why", target("delta@v1.0-1/vm-"), 0,
	    "its build dependencies cannot be met from ");
	has("delta", &said,
	    "and this node's own builds; missing: qubes-chores; qubes-sources "
	    "(>= 2)");
	assert_null(strstr(said.text, "libc6-dev"));
	(void)release_says("rebuild", target("idle@v1.0/vm-"), 0, "");
	said = release_says("why", target("idle@v1.0/vm-"), 0,
	    ": tried.\n  nothing of it is built for vm-");
	release_poll();
	release_awaits("delta", "\"verdict\": \"unavailable\"");
}

/* Each job asks for it anew, and most find what the one before found. */
static void
notes_once_who_signed_a_repository(void **state)
{
	struct said said;

	(void)state;
	assert_true(release_noted("archive: Release of "));
	assert_true(release_noted("published: Release of "));
	said = archive_ask("grep -F ' is signed by ' %s/notes | sort | uniq -d",
	    archive_world.directory);
	assert_string_equal(said.text, "");
}

/* Of a new distribution not all suites are there; none goes again. */
static void
tells_a_suite_that_is_not_there_yet_from_one_that_is_gone(void **state)
{
	static const char *const epsilon = "epsilon@v1.0-1/vm-";
	struct said said;

	(void)state;
	assert_true(release_noted("-securitytesting yet: "));
	release_do("mkdir www/r4.3/vm/dists/$suite-securitytesting; index");
	(void)release_says("rebuild", target(epsilon), 1, "differs");
	release_do("rm -r www/r4.3/vm/dists/$suite-securitytesting");
	(void)release_says("rebuild", target(epsilon), 2,
	    "-securitytesting was published at ");
	release_poll();
	said = release_shows("epsilon");
	has("epsilon", &said, "-securitytesting was published at ");
	has("epsilon", &said, "take its suffix out of published.suffixes");
}

#define TEST(f) cmocka_unit_test_setup(f, archive_world_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(accepts_tags_and_makes_jobs_in_the_order_of_the_release),
		TEST(builds_what_was_published_from_the_signed_source),
		TEST(says_which_tag_it_was_and_what_entered_the_build),
		TEST(a_quorum_accepts_what_was_reproduced_alone),
		TEST(builds_a_new_tag_when_it_finds_one),
		TEST(misses_a_buildinfo_that_is_not_there_any_more),
		TEST(takes_the_base_system_from_the_archive_alone),
		TEST(attests_a_source_package_from_one_component_alone),
		TEST(goes_on_without_what_cannot_be_built),
		TEST(tells_a_suite_that_is_not_there_yet_from_one_that_is_gone),
		TEST(notes_once_who_signed_a_repository),
	};

	return cmocka_run_group_tests(tests, start, release_world_stop);
}
