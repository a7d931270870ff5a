/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/git/git_commit.h"
#include "rebuilder/judge/git/git_header.h"
#include "rebuilder/judge/git/git_tag.h"

#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define OBJECT "object " A "\n"
#define TYPE "type commit\n"
#define NAME "tag v1.0\n"
#define WHO "T <t@example.org> 1700000000 +0100"
#define TAGGER "tagger " WHO "\n"

static void
refuses_tags_that_git_does_not_write(void **state)
{
	static const struct {
		const char *why;
		struct span tag;
	} cases[] = {
		{ "nothing", SPAN("") },
		{ "no object", SPAN(TYPE NAME TAGGER "\n") },
		{ "an object of no id",
		    SPAN("object aaaa\n" TYPE NAME TAGGER "\n") },
		{ "an id in capitals",
		    SPAN(
			"object AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA\n" TYPE
			    NAME TAGGER "\n") },
		{ "a SHA-256 object",
		    SPAN("object " A
			 "aaaaaaaaaaaaaaaaaaaaaaaa\n" TYPE NAME TAGGER "\n") },
		{ "two blanks", SPAN("object  " A "\n" TYPE NAME TAGGER "\n") },
		{ "no type", SPAN(OBJECT NAME TAGGER "\n") },
		{ "a type that is none",
		    SPAN(OBJECT "type comit\n" NAME TAGGER "\n") },
		{ "a type too long",
		    SPAN(OBJECT "type commits\n" NAME TAGGER "\n") },
		{ "no name", SPAN(OBJECT TYPE TAGGER "\n") },
		{ "an empty name", SPAN(OBJECT TYPE "tag \n" TAGGER "\n") },
		{ "a name that no ref has",
		    SPAN(OBJECT TYPE "tag v1..0\n" TAGGER "\n") },
		{ "a name with a blank",
		    SPAN(OBJECT TYPE "tag v1 0\n" TAGGER "\n") },
		{ "a name with a path up",
		    SPAN(OBJECT TYPE "tag ../v1\n" TAGGER "\n") },
		{ "no tagger", SPAN(OBJECT TYPE NAME "\n") },
		{ "a tagger without a time",
		    SPAN(OBJECT TYPE NAME "tagger T <t@example.org>\n\n") },
		{ "another order", SPAN(TYPE OBJECT NAME TAGGER "\n") },
		{ "a second object",
		    SPAN(OBJECT "object " B "\n" TYPE NAME TAGGER "\n") },
		{ "a second name", SPAN(OBJECT TYPE NAME NAME TAGGER "\n") },
		{ "a header of its own",
		    SPAN(OBJECT TYPE NAME TAGGER "note x\n\n") },
		{ "a signature in a header",
		    SPAN(OBJECT TYPE NAME TAGGER "gpgsig-sha256 x\n\n") },
		{ "no blank line", SPAN(OBJECT TYPE NAME TAGGER "text") },
		{ "no end of its last line",
		    SPAN(OBJECT TYPE NAME "tagger " WHO) },
		{ "nothing behind the headers", SPAN(OBJECT TYPE NAME TAGGER) },
		{ "a zero in the name",
		    SPAN(OBJECT TYPE "tag v1\0.0\n" TAGGER "\n") },
		{ "a zero in the message",
		    SPAN(OBJECT TYPE NAME TAGGER "\nx\0y\n") },
		{ "lines of another system",
		    SPAN("object " A "\r\ntype commit\r\ntag v1\r\n\r\n") },
	};
	struct git_tag t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (git_tag_parse(cases[i].tag, &t) == RB_OK)
			fail_msg("accepted: %s", cases[i].why);
	}
}

static void
reads_a_tag(void **state)
{
	struct git_tag t;

	(void)state;
	assert_int_equal(git_tag_parse(SPAN(OBJECT TYPE NAME TAGGER
					   "\nfirst\n\nobject x\n"),
			     &t),
	    RB_OK);
	assert_int_equal(t.object.b[0], 0xaa);
	assert_int_equal(t.type, GIT_COMMIT);
	assert_true(span_equal_str(t.name, "v1.0"));
	assert_int_equal(t.time, 1700000000);
	assert_true(span_equal_str(t.message, "first\n\nobject x\n"));
	assert_int_equal(git_tag_parse(SPAN(OBJECT "type tag\n" NAME TAGGER
						   "\n"),
			     &t),
	    RB_OK);
	assert_int_equal(t.type, GIT_TAG);
	assert_int_equal(t.message.len, 0);
}

