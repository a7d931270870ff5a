/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/process/msg.h"
#include "rebuilder/judge/resolution.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define STANZA(name, version, arch) \
	"Package: " name "\nVersion: " version "\nArchitecture: " arch \
	"\nFilename: pool/main/" name ".deb\nSize: 7\nSHA256: " HEX "\n"

static const char index_text[] = STANZA("apt", "2.6.1",
    "amd64") "\n" STANZA("base-files", "12", "amd64") "\n" STANZA("base-files",
    "11", "amd64") "\n" STANZA("debhelper", "13", "all") "\n" STANZA("zlib1g",
    "1:1.2-1", "amd64");

static void
refuses_every_other_spelling(void **state)
{
	static const struct {
		const char *why, *in;
	} cases[] = {
		{ "nothing", "" },
		{ "empty line", "\n" },
		{ "last line not ended", "base apt 2.6.1 amd64" },
		{ "other group", "extra apt 2.6.1 amd64\n" },
		{ "group in capitals", "BASE apt 2.6.1 amd64\n" },
		{ "no architecture", "base apt 2.6.1\n" },
		{ "empty architecture", "base apt 2.6.1 \n" },
		{ "fifth word", "base apt 2.6.1 amd64 x\n" },
		{ "two blanks", "base  apt 2.6.1 amd64\n" },
		{ "blank in front", " base apt 2.6.1 amd64\n" },
		{ "tab", "base\tapt\t2.6.1\tamd64\n" },
		{ "name that climbs", "base ../apt 2.6.1 amd64\n" },
		{ "version that is none", "base apt x amd64\n" },
		{ "carriage return", "base apt 2.6.1 amd64\r\n" },
		{ "falling", "base b 1 all\nbase a 1 all\n" },
		{ "same line twice", "base a 1 all\nbase a 1 all\n" },
		{ "package in both groups", "base a 1 all\nbuild a 1 all\n" },
		{ "package in two versions", "base a 1 all\nbase a 2 all\n" },
	};
	struct resolution r = RESOLUTION_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		if (resolution_parse(span_of_str(cases[i].in), &r, &why) !=
		    RB_EREFUSED)
			fail_msg("accepted: %s", cases[i].why);
		assert_string_not_equal(why.text, "");
		assert_null(r.lines);
	}
}

static void
names_the_line_that_is_wrong(void **state)
{
	struct resolution r = RESOLUTION_INIT;
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(resolution_parse(SPAN("base a 1 all\nbase b\n"), &r,
			     &why),
	    RB_EREFUSED);
	assert_non_null(strstr(why.text, "line 2, 'base b'"));
}

static void
refuses_more_than_its_limits(void **state)
{
	struct resolution r = RESOLUTION_INIT;
	struct buf b = BUF_INIT;
	int i;

	(void)state;
	for (i = 0; i <= RESOLUTION_MAX; i++)
		assert_int_equal(buf_printf(&b, "base p%05d 1 all\n", i),
		    RB_OK);
	assert_int_equal(resolution_parse(buf_span(&b), &r, NULL), RB_EREFUSED);
	assert_int_equal(resolution_parse(span_of(b.p,
					      RESOLUTION_BYTES_MAX + (size_t)1),
			     &r, NULL),
	    RB_EREFUSED);
	buf_clear(&b);
}

static void
look_up(const char *lines, struct resolved *out, enum rb_err want,
    const char *sentence)
{
	const struct span index = span_of_str(index_text);
	struct resolution r = RESOLUTION_INIT;
	struct fault why = FAULT_INIT;

	assert_int_equal(resolution_parse(span_of_str(lines), &r, NULL), RB_OK);
	assert_int_equal(resolution_look_up(&r, &index, 1, out, &why), want);
	if (sentence != NULL)
		assert_non_null(strstr(why.text, sentence));
	resolution_clear(&r);
}

static void
refuses_what_the_index_does_not_list(void **state)
{
	struct resolved found = RESOLVED_INIT;

	(void)state;
	look_up("base apt 2.6.1 amd64\nbase evil 1 amd64\n", &found,
	    RB_EREFUSED, "line 2 asks for 'evil' 1 amd64");
	look_up("base apt 2.6.2 amd64\n", &found, RB_EREFUSED, "2.6.2");
	look_up("base apt 2.6.1 all\n", &found, RB_EREFUSED, "2.6.1 all");
	/* The same version for dpkg is still another text. */
	look_up("base apt 2.6.1-0 amd64\n", &found, RB_EREFUSED, "2.6.1-0");
	assert_int_equal(found.records.len, 0);
	assert_int_equal(found.base.len, 0);
}

