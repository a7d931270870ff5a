/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "rebuilder/judge/git/git_tree.h"

#define ID \
	"\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a" \
	"\x0b\x0c\x0d\x0e\x0f\x10\x11\x12\x13\x14"
#define FILE_OF(name) "100644 " name "\0" ID
#define DIRECTORY(name) "40000 " name "\0" ID

static void
refuses_trees_that_git_does_not_write(void **state)
{
	static const struct {
		const char *why;
		struct span tree;
	} cases[] = {
		{ "a mode alone", SPAN("100644") },
		{ "no name", SPAN("100644 \0" ID) },
		{ "no zero", SPAN("100644 a") },
		{ "no id", SPAN("100644 a\0") },
		{ "half an id",
		    SPAN("100644 a\0"
			 "0123456789") },
		{ "a null id",
		    SPAN(
			"100644 a\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0") },
		{ "no mode", SPAN(" a\0" ID) },
		{ "a zero in front of the mode", SPAN("040000 a\0" ID) },
		{ "a mode of old", SPAN("100664 a\0" ID) },
		{ "a mode for all", SPAN("100666 a\0" ID) },
		{ "a set-uid program", SPAN("104755 a\0" ID) },
		{ "a device", SPAN("20000 a\0" ID) },
		{ "a mode that is no number", SPAN("x a\0" ID) },
		{ "here", SPAN(FILE_OF(".")) },
		{ "above", SPAN(DIRECTORY("..")) },
		{ "a repository", SPAN(DIRECTORY(".git")) },
		{ "a repository in capitals", SPAN(DIRECTORY(".GiT")) },
		{ "a path", SPAN(FILE_OF("a/b")) },
		{ "a path from the root", SPAN(FILE_OF("/a")) },
		{ "two files in no order", SPAN(FILE_OF("b") FILE_OF("a")) },
		{ "a name twice", SPAN(FILE_OF("a") FILE_OF("a")) },
		{ "a file and a directory of one name, apart",
		    SPAN(FILE_OF("a") FILE_OF("a.b") DIRECTORY("a")) },
		{ "a file and a directory of one name",
		    SPAN(FILE_OF("a") DIRECTORY("a")) },
		{ "a directory where a file would stand",
		    SPAN(DIRECTORY("a") FILE_OF("a.b")) },
		{ "a file where a directory would stand",
		    SPAN(FILE_OF("a.b") FILE_OF("a")) },
		{ "something behind the last", SPAN(FILE_OF("a") "x") },
	};
	struct fault why = FAULT_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (git_tree_check(cases[i].tree, &why) != RB_EFORMAT)
			fail_msg("accepted: %s", cases[i].why);
		assert_string_not_equal(why.text, "");
	}
}

static void
refuses_names_that_are_too_long(void **state)
{
	char name[GIT_NAME_MAX + 2];
	struct fault why = FAULT_INIT;
	struct buf b = BUF_INIT;
	size_t len;

	(void)state;
	for (len = GIT_NAME_MAX; len <= GIT_NAME_MAX + 1; len++) {
		memset(name, 'a', sizeof(name));
		name[len] = '\0';
		buf_reset(&b);
		assert_int_equal(buf_printf(&b, "100644 %s", name), RB_OK);
		assert_int_equal(buf_put(&b, SPAN("\0" ID)), RB_OK);
		assert_int_equal(git_tree_check(buf_span(&b), &why),
		    len <= GIT_NAME_MAX ? RB_OK : RB_EFORMAT);
	}
	buf_clear(&b);
}

static void
reads_a_tree(void **state)
{
	static const char tree[] = FILE_OF(".gitignore") FILE_OF("a")
	    FILE_OF("a.b") "40000 a.c\0" ID "120000 a0\0" ID "100755 b\0" ID
			   "160000 c\0" ID "100644 \xff\n\0" ID;
	static const struct {
		const char *name;
		enum git_mode mode;
	} entries[] = {
		{ ".gitignore", GIT_MODE_FILE },
		{ "a", GIT_MODE_FILE },
		{ "a.b", GIT_MODE_FILE },
		{ "a.c", GIT_MODE_DIRECTORY },
		{ "a0", GIT_MODE_SYMLINK },
		{ "b", GIT_MODE_PROGRAM },
		{ "c", GIT_MODE_SUBMODULE },
		{ "\xff\n", GIT_MODE_FILE },
	};
	struct span in = span_of(tree, sizeof(tree) - 1), rest = in;
	struct fault why = FAULT_INIT;
	struct git_tree_entry e;
	size_t i;

	(void)state;
	assert_int_equal(git_tree_check(in, &why), RB_OK);
	for (i = 0; i < sizeof(entries) / sizeof(entries[0]); i++) {
		assert_int_equal(git_tree_take(&rest, &e), RB_OK);
		assert_true(span_equal_str(e.name, entries[i].name));
		assert_int_equal(e.mode, entries[i].mode);
		assert_int_equal(e.id.b[19], 0x14);
		assert_int_equal(git_tree_find(in, entries[i].name, &e), RB_OK);
	}
	assert_int_equal(git_tree_take(&rest, &e), RB_ENOTFOUND);
	assert_int_equal(git_tree_find(in, "A", &e), RB_ENOTFOUND);
	assert_int_equal(git_tree_check(SPAN(""), &why), RB_OK);
	/* A directory sorts as if it had a slash behind it. */
	assert_int_equal(git_tree_check(SPAN(FILE_OF("a.b") DIRECTORY("a")
						FILE_OF("a0")),
			     &why),
	    RB_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_trees_that_git_does_not_write),
		cmocka_unit_test(refuses_names_that_are_too_long),
		cmocka_unit_test(reads_a_tree),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
