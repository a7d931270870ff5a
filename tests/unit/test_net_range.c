/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rebuilder/net/net_range.h"

static void
refuses_nonsense(void **state)
{
	static const struct {
		const char *why, *value;
	} cases[] = {
		{ "nothing", "" },
		{ "unit only", "bytes" },
		{ "other unit", "lines 0-9/10" },
		{ "unit in capitals", "BYTES 0-9/10" },
		{ "no total", "bytes 0-9" },
		{ "empty total", "bytes 0-9/" },
		{ "nothing known", "bytes */*" },
		{ "no last", "bytes 0-/10" },
		{ "no first", "bytes -9/10" },
		{ "last before first", "bytes 9-0/10" },
		{ "last is the total", "bytes 0-10/10" },
		{ "last past the total", "bytes 0-99/10" },
		{ "negative", "bytes 0--9/10" },
		{ "leading zero", "bytes 00-9/10" },
		{ "hexadecimal", "bytes 0x0-9/10" },
		{ "over 63 bits", "bytes 0-9/9223372036854775808" },
		{ "two blanks", "bytes  0-9/10" },
		{ "blank behind", "bytes 0-9/10 " },
		{ "two ranges", "bytes 0-4,6-9/10" },
	};
	struct content_range r;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (content_range_parse(span_of_str(cases[i].value), &r) !=
		    RB_EFORMAT)
			fail_msg("accepted: %s", cases[i].why);
	}
}

static void
takes_three_forms(void **state)
{
	struct content_range r;

	(void)state;
	assert_int_equal(content_range_parse(SPAN("bytes 5-9/10"), &r), RB_OK);
	assert_true(r.has_range && r.has_total);
	assert_int_equal(r.first, 5);
	assert_int_equal(r.last, 9);
	assert_int_equal(r.total, 10);
	assert_int_equal(content_range_parse(SPAN("bytes 0-0/*"), &r), RB_OK);
	assert_true(r.has_range && !r.has_total);
	assert_int_equal(content_range_parse(SPAN("bytes */0"), &r), RB_OK);
	assert_true(!r.has_range && r.has_total);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_nonsense),
		cmocka_unit_test(takes_three_forms),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
