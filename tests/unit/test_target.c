/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/target.h"

static void
refuses_what_is_not_a_target(void **state)
{
	static const struct {
		const char *why, *text;
		enum rb_err expected;
	} cases[] = {
		{ "empty", "", RB_EFORMAT },
		{ "another kind", "rpm:hello", RB_EFORMAT },
		{ "no component", "@v1", RB_EFORMAT },
		{ "an option", "-hello", RB_EFORMAT },
		{ "a path", "./hello", RB_EFORMAT },
		{ "no tag", "hello@", RB_EFORMAT },
		{ "no tag before the distribution", "hello@/vm-bookworm",
		    RB_EFORMAT },
		{ "two tags", "hello@v1@v2", RB_EFORMAT },
		{ "tag that looks like an option", "hello@-v1", RB_EFORMAT },
		{ "no distribution", "hello/", RB_EFORMAT },
		{ "two distributions", "hello/vm-bookworm/vm-trixie",
		    RB_EFORMAT },
		{ "a tag behind the distribution", "hello/vm-bookworm@v1",
		    RB_EFORMAT },
		{ "component with a version", "hello=1", RB_EFORMAT },
		{ "component with a new line", "hello\n", RB_EFORMAT },
		{ "no name", "deb:", RB_EFORMAT },
		{ "one letter", "deb:h", RB_EFORMAT },
		{ "upper case", "deb:Hello", RB_EFORMAT },
		{ "starts with a dash", "deb:-hello", RB_EFORMAT },
		{ "leaves the directory", "deb:../../etc", RB_EFORMAT },
		{ "slash", "deb:a/b", RB_EFORMAT },
		{ "space", "deb:he llo", RB_EFORMAT },
		{ "new line", "deb:hello\n", RB_EFORMAT },
		{ "shell", "deb:he$(id)", RB_EFORMAT },
		{ "empty version", "deb:hello=", RB_EFORMAT },
		{ "version of letters", "deb:hello=abc", RB_EFORMAT },
		{ "version with a slash", "deb:hello=1/2", RB_EFORMAT },
		{ "version with a new line", "deb:hello=1\n", RB_EFORMAT },
		{ "two versions", "deb:hello=1=2", RB_EFORMAT },
	};
	struct target t;
	struct fault why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		memset(&t, 'x', sizeof(t));
		why.text[0] = '\0';
		if (target_parse(cases[i].text, &t, &why) !=
			cases[i].expected ||
		    why.text[0] == '\0' || t.name[0] != 'x')
			fail_msg("%s", cases[i].why);
	}
}

static void
refuses_a_target_that_is_too_long(void **state)
{
	char text[TARGET_MAX + 8];
	struct target t;

	(void)state;
	memset(text, 'a', sizeof(text));
	memcpy(text, "deb:", 4);
	text[TARGET_MAX] = '\0';
	assert_int_equal(target_parse(text, &t, NULL), RB_ELIMIT);
	text[TARGET_MAX - 1] = '\0';
	assert_int_equal(target_parse(text, &t, NULL), RB_OK);
}

static void
takes_names_and_versions(void **state)
{
	struct target t;

	(void)state;
	assert_int_equal(target_parse("deb:base-files", &t, NULL), RB_OK);
	assert_int_equal(t.kind, TARGET_DEB);
	assert_string_equal(t.name, "base-files");
	assert_string_equal(t.version, "");
	assert_int_equal(target_parse("deb:0ad=1:2.0~rc1-3+deb12u1", &t, NULL),
	    RB_OK);
	assert_string_equal(t.name, "0ad");
	assert_string_equal(t.version, "1:2.0~rc1-3+deb12u1");
}

static void
takes_components(void **state)
{
	static const struct {
		const char *text, *name, *tag, *distribution;
	} cases[] = {
		{ "core-vchan-xen", "core-vchan-xen", "", "" },
		{ "gui-common@v4.3.1", "gui-common", "v4.3.1", "" },
		{ "linux-utils/vm-bookworm", "linux-utils", "", "vm-bookworm" },
		{ "a@mm_1b2c/vm-trixie.arm64", "a", "mm_1b2c",
		    "vm-trixie.arm64" },
	};
	struct target t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(target_parse(cases[i].text, &t, NULL), RB_OK);
		assert_int_equal(t.kind, TARGET_COMPONENT);
		assert_string_equal(t.name, cases[i].name);
		assert_string_equal(t.tag, cases[i].tag);
		assert_string_equal(t.distribution, cases[i].distribution);
		assert_string_equal(t.version, "");
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_a_target),
		cmocka_unit_test(refuses_a_target_that_is_too_long),
		cmocka_unit_test(takes_names_and_versions),
		cmocka_unit_test(takes_components),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
