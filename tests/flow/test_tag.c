/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a git server sends to a verified tag and its tar, with the real
 * judge and gpgv in their jails, over repositories that real git and gpg made
 * (tests/data/git/make).
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/role.h"
#include "rebuilder/tag.h"
#include "tests/unit/test_nobody.h"

#define PATH_LEN 4096
#define FACTS_MAX 64
#define NAME_LEN 32
#define VALUE_LEN 64

static char world[PATH_LEN]; /* what make made */
static char keys[PATH_LEN], keys_before[PATH_LEN];
static struct depot *depot;

static struct {
	char name[NAME_LEN], value[VALUE_LEN];
} facts[FACTS_MAX];
static size_t nfacts;

static const char *
fact(const char *name)
{
	size_t i;

	for (i = 0; i < nfacts; i++) {
		if (strcmp(facts[i].name, name) == 0)
			return facts[i].value;
	}
	fail_msg("make told no fact '%s'", name);
	return NULL;
}

static FILE *
open_text(const char *name)
{
	char path[PATH_LEN + NAME_LEN];
	FILE *f;

	(void)snprintf(path, sizeof(path), "%s/%s", world, name);
	f = fopen(path, "r");
	assert_non_null(f);
	return f;
}

static int
open_file(const char *moment, const char *name)
{
	char path[PATH_LEN + NAME_LEN];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/%s/%s", world, moment, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

/* Everyone who may sign; the impostor's file holds somebody else's key. */
static const char *const people[] = { "alice", "bob", "carol", "dave", "erin",
	"frank", "impostor" };
#define NPEOPLE (sizeof(people) / sizeof(people[0]))

static struct tag_question
question(const char *branch)
{
	static const char *maintainers[NPEOPLE];
	struct tag_question q;
	size_t i;

	for (i = 0; i < NPEOPLE; i++)
		maintainers[i] = fact(people[i]);
	memset(&q, 0, sizeof(q));
	q.component = "tested";
	q.url = "https://git.test.example/tested";
	q.branch = branch;
	q.maintainers = maintainers;
	q.nmaintainers = NPEOPLE;
	q.threshold = 1;
	q.keys = keys;
	return q;
}

static void
read_refs(const struct tag_question *q, const char *moment,
    struct tag_refs *refs)
{
	int fd = open_file(moment, "advertisement");
	struct fault why = FAULT_INIT;

	if (tag_refs(fd, q, refs, &why) != RB_OK)
		fail_msg("refs: %s", why.text);
	fd_close(&fd);
}

static enum rb_err
try_at(const struct tag_question *q, const char *moment, struct tagged *t,
    struct fault *why)
{
	struct tag_refs refs = TAG_REFS_INIT;
	int pack = open_file(moment, "pack");
	enum rb_err rc;

	read_refs(q, moment, &refs);
	rc = tag_verify(q, &refs, pack, depot, t, why);
	tag_refs_clear(&refs);
	fd_close(&pack);
	return rc;
}

static void
verify_at(const struct tag_question *q, const char *moment, struct tagged *t)
{
	struct fault why = FAULT_INIT;

	if (try_at(q, moment, t, &why) != RB_OK)
		fail_msg("%s: %s", q->branch, why.text);
	/* The reason is given exactly when there is one. */
	assert_int_equal(why.text[0] == '\0', tagged_is_accepted(t));
}

static const struct tag_seen *
seen(const struct tagged *t, const char *ref)
{
	size_t i;

	for (i = 0; i < t->nseen; i++) {
		if (strcmp(t->seen[i].ref, ref) == 0)
			return &t->seen[i];
	}
	fail_msg("tag %s was not looked at", ref);
	return NULL;
}

static void
every_kind_of_tag_is_told_apart(void **state)
{
	static const struct {
		const char *branch, *ref;
		enum tag_outcome outcome;
		enum tag_ruling ruling;
		const char *signer;
	} cases[] = {
		{ "rsa", "v1.0.1", TAG_VALID, TAGS_ACCEPTED, "alice" },
		{ "ed25519", "v1.0.2", TAG_VALID, TAGS_ACCEPTED, "bob" },
		{ "subkeys", "v1.0.3", TAG_VALID, TAGS_ACCEPTED, "carol" },
		{ "subkeys", "carol_1", TAG_VALID, TAGS_ACCEPTED, "carol" },
		{ "expired", "v1.0.5", TAG_EXPIRED_KEY, TAGS_TOO_FEW, NULL },
		{ "revoked", "v1.0.6", TAG_REVOKED_KEY, TAGS_TOO_FEW, NULL },
		{ "weak", "v1.0.7", TAG_WEAK_DIGEST, TAGS_TOO_FEW, NULL },
		{ "twice", "v1.0.8", TAG_SIGNED_TWICE, TAGS_TOO_FEW, NULL },
		{ "twice", "twice", TAG_SIGNED_TWICE, TAGS_TOO_FEW, NULL },
		{ "unknown", "v1.0.9", TAG_UNKNOWN_KEY, TAGS_TOO_FEW, NULL },
		{ "nested", "nested", TAG_NESTED, TAGS_ACCEPTED, "alice" },
		{ "lightweight", "v1.0.11", TAG_LIGHTWEIGHT, TAGS_TOO_FEW,
		    NULL },
		{ "ssh", "v1.0.12", TAG_SSH, TAGS_TOO_FEW, NULL },
		{ "other-name", "v1.0.14", TAG_OTHER_NAME, TAGS_TOO_FEW, NULL },
		{ "other-version", "v9.9.9", TAG_OTHER_VERSION, TAGS_TOO_FEW,
		    NULL },
		{ "release", "v1.0.16-2", TAG_VALID, TAGS_ACCEPTED, "alice" },
		{ "unsigned", "v1.0.18", TAG_UNSIGNED, TAGS_TOO_FEW, NULL },
		{ "expired-signature", "v1.0.19", TAG_EXPIRED_SIGNATURE,
		    TAGS_TOO_FEW, NULL },
		{ "bad", "v1.0.20", TAG_BAD_SIGNATURE, TAGS_TOO_FEW, NULL },
		{ "x509", "v1.0.21", TAG_X509, TAGS_TOO_FEW, NULL },
		{ "forged", "mallory_1", TAG_OTHER_KEY, TAGS_TOO_FEW, NULL },
		{ "behind", "v1.0.24", TAG_MALFORMED, TAGS_TOO_FEW, NULL },
		{ "versionless", "v1.0.25", TAG_VALID, TAGS_ACCEPTED, "alice" },
	};
	struct tag_question q;
	struct tagged t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		q = question(cases[i].branch);
		tagged_init(&t);
		verify_at(&q, "now", &t);
		if (seen(&t, cases[i].ref)->outcome != cases[i].outcome)
			fail_msg("%s: %s is %s", cases[i].branch, cases[i].ref,
			    tag_outcome_name(seen(&t, cases[i].ref)->outcome));
		if (t.ruling != cases[i].ruling)
			fail_msg("%s: %s", cases[i].branch,
			    tag_ruling_name(t.ruling));
		assert_string_equal(t.commit, fact(cases[i].branch));
		assert_int_equal(t.nsigners, cases[i].signer == NULL ? 0 : 1);
		if (cases[i].signer != NULL)
			assert_string_equal(t.signers[0],
			    fact(cases[i].signer));
		assert_true(t.counts[cases[i].outcome] >= 1);
		tagged_clear(&t);
	}
}