static void
refuses_an_index_with_a_package_twice(void **state)
{
	static const char text[] = STANZA("a", "1", "all") "\n" STANZA("a", "1",
	    "all");
	const struct span twice = span_of_str(text);
	struct resolved found = RESOLVED_INIT;
	struct resolution r = RESOLUTION_INIT;
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(resolution_parse(SPAN("base a 1 all\n"), &r, NULL),
	    RB_OK);
	assert_int_equal(resolution_look_up(&r, &twice, 1, &found, &why),
	    RB_EFORMAT);
	assert_non_null(strstr(why.text, "twice"));
	resolution_clear(&r);
}

static void
takes_over_what_the_index_says(void **state)
{
	struct resolved found = RESOLVED_INIT;
	char *text[4];
	struct digest digest;
	struct span in;
	uint64_t size;
	uint8_t group, index;
	size_t i, k;
	static const struct {
		uint8_t group;
		const char *name, *version, *architecture, *path;
	} want[] = {
		{ GROUP_BASE, "base-files", "11", "amd64",
		    "pool/main/base-files.deb" },
		{ GROUP_BASE, "zlib1g", "1:1.2-1", "amd64",
		    "pool/main/zlib1g.deb" },
		{ GROUP_BUILD, "debhelper", "13", "all",
		    "pool/main/debhelper.deb" },
	};

	(void)state;
	look_up("base base-files 11 amd64\nbase zlib1g 1:1.2-1 amd64\n"
		"build debhelper 13 all\n",
	    &found, RB_OK, NULL);
	in = buf_span(&found.records);
	for (i = 0; i < 3; i++) {
		assert_int_equal(take_u8(&in, &group), RB_OK);
		for (k = 0; k < 4; k++)
			assert_int_equal(take_text(&in, 1024, &text[k]), RB_OK);
		assert_int_equal(take_u64(&in, &size), RB_OK);
		assert_int_equal(take_digest(&in, &digest), RB_OK);
		assert_int_equal(take_u8(&in, &index), RB_OK);
		assert_int_equal(index, 0);
		assert_int_equal(group, want[i].group);
		assert_string_equal(text[0], want[i].name);
		assert_string_equal(text[1], want[i].version);
		assert_string_equal(text[2], want[i].architecture);
		assert_string_equal(text[3], want[i].path);
		assert_int_equal(size, 7);
		for (k = 0; k < 4; k++)
			free(text[k]);
	}
	assert_int_equal(take_end(in), RB_OK);
	assert_true(span_equal_str(buf_span(&found.base),
	    STANZA("base-files", "11", "amd64") "\n" STANZA("zlib1g", "1:1.2-1",
		"amd64")));
	assert_true(span_equal_str(buf_span(&found.build),
	    STANZA("debhelper", "13", "all")));
	resolved_clear(&found);
	resolved_clear(&found);
}

/* The first index that has a package; each index may have it once. */
static void
asks_one_index_after_the_other(void **state)
{
	static const char first[] = STANZA("a", "2", "all"),
			  second[] = STANZA("a", "1", "all") "\n" STANZA("b",
			      "1", "all"),
			  third[] = STANZA("b", "1", "all");
	const struct span indices[] = { span_of_str(first), span_of_str(second),
		span_of_str(third), SPAN_INIT };
	struct resolution r = RESOLUTION_INIT;
	struct resolved found = RESOLVED_INIT;

	(void)state;
	assert_int_equal(resolution_parse(SPAN("base a 1 all\n"
					       "build b 1 all\n"),
			     &r, NULL),
	    RB_OK);
	assert_int_equal(resolution_look_up(&r, indices, 3, &found, NULL),
	    RB_OK);
	/* Both records end in the number of the second index. */
	assert_int_equal(found.records.p[found.records.len - 1], 1);
	assert_true(
	    span_equal_str(buf_span(&found.base), STANZA("a", "1", "all")));
	assert_true(
	    span_equal_str(buf_span(&found.build), STANZA("b", "1", "all")));
	resolved_clear(&found);
	assert_int_equal(resolution_look_up(&r, indices, 1, &found, NULL),
	    RB_EREFUSED);
	assert_int_equal(resolution_look_up(&r, indices,
			     RESOLUTION_INDICES_MAX + 1, &found, NULL),
	    RB_ELIMIT);
	resolution_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(names_the_line_that_is_wrong),
		cmocka_unit_test(refuses_more_than_its_limits),
		cmocka_unit_test(refuses_what_the_index_does_not_list),
		cmocka_unit_test(refuses_an_index_with_a_package_twice),
		cmocka_unit_test(takes_over_what_the_index_says),
		cmocka_unit_test(asks_one_index_after_the_other),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