static void
refuses_other_spellings_of_a_time(void **state)
{
	static const char *const cases[] = { "", ">", "T <t>", "T <t> ",
		"T <t>1 +0000", "T <t>  1 +0000", "T <t> 1", "T <t> 1 ",
		"T <t> 1 0000", "T <t> 1 +000", "T <t> 1 +00000",
		"T <t> 1 +0000 ", "T <t> 1  +0000", "T <t> 01 +0000",
		"T <t> -1 +0000", "T <t> x +0000", "T <t> 1 +00x0",
		"T <t> 253402300800 +0000", "T <t> 99999999999999999999 +0000",
		"T t 1 +0000" };
	int64_t time;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (git_ident_time(span_of_str(cases[i]), &time) == RB_OK)
			fail_msg("accepted: '%s'", cases[i]);
	}
	assert_int_equal(git_ident_time(SPAN("a > b <c> 0 -1200"), &time),
	    RB_OK);
	assert_int_equal(time, 0);
	assert_int_equal(git_ident_time(SPAN("<> 253402300799 +0000"), &time),
	    RB_OK);
	assert_int_equal(time, 253402300799);
}

#define TREE "tree " A "\n"
#define PARENT "parent " B "\n"
#define AUTHOR "author " WHO "\n"
#define COMMITTER "committer " WHO "\n"

static void
refuses_commits_that_lead_nowhere(void **state)
{
	static const struct {
		const char *why, *commit;
	} cases[] = {
		{ "nothing", "" },
		{ "no tree", PARENT AUTHOR COMMITTER "\n" },
		{ "two trees", TREE TREE AUTHOR COMMITTER "\n" },
		{ "a tree of no id", "tree aaaa\n" AUTHOR COMMITTER "\n" },
		{ "a parent of no id",
		    TREE "parent bbbb\n" AUTHOR COMMITTER "\n" },
		{ "a parent in capitals",
		    TREE "parent BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
			 "\n" AUTHOR COMMITTER "\n" },
		{ "a parent of SHA-256",
		    TREE "parent " B
			 "bbbbbbbbbbbbbbbbbbbbbbbb\n" AUTHOR COMMITTER "\n" },
		{ "a parent behind the author",
		    TREE AUTHOR PARENT COMMITTER "\n" },
		{ "no author", TREE COMMITTER "\n" },
		{ "no committer", TREE AUTHOR "\n" },
		{ "cut off in the tree", "tree aaaaaaaaaa" },
		{ "cut off in the committer", TREE AUTHOR "committer x" },
	};
	struct git_commit c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (git_commit_parse(span_of_str(cases[i].commit), &c) == RB_OK)
			fail_msg("accepted: %s", cases[i].why);
	}
}

static void
reads_a_commit(void **state)
{
	static const char text[] = TREE PARENT "parent " A "\n" AUTHOR COMMITTER
					       "encoding x\n\nmessage";
	struct git_commit c;
	struct git_id id;

	(void)state;
	assert_int_equal(git_commit_parse(span_of_str(text), &c), RB_OK);
	assert_int_equal(c.tree.b[19], 0xaa);
	assert_int_equal(c.nparents, 2);
	assert_int_equal(git_parent_take(&c.parents, &id), RB_OK);
	assert_int_equal(id.b[0], 0xbb);
	assert_int_equal(git_parent_take(&c.parents, &id), RB_OK);
	assert_int_equal(id.b[0], 0xaa);
	assert_int_equal(git_parent_take(&c.parents, &id), RB_ENOTFOUND);
	assert_int_equal(c.time, 1700000000);
	assert_true(span_equal_str(c.rest, "encoding x\n\nmessage"));
	/* Dates that nobody can read are as old as can be, as for git. */
	assert_int_equal(git_commit_parse(SPAN(TREE "author x\ncommitter y\n"),
			     &c),
	    RB_OK);
	assert_int_equal(c.time, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_tags_that_git_does_not_write),
		cmocka_unit_test(refuses_other_spellings_of_a_time),
		cmocka_unit_test(refuses_commits_that_lead_nowhere),
		cmocka_unit_test(reads_a_tag),
		cmocka_unit_test(reads_a_commit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
