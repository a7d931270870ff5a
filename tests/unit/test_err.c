/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/err.h"

static void
shows_what_is_not_printable(void **state)
{
	static const struct {
		const char *in, *out;
	} cases[] = {
		{ "plain text ~", "plain text ~" },
		{ "", "" },
		{ "two\nlines", "two\\x0alines" },
		{ "\x1b[31mred", "\\x1b[31mred" },
		{ "caf\xc3\xa9", "caf\\xc3\\xa9" },
		{ "\x7f\x80\xff", "\\x7f\\x80\\xff" },
	};
	char out[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(text_show(cases[i].in, out, sizeof(out)),
		    strlen(cases[i].out));
		assert_string_equal(out, cases[i].out);
	}
}

static void
cuts_between_characters(void **state)
{
	char out[8];

	(void)state;
	assert_int_equal(text_show("1234567", out, sizeof(out)), 7);
	assert_string_equal(out, "1234567");
	assert_int_equal(text_show("12345678", out, sizeof(out)), 7);
	assert_string_equal(out, "1234567");
	assert_int_equal(text_show("123\n", out, sizeof(out)), 7);
	assert_string_equal(out, "123\\x0a");
	/* Half an escape could be read as something else. */
	assert_int_equal(text_show("1234\n", out, sizeof(out)), 4);
	assert_string_equal(out, "1234");
	assert_int_equal(text_show("x", out, 1), 0);
	assert_string_equal(out, "");
}

static void
a_fault_returns_its_code(void **state)
{
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(fault_set(&why, RB_ESIG, "%s: %d\n", "a\tb", 7),
	    RB_ESIG);
	assert_string_equal(why.text, "a\\x09b: 7\\x0a");
	assert_int_equal(fault_set(NULL, RB_EIO, "unheard"), RB_EIO);
}

static void
a_fault_may_quote_itself(void **state)
{
	struct fault why = FAULT_INIT;

	(void)state;
	(void)fault_set(&why, RB_EIO, "inner");
	(void)fault_set(&why, RB_EIO, "outer: %s", why.text);
	assert_string_equal(why.text, "outer: inner");
}

static void
a_fault_that_is_too_long_is_cut(void **state)
{
	struct fault why = FAULT_INIT;
	char text[2 * FAULT_MAX];

	(void)state;
	memset(text, '\n', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	(void)fault_set(&why, RB_EIO, "%s", text);
	assert_int_equal(strlen(why.text), (FAULT_MAX - 1) / 4 * 4);
}

static void
every_code_has_a_name_of_its_own(void **state)
{
	int i, j;

	(void)state;
	for (i = RB_OK; i <= RB_EINTERNAL; i++) {
		assert_string_not_equal(err_name((enum rb_err)i), "unknown");
		for (j = RB_OK; j < i; j++)
			assert_string_not_equal(err_name((enum rb_err)i),
			    err_name((enum rb_err)j));
	}
	assert_string_equal(err_name((enum rb_err)(RB_EINTERNAL + 1)),
	    "unknown");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shows_what_is_not_printable),
		cmocka_unit_test(cuts_between_characters),
		cmocka_unit_test(a_fault_returns_its_code),
		cmocka_unit_test(a_fault_may_quote_itself),
		cmocka_unit_test(a_fault_that_is_too_long_is_cut),
		cmocka_unit_test(every_code_has_a_name_of_its_own),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
