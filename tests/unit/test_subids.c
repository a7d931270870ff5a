/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rebuilder/machine/subids.h"

static void
refuses_ranges_that_are_none(void **state)
{
	static const struct {
		const char *what;
		struct span text;
	} samples[] = {
		{ "nothing", SPAN_INIT },
		{ "another user", SPAN("other:100000:65536\n") },
		{ "a longer name", SPAN("builder2:100000:65536\n") },
		{ "another number", SPAN("70:100000:65536\n") },
		{ "too few", SPAN("builder:100000:65535\n") },
		{ "ids of the system's users", SPAN("builder:1000:65536\n") },
		{ "root itself", SPAN("builder:0:4294967295\n") },
		{ "past the last id", SPAN("builder:4294901760:65536\n") },
		{ "a number over 32 bits", SPAN("builder:4294967396:65536\n") },
		{ "no count", SPAN("builder:100000\n") },
		{ "an empty count", SPAN("builder:100000:\n") },
		{ "a sign", SPAN("builder:+100000:65536\n") },
		{ "spaces", SPAN("builder: 100000:65536\n") },
		{ "a fourth field", SPAN("builder:100000:65536:1\n") },
		{ "a line without an end", SPAN("builder:100000:65536") },
		{ "a comment", SPAN("#builder:100000:65536\n") },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		uint32_t start = 42;

		if (subids_find(samples[i].text, "builder", 7, &start) !=
		    RB_ENOTFOUND)
			fail_msg("%s: found", samples[i].what);
		assert_int_equal(start, 42);
	}
}

static void
takes_the_first_range_that_will_do(void **state)
{
	uint32_t start = 0;

	(void)state;
	assert_int_equal(
	    subids_find(SPAN("other:1:1\nno line\n"
			     "builder:100000:10\nbuilder:200000:70000\n"
			     "builder:300000:70000\n"),
		"builder", 7, &start),
	    RB_OK);
	assert_int_equal(start, 200000);
	/* The user's number is as good as the name. */
	assert_int_equal(subids_find(SPAN("7:400000:65536\n"), "builder", 7,
			     &start),
	    RB_OK);
	assert_int_equal(start, 400000);
	assert_int_equal(subids_find(SPAN("builder:4294901759:65536\n"),
			     "builder", 7, &start),
	    RB_OK);
	assert_int_equal(start, UINT32_C(4294901759));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_ranges_that_are_none),
		cmocka_unit_test(takes_the_first_range_that_will_do),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
