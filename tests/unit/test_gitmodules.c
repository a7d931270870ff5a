/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/gitmodules.h"

#define BASE "https://git.example/Org/component"
#define LIB(url) "[submodule \"lib\"]\n\tpath = lib\n\turl = " url "\n"

static void
refuses_what_is_not_one_plain_address(void **state)
{
	static const struct {
		const char *why, *in;
		enum rb_err rc;
	} cases[] = {
		{ "nothing", "", RB_ENOTFOUND },
		{ "of another path", "[submodule \"x\"]\npath = x\nurl = a\n",
		    RB_ENOTFOUND },
		{ "path of another section",
		    "[submodule \"lib\"]\nurl = https://h.example/x\n"
		    "[submodule \"b\"]\npath = lib\n",
		    RB_ENOTFOUND },
		{ "a longer path", "[submodule \"l\"]\npath = lib/x\nurl = a\n",
		    RB_ENOTFOUND },
		{ "no section", "path = lib\nurl = https://h.example/x\n",
		    RB_ENOTFOUND },
		{ "of git itself",
		    "[core]\npath = lib\nurl = https://h.example/x\n",
		    RB_ENOTFOUND },
		{ "without a name",
		    "[submodule]\npath = lib\nurl = https://h.example/x\n",
		    RB_ENOTFOUND },
		{ "another section behind",
		    "[submodule \"x\"]\npath = lib\n[core]\n"
		    "url = https://h.example/x\n",
		    RB_ENOTFOUND },
		{ "two of one path",
		    LIB("https://a.example/x") LIB("https://b.example/x"),
		    RB_EREFUSED },
		{ "two addresses",
		    LIB("https://a.example/x") "\turl = https://b.example/x\n",
		    RB_EREFUSED },
		{ "a quote", LIB("\"https://h.example/x\""), RB_EREFUSED },
		{ "a continued line", LIB("https://h.example/\\\nx"),
		    RB_EREFUSED },
		{ "a comment behind it", LIB("https://h.example/x # y"),
		    RB_EREFUSED },
		{ "a blank in it", LIB("https://h.example/x y"), RB_EREFUSED },
		{ "empty", LIB(""), RB_EREFUSED },
		{ "a control byte", LIB("https://h.example/\x1b[m"),
		    RB_EREFUSED },
		{ "ssh", LIB("git@h.example:x"), RB_EREFUSED },
		{ "git", LIB("git://h.example/x"), RB_EREFUSED },
		{ "a file", LIB("file:///etc"), RB_EREFUSED },
		{ "a path", LIB("/etc"), RB_EREFUSED },
		{ "a command", LIB("ext::sh"), RB_EREFUSED },
		{ "an option", LIB("--upload-pack=x"), RB_EREFUSED },
		{ "beside nothing", LIB("../"), RB_EREFUSED },
		{ "above the host", LIB("../../../../x"), RB_EREFUSED },
		{ "another host", LIB("../../../evil.example/x"), RB_EREFUSED },
		{ "hidden behind a part", LIB("../x/../../.."), RB_OK },
	};
	struct buf out = BUF_INIT;
	struct fault why;
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		rc = gitmodules_url(span_of_str(cases[i].in), SPAN("lib"),
		    span_of_str(BASE), &out, &why);
		if (rc != cases[i].rc)
			fail_msg("%s: %s", cases[i].why, err_name(rc));
		/* Dots further on are the server's own business. */
		if (rc == RB_OK)
			assert_true(span_starts(buf_span(&out),
			    SPAN("https://git.example/")));
		else
			assert_int_equal(out.len, 0);
	}
	buf_clear(&out);
}

static void
finds_an_address_beside_the_component(void **state)
{
	static const struct {
		const char *in, *base, *url;
	} cases[] = {
		{ LIB("https://h.example/x.git"), BASE,
		    "https://h.example/x.git" },
		{ LIB("../lib"), BASE, "https://git.example/Org/lib" },
		{ LIB("../lib"), BASE "/", "https://git.example/Org/lib" },
		{ LIB("../../Other/lib"), BASE,
		    "https://git.example/Other/lib" },
		{ LIB("./lib"), BASE, BASE "/lib" },
		{ "# all\n; of\n\n" LIB("../lib") "\tbranch = main\n"
						  "\tshallow\n",
		    BASE, "https://git.example/Org/lib" },
		{ "[submodule \"a\"]\npath=lib\nurl=https://h.example/x", BASE,
		    "https://h.example/x" },
	};
	struct buf out = BUF_INIT;
	struct fault why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		buf_reset(&out);
		if (gitmodules_url(span_of_str(cases[i].in), SPAN("lib"),
			span_of_str(cases[i].base), &out, &why) != RB_OK)
			fail_msg("%s: %s", cases[i].in, why.text);
		if (!span_equal_str(buf_span(&out), cases[i].url))
			fail_msg("%s: %.*s", cases[i].in, (int)out.len,
			    (const char *)out.p);
	}
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_one_plain_address),
		cmocka_unit_test(finds_an_address_beside_the_component),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
