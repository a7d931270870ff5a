/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/relations.h"

/* The names, each with its version behind a slash and ended by a blank. */
static void
expect(const char *field, const char *want)
{
	struct span in = span_of_str(field);
	struct buf names = BUF_INIT;
	struct relation r;
	enum rb_err rc;

	while ((rc = relation_take(&in, &r)) == RB_OK)
		assert_int_equal(buf_printf(&names, "%.*s%s%.*s ",
				     (int)r.name.len, (const char *)r.name.p,
				     r.version.len == 0 ? "" : "/",
				     (int)r.version.len,
				     (const char *)r.version.p),
		    RB_OK);
	if (rc != RB_ENOTFOUND)
		fail_msg("'%s' is refused", field);
	if (!span_equal_str(buf_span(&names), want))
		fail_msg("'%s': %.*s", field, (int)names.len, (char *)names.p);
	buf_clear(&names);
}

static void
takes_every_name_of_a_field(void **state)
{
	(void)state;
	expect("", "");
	expect(" ", "");
	expect(" libc6", "libc6 ");
	expect(" libc6 (>= 2.36), libxenstore4 (>= 4.17~), g++",
	    "libc6/2.36 libxenstore4/4.17~ g++ ");
	expect(" mail | exim4 (<< 1:4-1) | python3:any (>= 3.11~),\n perl:any",
	    "mail exim4/1:4-1 python3/3.11~ perl ");
	expect("debhelper-compat (= 13),x(=1)", "debhelper-compat/13 x/1 ");
	expect(" a ( > 1 ) , b (<2)\t,c (= 1)\n", "a/1 b/2 c/1 ");
}

static void
refuses_what_apt_might(void **state)
{
	static const char *const cases[] = { ",", "a,", "a |", ", a", "a b",
		"a,,b", "A", "-a", "a (1)", "a (=)", "a (= 1", "a (= x1)",
		"a (== 1)", "a (=> 1)", "a (>= 1) b", "a (= 1)(= 2)",
		"a:", "a:Any", "a [amd64]", "a <!nocheck>", "${misc:Depends}",
		"a (= 1\n", "a)", "a (= 1) )", "a (>= 1 2)", "\x80" };
	struct relation r;
	struct span in;
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		in = span_of_str(cases[i]);
		while ((rc = relation_take(&in, &r)) == RB_OK)
			;
		if (rc != RB_EFORMAT)
			fail_msg("'%s' is taken", cases[i]);
	}
}

static void
provides_no_choice(void **state)
{
	static const struct {
		const char *in;
		enum rb_err rc;
	} cases[] = {
		{ "a", RB_OK },
		{ "a (= 1)", RB_OK },
		{ "", RB_ENOTFOUND },
		{ "a (>= 1)", RB_EFORMAT },
		{ "a | b", RB_EFORMAT },
		{ "A", RB_EFORMAT },
	};
	struct relation r;
	struct span in;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		in = span_of_str(cases[i].in);
		if (provided_take(&in, &r) != cases[i].rc)
			fail_msg("'%s'", cases[i].in);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_every_name_of_a_field),
		cmocka_unit_test(refuses_what_apt_might),
		cmocka_unit_test(provides_no_choice),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
