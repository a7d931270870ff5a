/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rebuilder/buildinfo.h"

static void
builds_only_where_a_path_has_one_meaning(void **state)
{
	static const char *const wrong[] = { "", "/", "/build", "/build/",
		"build/a", "/builds/a", "/tmp/a", "/build/.", "/build/..",
		"/build/./a", "/build/a/.", "/build/a/..", "/build/../a",
		"/build/a/../b", "/build/..a", "/build//a", "/build/a//b",
		"/build/a/", "/build/-", "/build/-rf", "/build/a/-b",
		"/build/-a/b", "/build/a b", "/build/a\nb", "/build/$a",
		"/build/a\"b", "/build/a'b", "/build/a;b", "/build/\xc3\xa4" };
	static const char *const right[] = { "/build/a", "/build/a/b",
		"/build/qubes-alpha-1.2.3", "/build/reproducible-path/a-1~rc1",
		"/build/.hidden", "/build/a.b_c+d-e", "/build/a-b/c-" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		if (buildinfo_is_place(wrong[i]))
			fail_msg("'%s' is a place", wrong[i]);
	for (i = 0; i < sizeof(right) / sizeof(right[0]); i++)
		if (!buildinfo_is_place(right[i]))
			fail_msg("'%s' is none", right[i]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(builds_only_where_a_path_has_one_meaning),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
