/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which commit is meant, what became of tags, and what a commit holds. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "tests/flow/tag_world.h"

static void
the_newest_version_is_what_git_describes(void **state)
{
	char head[64], found[64];
	struct tag_question q = world_question("history");
	struct tag_refs refs = TAG_REFS_INIT;
	struct fault why = FAULT_INIT;
	FILE *f = world_text("describe");
	int pack = world_file("now", "pack");
	struct tagged t;
	enum rb_err rc;
	size_t n = 0;

	(void)state;
	q.versions_only = true;
	world_refs(&q, "now", &refs);
	while (fscanf(f, "%63s %63s", head, found) == 2) {
		memcpy(refs.head, head, TAG_ID_LEN);
		tagged_init(&t);
		rc = tag_verify(&q, &refs, pack, world_depot, &t, &why);
		if (strcmp(found, "none") == 0) {
			assert_int_equal(rc, RB_ENOTFOUND);
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
	struct tag_question q = world_question("line");
	struct tagged t;

	(void)state;
	tagged_init(&t);
	/* The head itself has no tag. */
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_NONE);
	assert_string_equal(t.commit, world_fact("line-3"));
	tagged_clear(&t);

	q.versions_only = true;
	q.accepted = world_fact("line-1");
	q.accepted_version = "1.0.26";
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_ACCEPTED);
	assert_int_equal(t.relation, COMMIT_AHEAD);
	assert_string_equal(t.commit, world_fact("line-2"));
	assert_string_equal(t.version, "1.0.27");
	assert_string_equal(t.tag, "v1.0.27");
	tagged_clear(&t);

	q.accepted = world_fact("line-2");
	q.accepted_version = "1.0.27";
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_ACCEPTED);
	assert_int_equal(t.relation, COMMIT_SAME);
	tagged_clear(&t);
	q.accepted_version = "1.0.28";
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_VERSION_BACK);
	tagged_clear(&t);

	/* The branch was moved back to a commit that is signed as well. */
	q.accepted_version = NULL;
	world_verify(&q, "later", &t);
	assert_int_equal(t.ruling, TAGS_BRANCH_BACK);
	assert_string_equal(t.commit, world_fact("line-1"));
	assert_null(t.tag);
	tagged_clear(&t);

	/* Unless somebody asks for the old one by name. */
	q.tag = "v1.0.26";
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_ACCEPTED);
	assert_string_equal(t.tag, "v1.0.26");
	tagged_clear(&t);
}

static void
rewritten_and_vanished_tags_are_noticed(void **state)
{
	struct tag_question q = world_question("rsa");
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
	world_refs(&q, "now", &now);
	world_refs(&q, "later", &later);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		assert_int_equal(tag_refs_change(&later, cases[i].name,
				     tag_refs_find(&now, cases[i].name)->id),
		    cases[i].change);
	tag_refs_clear(&now);
	tag_refs_clear(&later);
}

/* As a by-hand look at a whole repository would count them. */
static void
all_tags_of_a_repository_can_be_counted(void **state)
{
	struct tag_question q = world_question("rsa");
	struct tag_refs refs = TAG_REFS_INIT;
	int pack = world_file("now", "pack");
	struct fault why = FAULT_INIT;
	struct tagged t;

	(void)state;
	world_refs(&q, "now", &refs);
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
	assert_int_equal(world_seen(&t, "v1.0.2")->outcome, TAG_VALID);
	assert_false(tagged_is_accepted(&t));
	tagged_clear(&t);
	tag_refs_clear(&refs);
	fd_close(&pack);
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
	char command[2 * PATH_MAX], hex[DIGEST_HEX_LEN + 1];
	struct tag_question q = world_question("rsa");
	struct tagged t, again;

	(void)state;
	tagged_init(&t);
	tagged_init(&again);
	world_verify(&q, "now", &t);
	world_verify(&q, "now", &again);
	assert_true(digest_equal(&t.tree_sha256, &again.tree_sha256));
	digest_hex(&t.tree_sha256, hex);
	(void)snprintf(command, sizeof(command),
	    "TZ=UTC tar --numeric-owner -tvf %s/depot/%s | tr -s ' '",
	    world_path, hex);
	expect_output(command, files);
	(void)snprintf(command, sizeof(command),
	    "tar -xOf %s/depot/%s dir/run version", world_path, hex);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_newest_version_is_what_git_describes),
		cmocka_unit_test(a_version_goes_on_and_never_back),
		cmocka_unit_test(rewritten_and_vanished_tags_are_noticed),
		cmocka_unit_test(all_tags_of_a_repository_can_be_counted),
		cmocka_unit_test(the_tar_is_the_tree),
	};

	note_open("test_tag_history");
	return cmocka_run_group_tests(tests, world_start, world_stop);
}
