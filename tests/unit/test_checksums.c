/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/checksums.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
refuses_a_path_that_is_not_plain(void **state)
{
	static const char *const bad[] = { "", "/", "/etc/passwd", "a/", "a//b",
		".", "..", "./a", "a/./b", "../a", "a/../b", "a/..", "a b",
		"a\tb", "a\\b", "a%2fb", "a?b", "a#b", "\x7f", "\xc3\xa9" };
	static const char *const good[] = { "a", "a/b", "...", "a/..b",
		"pool/main/g/gcc-12/g++-12_12.2.0-14_amd64.deb",
		"main/binary-amd64/Packages.xz", "liba_1.0~rc1+b1_amd64.deb" };
	char deep[ARCHIVE_PATH_MAX + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (archive_path_is_plain(span_of_str(bad[i])))
			fail_msg("accepted '%s'", bad[i]);
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		if (!archive_path_is_plain(span_of_str(good[i])))
			fail_msg("refused '%s'", good[i]);
	}
	memset(deep, 'a', sizeof(deep));
	assert_true(archive_path_is_plain(span_of(deep, sizeof(deep) - 1)));
	assert_false(archive_path_is_plain(span_of(deep, sizeof(deep))));
	assert_false(archive_path_is_plain(SPAN("a\0b")));
}

static void
pool_is_below_pool(void **state)
{
	(void)state;
	assert_true(archive_path_is_pool(SPAN("pool/main/b/b.deb")));
	assert_false(archive_path_is_pool(SPAN("pool")));
	assert_false(archive_path_is_pool(SPAN("pools/b.deb")));
	assert_false(archive_path_is_pool(SPAN("dists/pool/b.deb")));
	assert_false(archive_path_is_pool(SPAN("pool/../dists/Release")));
}

static void
refuses_every_other_line(void **state)
{
	static const struct {
		const char *why, *line;
		enum rb_err rc;
	} cases[] = {
		{ "nothing", "", RB_EFORMAT },
		{ "only a digest", HEX, RB_EFORMAT },
		{ "no path", HEX " 1", RB_EFORMAT },
		{ "empty path", HEX " 1 ", RB_EFORMAT },
		{ "blank in front", " " HEX " 1 a", RB_EFORMAT },
		{ "short digest", "e3b0c44298fc1c14 1 a", RB_EFORMAT },
		{ "capital digits", "E" HEX " 1 a", RB_EFORMAT },
		{ "negative size", HEX " -1 a", RB_EFORMAT },
		{ "leading zero", HEX " 01 a", RB_EFORMAT },
		{ "hexadecimal size", HEX " 0x1 a", RB_EFORMAT },
		{ "size over 63 bits", HEX " 9223372036854775808 a",
		    RB_ELIMIT },
		{ "two blanks before the path", HEX " 1  a", RB_EFORMAT },
		{ "a fourth field", HEX " 1 a b", RB_EFORMAT },
		{ "traversal", HEX " 1 ../a", RB_EFORMAT },
		{ "tab", HEX "\t1\ta", RB_EFORMAT },
	};
	struct checksum sum;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (checksum_parse(span_of_str(cases[i].line), &sum) !=
		    cases[i].rc)
			fail_msg("wrong about: %s", cases[i].why);
	}
}

static void
takes_both_alignments(void **state)
{
	struct checksum a, b;
	struct digest empty;

	(void)state;
	assert_int_equal(digest_of((struct span)SPAN_INIT, &empty), RB_OK);
	assert_int_equal(checksum_parse(SPAN(HEX " 42 a/b"), &a), RB_OK);
	assert_int_equal(checksum_parse(SPAN(HEX "       42 a/b"), &b), RB_OK);
	assert_true(span_equal_str(a.path, "a/b"));
	assert_true(span_equal(a.path, b.path));
	assert_int_equal(a.size, 42);
	assert_int_equal(b.size, 42);
	assert_true(digest_equal(&a.digest, &empty));
}

static void
refuses_what_is_no_package_name(void **state)
{
	static const char *const bad[] = { "", "-a", "+a", ".a", "A", "a_b",
		"a b", "a/b", "a:amd64", "a\n", "\xc3\xa9" };
	static const char *const good[] = { "a", "g++-12", "libc6.1", "0ad" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_false(package_name_is_valid(span_of_str(bad[i])));
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++)
		assert_true(package_name_is_valid(span_of_str(good[i])));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_a_path_that_is_not_plain),
		cmocka_unit_test(pool_is_below_pool),
		cmocka_unit_test(refuses_every_other_line),
		cmocka_unit_test(takes_both_alignments),
		cmocka_unit_test(refuses_what_is_no_package_name),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
