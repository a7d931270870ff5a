/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/deb822.h"

static void
refuses_what_is_no_stanza(void **state)
{
	static const struct {
		const char *why;
		struct span in;
	} cases[] = {
		{ "last line not ended", SPAN("A: 1") },
		{ "starts with an empty line", SPAN("\nA: 1\n") },
		{ "only an empty line", SPAN("\n") },
		{ "starts with a continuation", SPAN(" a\n") },
		{ "no colon", SPAN("A 1\n") },
		{ "no name", SPAN(": 1\n") },
		{ "comment", SPAN("#A: 1\n") },
		{ "name starts with a hyphen", SPAN("-----BEGIN: 1\n") },
		{ "blank in the name", SPAN("A B: 1\n") },
		{ "blank before the colon", SPAN("A : 1\n") },
		{ "no blank behind the colon", SPAN("A:1\n") },
		{ "tab behind the colon", SPAN("A:\t1\n") },
		{ "name outside ASCII", SPAN("\xc3\x84: 1\n") },
		{ "field twice", SPAN("A: 1\nB: 2\nA: 1\n") },
		{ "field twice in other case", SPAN("Size: 1\nsize: 2\n") },
		{ "carriage return", SPAN("A: 1\r\n") },
		{ "carriage return alone", SPAN("A: 1\n\r\nB: 2\n") },
		{ "zero byte", SPAN("A: 1\0002\n") },
		{ "escape", SPAN("A: \x1b[31m\n") },
		{ "control character in a continuation", SPAN("A:\n b\x07\n") },
		{ "continuation with nothing in it", SPAN("A: 1\n \nB: 2\n") },
	};
	struct span in;
	struct deb822 s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		in = cases[i].in;
		if (deb822_take(&in, "Test", &s, &why) != RB_EFORMAT)
			fail_msg("accepted: %s", cases[i].why);
		assert_string_not_equal(why.text, "");
		assert_ptr_equal(in.p, cases[i].in.p);
	}
}

static void
refuses_too_many_fields(void **state)
{
	struct buf b = BUF_INIT;
	struct span in;
	struct deb822 s;
	int i;

	(void)state;
	for (i = 0; i < DEB822_FIELDS_MAX; i++)
		assert_int_equal(buf_printf(&b, "F%d: x\n", i), RB_OK);
	in = buf_span(&b);
	assert_int_equal(deb822_take(&in, "Test", &s, NULL), RB_OK);
	assert_int_equal(s.n, DEB822_FIELDS_MAX);
	assert_int_equal(buf_put_str(&b, "More: x\n"), RB_OK);
	in = buf_span(&b);
	assert_int_equal(deb822_take(&in, "Test", &s, NULL), RB_ELIMIT);
	buf_clear(&b);
}

static void
refuses_a_stanza_without_end(void **state)
{
	struct buf b = BUF_INIT;
	struct span in;
	struct deb822 s;

	(void)state;
	assert_int_equal(buf_put_str(&b, "A:\n"), RB_OK);
	while (b.len <= DEB822_STANZA_MAX)
		assert_int_equal(buf_put_str(&b, " 0123456789abcdef\n"), RB_OK);
	in = buf_span(&b);
	assert_int_equal(deb822_take(&in, "Test", &s, NULL), RB_ELIMIT);
	buf_clear(&b);
}

static void
takes_stanza_after_stanza(void **state)
{
	struct span in = SPAN("Package: a\nEmpty:\n\nPackage: b\nL: \n x\n .\n"
			      "\ty\n");
	struct span text = SPAN_INIT, whole = in;
	struct buf out = BUF_INIT;
	struct deb822 s;

	(void)state;
	assert_int_equal(deb822_take(&in, "Test", &s, NULL), RB_OK);
	assert_int_equal(s.n, 2);
	assert_int_equal(deb822_text(&s, "Package", &text, NULL), RB_OK);
	assert_true(span_equal_str(text, "a"));
	assert_int_equal(deb822_write(&s, &out), RB_OK);
	assert_int_equal(buf_put_byte(&out, '\n'), RB_OK);

	assert_int_equal(deb822_take(&in, "Test", &s, NULL), RB_OK);
	assert_true(span_equal_str(*deb822_find(&s, "L"), " \n x\n .\n\ty"));
	assert_int_equal(deb822_write(&s, &out), RB_OK);
	assert_true(span_equal(buf_span(&out), whole));
	assert_int_equal(deb822_take(&in, "Test", &s, NULL), RB_ENOTFOUND);
	buf_clear(&out);
}

static void
finds_a_field_by_its_exact_name(void **state)
{
	struct span in = SPAN("Package: a\n");
	struct deb822 s;

	(void)state;
	assert_int_equal(deb822_take(&in, "Test", &s, NULL), RB_OK);
	assert_null(deb822_find(&s, "package"));
	assert_null(deb822_find(&s, "Packag"));
	assert_non_null(deb822_find(&s, "Package"));
}

static void
text_is_one_line_without_blanks_around(void **state)
{
	static const char *const bad[] = { "A:\n", "A: \n", "A:  x\n",
		"A: x \n", "A: x\t\n", "A: x\n y\n", "A:\n y\n", "B: x\n" };
	struct span in, text = SPAN_INIT;
	struct deb822 s;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		in = span_of_str(bad[i]);
		assert_int_equal(deb822_take(&in, "Test", &s, NULL), RB_OK);
		assert_int_equal(deb822_text(&s, "A", &text, NULL), RB_EFORMAT);
		assert_null(text.p);
	}
}

static void
takes_a_list_line_by_line(void **state)
{
	struct span in = SPAN("L:\n a b\n  c\nM: no\n");
	struct span value, line;
	struct deb822 s;

	(void)state;
	assert_int_equal(deb822_take(&in, "Test", &s, NULL), RB_OK);
	value = *deb822_find(&s, "L");
	assert_int_equal(deb822_line_take(&value, &line), RB_OK);
	assert_true(span_equal_str(line, "a b"));
	assert_int_equal(deb822_line_take(&value, &line), RB_OK);
	assert_true(span_equal_str(line, " c"));
	assert_int_equal(deb822_line_take(&value, &line), RB_ENOTFOUND);
	value = *deb822_find(&s, "M");
	assert_int_equal(deb822_line_take(&value, &line), RB_EFORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_stanza),
		cmocka_unit_test(refuses_too_many_fields),
		cmocka_unit_test(refuses_a_stanza_without_end),
		cmocka_unit_test(takes_stanza_after_stanza),
		cmocka_unit_test(finds_a_field_by_its_exact_name),
		cmocka_unit_test(text_is_one_line_without_blanks_around),
		cmocka_unit_test(takes_a_list_line_by_line),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
