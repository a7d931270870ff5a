/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/span.h"

static const struct span none = SPAN_INIT;

static void
assert_span(struct span s, const char *text)
{
	assert_true(span_equal_str(s, text));
}

static void
compares_content_and_length(void **state)
{
	(void)state;
	assert_true(span_equal(none, SPAN("")));
	assert_false(span_equal(SPAN("a"), SPAN("ab")));
	assert_false(span_equal(SPAN("ab"), SPAN("aB")));
	assert_false(span_equal(none, SPAN("a")));
	assert_true(span_starts(SPAN("abc"), SPAN("ab")));
	assert_true(span_starts(SPAN("abc"), none));
	assert_true(span_starts(none, none));
	assert_false(span_starts(SPAN("ab"), SPAN("abc")));
	assert_false(span_starts(SPAN("xbc"), SPAN("ab")));
}

static void
orders_bytes_without_sign_and_the_shorter_first(void **state)
{
	(void)state;
	assert_true(span_compare(SPAN("a"), SPAN("b")) < 0);
	assert_true(span_compare(SPAN("\x80"), SPAN("a")) > 0);
	assert_true(span_compare(SPAN("a"), SPAN("ab")) < 0);
	assert_true(span_compare(SPAN("b"), SPAN("ab")) > 0);
	assert_true(span_compare(none, SPAN("a")) < 0);
	assert_int_equal(span_compare(none, SPAN("")), 0);
	assert_int_equal(span_compare(SPAN("ab"), SPAN("ab")), 0);
}

static void
a_failed_take_takes_nothing(void **state)
{
	struct span in = SPAN("abc"), empty = none, out = SPAN("old");

	(void)state;
	assert_int_equal(span_take(&in, 4, &out), RB_EFORMAT);
	assert_int_equal(span_take(&in, SIZE_MAX, &out), RB_EFORMAT);
	assert_int_equal(span_take_line(&in, &out), RB_EFORMAT);
	assert_int_equal(span_take_line(&empty, &out), RB_EFORMAT);
	assert_int_equal(span_take_until(&empty, ' ', &out), RB_EFORMAT);
	assert_span(in, "abc");
	assert_span(out, "old");
}

static void
takes_from_the_front(void **state)
{
	struct span in = SPAN("abc"), empty = none, out = none;

	(void)state;
	assert_int_equal(span_take(&in, 0, &out), RB_OK);
	assert_span(out, "");
	assert_int_equal(span_take(&in, 1, &out), RB_OK);
	assert_span(out, "a");
	assert_int_equal(span_take(&in, 2, &out), RB_OK);
	assert_span(out, "bc");
	assert_span(in, "");
	assert_int_equal(span_take(&empty, 0, &out), RB_OK);
	assert_int_equal(out.len, 0);
}

static void
takes_lines_that_are_ended(void **state)
{
	struct span in = SPAN("one\n\nthree"), line = none;

	(void)state;
	assert_int_equal(span_take_line(&in, &line), RB_OK);
	assert_span(line, "one");
	assert_int_equal(span_take_line(&in, &line), RB_OK);
	assert_span(line, "");
	assert_int_equal(span_take_line(&in, &line), RB_EFORMAT);
	assert_span(in, "three");
}

static void
takes_fields_and_the_rest(void **state)
{
	struct span in = SPAN("a  b"), out = none;

	(void)state;
	assert_int_equal(span_take_until(&in, ' ', &out), RB_OK);
	assert_span(out, "a");
	assert_int_equal(span_take_until(&in, ' ', &out), RB_OK);
	assert_span(out, "");
	assert_int_equal(span_take_until(&in, ' ', &out), RB_OK);
	assert_span(out, "b");
	assert_int_equal(span_take_until(&in, ' ', &out), RB_EFORMAT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(compares_content_and_length),
		cmocka_unit_test(
		    orders_bytes_without_sign_and_the_shorter_first),
		cmocka_unit_test(a_failed_take_takes_nothing),
		cmocka_unit_test(takes_from_the_front),
		cmocka_unit_test(takes_lines_that_are_ended),
		cmocka_unit_test(takes_fields_and_the_rest),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