static void
maintainers_are_counted_by_their_primary_keys(void **state)
{
	struct tag_question q = question("subkeys");
	struct tagged t;

	(void)state;
	q.threshold = 2;
	tagged_init(&t);
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_TOO_FEW);
	assert_int_equal(t.counts[TAG_VALID], 2);
	assert_int_equal(t.nsigners, 1);
	tagged_clear(&t);
	q = question("two");
	q.threshold = 2;
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_ACCEPTED);
	assert_int_equal(t.nsigners, 2);
	assert_string_equal(t.tag, "v1.0.4");
	tagged_clear(&t);
}

static void
only_listed_maintainers_count(void **state)
{
	struct tag_question q = question("rsa");
	const char *const bob[] = { fact("bob") };
	struct tagged t;

	(void)state;
	q.maintainers = bob;
	q.nmaintainers = 1;
	tagged_init(&t);
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_TOO_FEW);
	assert_int_equal(t.counts[TAG_UNKNOWN_KEY], 1);
	tagged_clear(&t);
}

static void
any_number_of_tags_on_a_commit_works(void **state)
{
	struct tag_question q = question("many");
	struct tagged t;

	(void)state;
	tagged_init(&t);
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_ACCEPTED);
	assert_int_equal(t.nseen, 8);
	assert_int_equal(t.counts[TAG_UNSIGNED], 6);
	assert_int_equal(t.counts[TAG_LIGHTWEIGHT], 1);
	tagged_clear(&t);
}

