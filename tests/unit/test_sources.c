/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/sources.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define LINE(name) " " HEX " 42 " name "\n"
#define SUMS "Checksums-Sha256:\n"
#define HEAD "Package: a\nVersion: 1\n"
#define DIRECTORY "Directory: pool/main/a/a\n"
#define STANZA(name, version, more) \
	"Package: " name "\nVersion: " version \
	"\n" more DIRECTORY SUMS LINE("a_1.dsc") LINE("a_1.tar.xz")

static struct source found;

static void
refuses_a_malformed_stanza(void **state)
{
	static const struct {
		const char *why, *in;
	} cases[] = {
		{ "no name", "Version: 1\n" DIRECTORY SUMS LINE("a.dsc") },
		{ "no version", "Package: a\n" DIRECTORY SUMS LINE("a.dsc") },
		{ "no directory", HEAD SUMS LINE("a.dsc") },
		{ "directory outside pool",
		    HEAD "Directory: dists/a\n" SUMS LINE("a.dsc") },
		{ "directory that climbs",
		    HEAD "Directory: pool/a/../../b\n" SUMS LINE("a.dsc") },
		{ "absolute directory",
		    HEAD "Directory: /pool/a\n" SUMS LINE("a.dsc") },
		{ "no list", HEAD DIRECTORY },
		{ "empty list", HEAD DIRECTORY SUMS },
		{ "list on the field's line",
		    HEAD DIRECTORY "Checksums-Sha256: " HEX " 42 a.dsc\n" },
		{ "weak list only",
		    HEAD DIRECTORY
		    "Files:\n"
		    " d41d8cd98f00b204e9800998ecf8427e 42 a.dsc\n" },
		{ "no .dsc", HEAD DIRECTORY SUMS LINE("a.tar.xz") },
		{ "name is only .dsc", HEAD DIRECTORY SUMS LINE(".dsc") },
		{ "two .dsc", HEAD DIRECTORY SUMS LINE("a.dsc") LINE("b.dsc") },
		{ "file twice",
		    HEAD DIRECTORY SUMS LINE("a.dsc") LINE("a.tar")
			LINE("a.tar") },
		{ "file in a directory",
		    HEAD DIRECTORY SUMS LINE("a.dsc") LINE("b/a.tar") },
		{ "file that climbs",
		    HEAD DIRECTORY SUMS LINE("a.dsc") LINE("..") },
		{ "file with a blank",
		    HEAD DIRECTORY SUMS LINE("a.dsc") LINE("a b") },
	};
	struct deb822 s;
	struct span in;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		in = span_of_str(cases[i].in);
		assert_int_equal(deb822_take(&in, "Sources", &s, NULL), RB_OK);
		if (source_read(&s, &found, &why) != RB_EFORMAT)
			fail_msg("accepted: %s", cases[i].why);
		assert_string_not_equal(why.text, "");
	}
}

static void
refuses_too_many_files(void **state)
{
	struct buf b = BUF_INIT;
	struct deb822 s;
	struct span in;
	int i;

	(void)state;
	assert_int_equal(buf_put_str(&b, HEAD DIRECTORY SUMS LINE("a.dsc")),
	    RB_OK);
	for (i = 0; i < SOURCE_FILES_MAX; i++)
		assert_int_equal(buf_printf(&b, " " HEX " 1 f%d\n", i), RB_OK);
	in = buf_span(&b);
	assert_int_equal(deb822_take(&in, "Sources", &s, NULL), RB_OK);
	assert_int_equal(source_read(&s, &found, NULL), RB_ELIMIT);
	buf_clear(&b);
}

static const char index_text[] = STANZA("a", "1.9", "") "\n" STANZA("aa", "3",
    "") "\n" STANZA("a", "1.10", "") "\n" STANZA("a", "1:0.1",
    "Extra-Source-Only: yes\n") "\n" STANZA("a", "1.2", "");

static enum rb_err
find(struct span name, struct span version, struct fault *why)
{
	return sources_find(span_of_str(index_text), name, version, &found,
	    why);
}

static void
newest_is_by_version_and_offered(void **state)
{
	(void)state;
	assert_int_equal(find(SPAN("a"), SPAN(""), NULL), RB_OK);
	assert_true(span_equal_str(found.version, "1.10"));
	assert_true(span_equal_str(found.directory, "pool/main/a/a"));
	assert_true(span_equal_str(found.dsc, "a_1.dsc"));
	assert_int_equal(found.nfiles, 2);
	assert_int_equal(found.files[1].size, 42);
	assert_true(span_equal_str(found.stanza, STANZA("a", "1.10", "")));
}

static void
finds_the_version_that_was_asked_for(void **state)
{
	(void)state;
	assert_int_equal(find(SPAN("a"), SPAN("1.2"), NULL), RB_OK);
	assert_true(span_equal_str(found.version, "1.2"));
	assert_int_equal(find(SPAN("a"), SPAN("1:0.1"), NULL), RB_OK);
	assert_true(span_equal_str(found.version, "1:0.1"));
}

static void
says_what_is_not_there(void **state)
{
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(find(SPAN("b"), SPAN(""), &why), RB_ENOTFOUND);
	assert_non_null(strstr(why.text, "'b'"));
	assert_int_equal(find(SPAN("a"), SPAN("7"), &why), RB_ENOTFOUND);
	assert_non_null(strstr(why.text, "in version 7"));
}

static void
refuses_two_equal_answers(void **state)
{
	static const char *const twice[] = {
		STANZA("a", "1.0", "") "\n" STANZA("a", "1.0", ""),
		STANZA("a", "1.0", "") "\n" STANZA("a", "1.0-0", ""),
	};
	struct fault why = FAULT_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < 2; i++) {
		assert_int_equal(sources_find(span_of_str(twice[i]), SPAN("a"),
				     SPAN(""), &found, &why),
		    RB_EFORMAT);
		assert_non_null(strstr(why.text, "twice"));
	}
}

static void
reads_to_the_end_of_the_index(void **state)
{
	(void)state;
	assert_int_equal(sources_find(span_of(index_text,
					  sizeof(index_text) - 2),
			     SPAN("aa"), SPAN("3"), &found, NULL),
	    RB_EFORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_malformed_stanza),
		cmocka_unit_test(refuses_too_many_files),
		cmocka_unit_test(newest_is_by_version_and_offered),
		cmocka_unit_test(finds_the_version_that_was_asked_for),
		cmocka_unit_test(says_what_is_not_there),
		cmocka_unit_test(refuses_two_equal_answers),
		cmocka_unit_test(reads_to_the_end_of_the_index),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
