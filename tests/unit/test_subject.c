/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "updater/roster.h"

static void
refuses_names_that_are_no_packages(void **state)
{
	static const char *const names[] = { "", ".deb", "a.deb", "a_1.deb",
		"a_1_.deb", "_1_amd64.deb", "a__amd64.deb", "a_1_amd64_x.deb",
		"a_1_amd64_.deb", "a_1_amd64.rpm", "a_1_amd64.deb ",
		"a b_1_amd64.deb", "a\n_1_amd64.deb", "a\x1b_1_amd64.deb",
		"a_1_amd64.debx", "Qubes-R4.3.iso" };
	struct package_name p = PACKAGE_NAME_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_int_equal(package_name_parse(names[i], &p), RB_EFORMAT);
		assert_null(p.name);
	}
}

static void
reads_names_as_archive_and_apt_write_them(void **state)
{
	static const struct {
		const char *in, *name, *version, *arch, *file;
	} t[] = {
		{ "base-files_12.4+deb12u15_amd64.deb", "base-files",
		    "12.4+deb12u15", "amd64",
		    "base-files_12.4+deb12u15_amd64.deb" },
		{ "zlib1g_1%3a1.2.13.dfsg-1_amd64.deb", "zlib1g",
		    "1:1.2.13.dfsg-1", "amd64",
		    "zlib1g_1.2.13.dfsg-1_amd64.deb" },
		{ "x_%3a1_all.deb", "x", "%3a1", "all", "x_%3a1_all.deb" },
		{ "x_a%3a1_all.deb", "x", "a%3a1", "all", "x_a%3a1_all.deb" },
		{ "x_1~rc1-1_all.deb", "x", "1~rc1-1", "all",
		    "x_1~rc1-1_all.deb" },
	};
	struct package_name p;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		assert_int_equal(package_name_parse(t[i].in, &p), RB_OK);
		assert_string_equal(p.name, t[i].name);
		assert_string_equal(p.version, t[i].version);
		assert_string_equal(p.arch, t[i].arch);
		assert_string_equal(p.file, t[i].file);
		package_name_clear(&p);
		package_name_clear(&p);
	}
}

static void
a_package_key_keeps_its_fields_apart(void **state)
{
	static const char joined[] = "debian\0zlib1g\0"
				     "1:2-1\0amd64";
	struct package_name p, q;
	struct digest a, b;

	(void)state;
	assert_int_equal(package_name_parse("zlib1g_1%3a2-1_amd64.deb", &p),
	    RB_OK);
	assert_int_equal(package_name_key(&p, "debian", &a), RB_OK);
	assert_int_equal(digest_of(SPAN(joined), &b), RB_OK);
	assert_true(digest_equal(&a, &b));

	assert_int_equal(package_name_parse("zlib1_g1%3a2-1_amd64.deb", &q),
	    RB_OK);
	assert_int_equal(package_name_key(&q, "debian", &b), RB_OK);
	assert_false(digest_equal(&a, &b));
	package_name_clear(&p);
	package_name_clear(&q);
}

static char name_a[] = "a_1%3a2_all.deb", name_b[] = "b_1_all.deb",
	    name_x[] = "some.iso";

static struct subject
subject(uint8_t mark, char *name)
{
	struct subject s = SUBJECT_INIT;

	memset(s.sha256.b, mark, sizeof(s.sha256.b));
	s.name = name;
	return s;
}

static void
finds_all_files_of_a_digest_and_a_name(void **state)
{
	const struct subject files[] = { subject(3, name_a), subject(1, name_b),
		subject(3, name_b), subject(2, name_x), subject(1, name_b) };
	struct subject other = subject(1, name_a);
	struct roster r = ROSTER_INIT;
	size_t i, at, n = 0, sum = 0;

	(void)state;
	assert_int_equal(roster_make(files, 5, &r), RB_OK);
	for (i = roster_first_digest(&r, &other.sha256);
	    roster_is_digest(&r, i, &other.sha256, &at); i++) {
		n++;
		sum += at;
	}
	assert_int_equal(n, 2);
	assert_int_equal(sum, 1 + 4);
	n = sum = 0;
	for (i = roster_first_name(&r, "b_1_all.deb");
	    roster_is_name(&r, i, "b_1_all.deb", &at); i++) {
		n++;
		sum += at;
	}
	assert_int_equal(n, 3);
	assert_int_equal(sum, 1 + 2 + 4);

	other = subject(9, NULL);
	assert_true(roster_knows(&r, &other.sha256, "a_2_all.deb"));
	assert_true(roster_knows(&r, &other.sha256, "some.iso"));
	assert_false(roster_knows(&r, &other.sha256, "a_1_all.deb"));
	other = subject(0, NULL);
	assert_false(roster_knows(&r, &other.sha256, ""));
	roster_clear(&r);
	roster_clear(&r);
}

static void
an_empty_roster_knows_nothing(void **state)
{
	struct subject other = subject(0, NULL);
	struct roster r = ROSTER_INIT;

	(void)state;
	assert_int_equal(roster_make(NULL, 0, &r), RB_OK);
	assert_false(roster_knows(&r, &other.sha256, ""));
	roster_clear(&r);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_names_that_are_no_packages),
		cmocka_unit_test(reads_names_as_archive_and_apt_write_them),
		cmocka_unit_test(a_package_key_keeps_its_fields_apart),
		cmocka_unit_test(finds_all_files_of_a_digest_and_a_name),
		cmocka_unit_test(an_empty_roster_knows_nothing),
	};

	return cmocka_run_group_tests_name("subject", tests, NULL, NULL);
}