static void
a_commit_without_a_tag_needs_the_mode_for_it(void **state)
{
	struct tag_question q = question("commit");
	struct tagged t;

	(void)state;
	tagged_init(&t);
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_NONE);
	tagged_clear(&t);
	q.commit_suffices = true;
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_COMMIT_ACCEPTED);
	assert_null(t.tag);
	assert_string_equal(t.signers[0], fact("bob"));
	tagged_clear(&t);
	q = question("none");
	q.commit_suffices = true;
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_NONE);
	assert_int_equal(seen(&t, "")->outcome, TAG_UNSIGNED);
	tagged_clear(&t);
}

static void
what_is_not_checked_is_never_verified(void **state)
{
	struct tag_question q = question("rsa");
	struct fault why = FAULT_INIT;
	struct tagged t;

	(void)state;
	q.unchecked = true;
	assert_int_equal(try_at(&q, "now", &t, &why), RB_EREFUSED);
	assert_non_null(strstr(why.text, "switched off"));
	q = question("rsa");
	q.threshold = 0;
	assert_int_equal(try_at(&q, "now", &t, &why), RB_EREFUSED);
}

static void
the_newest_version_is_what_git_describes(void **state)
{
	char head[VALUE_LEN], found[VALUE_LEN];
	struct tag_question q = question("history");
	struct tag_refs refs = TAG_REFS_INIT;
	struct fault why = FAULT_INIT;
	FILE *f = open_text("describe");
	int pack = open_file("now", "pack");
	struct tagged t;
	enum rb_err rc;
	size_t n = 0;

	(void)state;
	q.versions_only = true;
	read_refs(&q, "now", &refs);
	while (fscanf(f, "%63s %63s", head, found) == 2) {
		memcpy(refs.head, head, TAG_ID_LEN);
		tagged_init(&t);
		rc = tag_verify(&q, &refs, pack, depot, &t, &why);
		if (strcmp(found, "none") == 0) {
			assert_int_equal(rc, RB_EREFUSED);
			assert_non_null(strstr(why.text, "no version tag"));
		} else {
			assert_int_equal(rc, RB_OK);
			assert_string_equal(t.commit, found);
		}
		tagged_clear(&t);
		n++;
	}
	assert_true(n > 20);
	(void)fclose(f);
	fd_close(&pack);
	tag_refs_clear(&refs);
}

static void
a_version_goes_on_and_never_back(void **state)
{
	struct tag_question q = question("line");
	struct tagged t;

	(void)state;
	tagged_init(&t);
	/* The head itself has no tag. */
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_NONE);
	assert_string_equal(t.commit, fact("line-3"));
	tagged_clear(&t);

	q.versions_only = true;
	q.accepted = fact("line-1");
	q.accepted_version = "1.0.26";
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_ACCEPTED);
	assert_int_equal(t.relation, COMMIT_AHEAD);
	assert_string_equal(t.commit, fact("line-2"));
	assert_string_equal(t.version, "1.0.27");
	assert_string_equal(t.tag, "v1.0.27");
	tagged_clear(&t);

	q.accepted = fact("line-2");
	q.accepted_version = "1.0.27";
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_ACCEPTED);
	assert_int_equal(t.relation, COMMIT_SAME);
	tagged_clear(&t);
	q.accepted_version = "1.0.28";
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_VERSION_BACK);
	tagged_clear(&t);

	/* The branch was moved back to a commit that is signed as well. */
	q.accepted_version = NULL;
	verify_at(&q, "later", &t);
	assert_int_equal(t.ruling, TAGS_BRANCH_BACK);
	assert_string_equal(t.commit, fact("line-1"));
	assert_null(t.tag);
	tagged_clear(&t);

	/* Unless somebody asks for the old one by name. */
	q.tag = "v1.0.26";
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_ACCEPTED);
	assert_string_equal(t.tag, "v1.0.26");
	tagged_clear(&t);
}

static void
a_tag_asked_for_must_itself_be_valid(void **state)
{
	struct tag_question q = question("many");
	struct fault why = FAULT_INIT;
	struct tagged t;

	(void)state;
	tagged_init(&t);
	q.tag = "many_1";
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_NOT_ASKED);
	tagged_clear(&t);
	q.tag = "v7";
	assert_int_equal(try_at(&q, "now", &t, &why), RB_EREFUSED);
	assert_non_null(strstr(why.text, "no tag 'v7'"));
}

