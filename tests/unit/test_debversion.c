/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/debversion.h"

static void
refuses_what_is_no_version(void **state)
{
	static const struct {
		const char *why, *version;
	} cases[] = {
		{ "nothing", "" },
		{ "starts with a letter", "a1" },
		{ "no upstream version", "-1" },
		{ "no revision behind the hyphen", "1.0-" },
		{ "no epoch in front of the colon", ":1.0" },
		{ "no upstream behind the epoch", "1:" },
		{ "epoch is no number", "a:1.0" },
		{ "epoch with a leading zero", "01:1.0" },
		{ "epoch above what dpkg stores", "2147483648:1" },
		{ "blank", "1.0 1" },
		{ "slash", "1.0/../2" },
		{ "underscore", "1_0" },
		{ "colon without an epoch in front", "1.0:1" },
		{ "colon in the revision", "1:1-1:1" },
		{ "line feed", "1.0\n" },
		{ "byte outside ASCII", "1.0\xc3\xa9" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (debversion_is_valid(span_of_str(cases[i].version)))
			fail_msg("accepted: %s", cases[i].why);
	}
	assert_false(debversion_is_valid(SPAN("1\0"
					      "1")));
}

static void
refuses_more_than_the_limit(void **state)
{
	char text[DEBVERSION_MAX + 1];

	(void)state;
	memset(text, '1', sizeof(text));
	assert_true(debversion_is_valid(span_of(text, DEBVERSION_MAX)));
	assert_false(debversion_is_valid(span_of(text, DEBVERSION_MAX + 1)));
}

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

/* tests/data/debian/make-versions wrote the table by dpkg. */
static void
orders_as_dpkg_does(void **state)
{
	char path[4096], a[300], b[300];
	const char *data = getenv("RB_DATA");
	size_t n = 0;
	FILE *f;
	int want;

	(void)state;
	assert_non_null(data);
	(void)snprintf(path, sizeof(path), "%s/debian/versions", data);
	f = fopen(path, "r");
	assert_non_null(f);
	while (fscanf(f, "%299s %299s %d", a, b, &want) == 3) {
		struct span x = span_of_str(a), y = span_of_str(b);

		if (!debversion_is_valid(x) || !debversion_is_valid(y))
			fail_msg("refused %s or %s", a, b);
		if (sign(debversion_compare(x, y)) != want)
			fail_msg("%s against %s is not %d", a, b, want);
		n++;
	}
	(void)fclose(f);
	assert_true(n > 300);
}

static void
knows_a_binnmu_by_its_suffix(void **state)
{
	static const struct {
		const char *version, *base;
		bool is_binnmu;
	} cases[] = {
		{ "1.0-1+b1", "1.0-1", true },
		{ "1.0-1+b12", "1.0-1", true },
		{ "1.0-1+b0", "1.0-1", false },
		{ "1.0-1+b01", "1.0-1", false },
		{ "1.0-1+b", "1.0-1", false },
		{ "1.0-1+b1+b2", "1.0-1", false },
		{ "1.0-1+b1~", "1.0-1", false },
		{ "1.0-1", "1.0-1", false },
		{ "1.0-1+deb12u1", "1.0-1", false },
		{ "1.0-2+b1", "1.0-1", false },
		/* what-is-python: other version of its own */
		{ "3.11.2-1+deb12u1", "13+deb12u1", false },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (debversion_is_binnmu(span_of_str(cases[i].version),
			span_of_str(cases[i].base)) != cases[i].is_binnmu)
			fail_msg("wrong about %s", cases[i].version);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_version),
		cmocka_unit_test(refuses_more_than_the_limit),
		cmocka_unit_test(orders_as_dpkg_does),
		cmocka_unit_test(knows_a_binnmu_by_its_suffix),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