static void
an_unsigned_version_tag_makes_no_version(void **state)
{
	struct tag_question q = question("unsigned");
	struct tagged t;

	(void)state;
	q.versions_only = true;
	tagged_init(&t);
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_TOO_FEW);
	tagged_clear(&t);
	/* A code tag on the commit does not make it one either. */
	q = question("code");
	q.versions_only = true;
	verify_at(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_NO_VERSION);
	tagged_clear(&t);
}

/* As a by-hand look at a whole repository would count them. */
static void
all_tags_of_a_repository_can_be_counted(void **state)
{
	struct tag_question q = question("rsa");
	struct tag_refs refs = TAG_REFS_INIT;
	int pack = open_file("now", "pack");
	struct fault why = FAULT_INIT;
	struct tagged t;

	(void)state;
	read_refs(&q, "now", &refs);
	tagged_init(&t);
	if (tag_count(&q, &refs, pack, &t, &why) != RB_OK)
		fail_msg("%s", why.text);
	assert_int_equal(t.nseen, refs.n);
	assert_int_equal(t.counts[TAG_SIGNED_TWICE], 2);
	assert_int_equal(t.counts[TAG_REVOKED_KEY], 1);
	assert_int_equal(t.counts[TAG_EXPIRED_KEY], 1);
	assert_int_equal(t.counts[TAG_OTHER_VERSION], 1);
	assert_int_equal(t.counts[TAG_OTHER_NAME], 1);
	assert_int_equal(t.counts[TAG_ABSENT], 0);
	assert_int_equal(seen(&t, "v1.0.2")->outcome, TAG_VALID);
	assert_false(tagged_is_accepted(&t));
	tagged_clear(&t);
	tag_refs_clear(&refs);
	fd_close(&pack);
}

static void
rewritten_and_vanished_tags_are_noticed(void **state)
{
	struct tag_question q = question("rsa");
	struct tag_refs now = TAG_REFS_INIT, later = TAG_REFS_INIT;
	static const struct {
		const char *name;
		enum tag_change change;
	} cases[] = {
		{ "v1.0.1", TAG_STAYS },
		{ "v1.0.2", TAG_REWRITTEN },
		{ "v1.0.4", TAG_VANISHED },
	};
	size_t i;

	(void)state;
	read_refs(&q, "now", &now);
	read_refs(&q, "later", &later);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(tag_refs_change(&later, cases[i].name,
				     tag_refs_find(&now, cases[i].name)->id),
		    cases[i].change);
	tag_refs_clear(&now);
	tag_refs_clear(&later);
}

static void
an_expired_key_takes_nothing_back_and_a_revoked_one_does(void **state)
{
	static const struct {
		const char *branch;
		bool stands;
	} cases[] = { { "expired", true }, { "revoked", false } };
	struct fault why = FAULT_INIT;
	struct tag_question q;
	struct tagged t;
	bool stands;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		q = question(cases[i].branch);
		q.keys = keys_before;
		q.nmaintainers = NPEOPLE - 1;
		tagged_init(&t);
		verify_at(&q, "now", &t);
		assert_int_equal(t.ruling, TAGS_ACCEPTED);
		q.keys = keys;
		assert_int_equal(tag_stands(&q, &t.evidence, depot, &stands,
				     &why),
		    RB_OK);
		assert_int_equal(stands, cases[i].stands);
		tagged_clear(&t);
	}
}

/* Runs a command in a shell; its output must be `expected`. */
static void
expect_output(const char *command, const char *expected)
{
	char got[4096] = "";
	FILE *f = popen(command, "r");

	assert_non_null(f);
	got[fread(got, 1, sizeof(got) - 1, f)] = '\0';
	assert_int_equal(pclose(f), 0);
	assert_string_equal(got, expected);
}

static void
the_tar_is_the_tree(void **state)
{
	static const char files[] =
	    "-rw-r--r-- 0/0 9 2023-11-14 22:15 .qubesbuilder\n"
	    "-rw-r--r-- 0/0 5 2023-11-14 22:15 README\n"
	    "-rw-r--r-- 0/0 0 2023-11-14 22:15 dir.x\n"
	    "drwxr-xr-x 0/0 0 2023-11-14 22:15 dir/\n"
	    "drwxr-xr-x 0/0 0 2023-11-14 22:15 dir/deep/\n"
	    "-rw-r--r-- 0/0 5 2023-11-14 22:15 dir/deep/file\n"
	    "lrwxrwxrwx 0/0 0 2023-11-14 22:15 dir/link -> deep/file\n"
	    "drwxr-xr-x 0/0 0 2023-11-14 22:15 dir/module/\n"
	    "-rwxr-xr-x 0/0 10 2023-11-14 22:15 dir/run\n"
	    "-rw-r--r-- 0/0 4 2023-11-14 22:15 name\n"
	    "-rw-r--r-- 0/0 6 2023-11-14 22:15 version\n";
	char command[2 * PATH_LEN], hex[DIGEST_HEX_LEN + 1];
	struct tag_question q = question("rsa");
	struct tagged t, again;

	(void)state;
	tagged_init(&t);
	tagged_init(&again);
	verify_at(&q, "now", &t);
	verify_at(&q, "now", &again);
	assert_true(digest_equal(&t.tree_sha256, &again.tree_sha256));
	digest_hex(&t.tree_sha256, hex);
	(void)snprintf(command, sizeof(command),
	    "TZ=UTC tar --numeric-owner -tvf %s/depot/%s | tr -s ' '", world,
	    hex);
	expect_output(command, files);
	(void)snprintf(command, sizeof(command),
	    "tar -xOf %s/depot/%s dir/run version", world, hex);
	expect_output(command, "#!/bin/sh\n1.0.1\n");
	assert_true(t.has_builder);
	assert_true(span_equal_str(buf_span(&t.builder), "host: {}\n"));
	assert_int_equal(t.nsubmodules, 1);
	assert_string_equal(t.submodules[0].path, "dir/module");
	assert_string_equal(t.submodules[0].commit,
	    "0123456789012345678901234567890123456789");
	assert_string_equal(t.version, "1.0.1");
	tagged_clear(&t);
	tagged_clear(&again);
}

static void
make_world(void)
{
	char command[2 * PATH_LEN];
	FILE *f;

	(void)snprintf(world, sizeof(world), "/tmp/rb-tag-XXXXXX");
	if (mkdtemp(world) == NULL)
		abort();
	(void)snprintf(command, sizeof(command), "'%s/git/make' '%s'",
	    getenv("RB_DATA"), world);
	assert_int_equal(system(command), 0);
	f = open_text("facts");
	while (nfacts < FACTS_MAX &&
	    fscanf(f, "%31s %63s", facts[nfacts].name, facts[nfacts].value) ==
		2)
		nfacts++;
	(void)fclose(f);
	(void)snprintf(keys, sizeof(keys), "%.*s/keys", PATH_LEN - 32, world);
	(void)snprintf(keys_before, sizeof(keys_before), "%.*s/keys.before",
	    PATH_LEN - 32, world);
	(void)snprintf(command, sizeof(command), "%s/depot", world);
	assert_int_equal(mkdir(command, 0700), 0);
	assert_int_equal(depot_open(command, &depot), RB_OK);
}

static int
set_up(void **state)
{
	(void)state;
	if (role_home() != RB_OK || !be_nobody())
		return -1;
	make_world();
	return 0;
}

static int
tear_down(void **state)
{
	char command[2 * PATH_LEN];

	(void)state;
	depot_close(&depot);
	(void)snprintf(command, sizeof(command), "rm -rf '%s'", world);
	return system(command);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_tag_is_told_apart),
		cmocka_unit_test(maintainers_are_counted_by_their_primary_keys),
		cmocka_unit_test(only_listed_maintainers_count),
		cmocka_unit_test(any_number_of_tags_on_a_commit_works),
		cmocka_unit_test(a_commit_without_a_tag_needs_the_mode_for_it),
		cmocka_unit_test(what_is_not_checked_is_never_verified),
		cmocka_unit_test(the_newest_version_is_what_git_describes),
		cmocka_unit_test(a_version_goes_on_and_never_back),
		cmocka_unit_test(a_tag_asked_for_must_itself_be_valid),
		cmocka_unit_test(an_unsigned_version_tag_makes_no_version),
		cmocka_unit_test(all_tags_of_a_repository_can_be_counted),
		cmocka_unit_test(rewritten_and_vanished_tags_are_noticed),
		cmocka_unit_test(
		    an_expired_key_takes_nothing_back_and_a_revoked_one_does),
		cmocka_unit_test(the_tar_is_the_tree),
	};

	note_open("test_tag");
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
