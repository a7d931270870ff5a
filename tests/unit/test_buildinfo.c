/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/buildinfo.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define HEAD \
	"Format: 1.0\nSource: src\nBinary: a b\nArchitecture: all amd64\n" \
	"Version: 1:1.0-1\n"
#define FILES "Checksums-Sha256:\n " HEX " 7 a_1.0-1_amd64.deb\n"
#define BUILD \
	"Build-Origin: Test\nBuild-Architecture: amd64\n" \
	"Build-Date: Sat, 11 Jul 2026 12:16:37 +0200\n" \
	"Build-Path: /build/src-1.0\n"
#define INSTALLED \
	"Installed-Build-Depends:\n gcc (= 4:12.2.0-3),\n" \
	" libc6 (= 2.36-9),\n libc6:i386 (= 2.36-9)\n"
#define VARIABLES "Environment:\n LANG=\"C\"\n X_1=\"a \\\"b\"\n"
#define GOOD HEAD FILES BUILD INSTALLED VARIABLES

static void
refuses_what_is_no_buildinfo(void **state)
{
	static const struct {
		const char *why, *in;
	} cases[] = {
		{ "nothing", "" },
		{ "no format",
		    "Source: src\nVersion: 1\n" FILES BUILD INSTALLED
			VARIABLES },
		{ "another format",
		    "Format: 0.2\nSource: src\nArchitecture: all\nVersion: "
		    "1\n" FILES BUILD INSTALLED VARIABLES },
		{ "two stanzas", GOOD "\n" GOOD },
		{ "no files", HEAD BUILD INSTALLED VARIABLES },
		{ "no packages", HEAD FILES BUILD VARIABLES },
		{ "no environment", HEAD FILES BUILD INSTALLED },
		{ "no build architecture", HEAD FILES INSTALLED VARIABLES },
		{ "a file that climbs",
		    HEAD "Checksums-Sha256:\n " HEX
			 " 7 ../a.deb\n" BUILD INSTALLED VARIABLES },
		{ "a file in a folder",
		    HEAD "Checksums-Sha256:\n " HEX
			 " 7 a/a.deb\n" BUILD INSTALLED VARIABLES },
		{ "a weak digest",
		    HEAD "Checksums-Sha256:\n 00 7 a.deb\n" BUILD INSTALLED
			VARIABLES },
		{ "a file twice",
		    HEAD FILES
		    " " HEX
		    " 8 a_1.0-1_amd64.deb\n" BUILD INSTALLED VARIABLES },
		{ "source version not closed",
		    "Format: 1.0\nSource: src (1\nArchitecture: all\n"
		    "Version: 1+b1\n" FILES BUILD INSTALLED VARIABLES },
		{ "source that is none",
		    "Format: 1.0\nSource: ../src\nArchitecture: all\n"
		    "Version: 1\n" FILES BUILD INSTALLED VARIABLES },
		{ "version that is none",
		    "Format: 1.0\nSource: src\nArchitecture: all\n"
		    "Version: x\n" FILES BUILD INSTALLED VARIABLES },
	};
	struct buildinfo b = BUILDINFO_INIT;
	struct fault why = FAULT_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why = (struct fault)FAULT_INIT;
		if (buildinfo_parse(span_of_str(cases[i].in), &b, &why) !=
			RB_EFORMAT ||
		    why.text[0] == '\0')
			fail_msg("%s: %s", cases[i].why, why.text);
	}
}

/* One field of a good one in another spelling. */
static void
refuses_every_other_spelling_of_a_list(void **state)
{
	static const char *const lists[] = {
		"Installed-Build-Depends: gcc (= 1)\n",
		"Installed-Build-Depends:\n gcc (= 1)\n libc6 (= 2)\n",
		"Installed-Build-Depends:\n gcc (= 1),\n libc6 (= 2),\n",
		"Installed-Build-Depends:\n gcc (= 1), libc6 (= 2)\n",
		"Installed-Build-Depends:\n gcc (>= 1)\n",
		"Installed-Build-Depends:\n gcc (=1)\n",
		"Installed-Build-Depends:\n gcc (= )\n",
		"Installed-Build-Depends:\n gcc (= 1) \n",
		"Installed-Build-Depends:\n gcc\n",
		"Installed-Build-Depends:\n gcc: (= 1)\n",
		"Installed-Build-Depends:\n :amd64 (= 1)\n",
		"Installed-Build-Depends:\n gcc:a:b (= 1)\n",
		"Installed-Build-Depends:\n GCC (= 1)\n",
		"Installed-Build-Depends:\n gcc | tcc (= 1)\n",
		"Installed-Build-Depends:\n gcc (= 1),\n gcc (= 2)\n",
		"Installed-Build-Depends:\n gcc (= 1),\n gcc (= 1)\n",
	};
	static const char *const variables[] = {
		"Environment: LANG=\"C\"\n",
		"Environment:\n LANG=C\n",
		"Environment:\n LANG=\"\n",
		"Environment:\n LANG\n",
		"Environment:\n =\"C\"\n",
		"Environment:\n LA NG=\"C\"\n",
		"Environment:\n 1=\"C\"\n",
		"Environment:\n LANG=\"C\n",
	};
	static const char *const dates[] = {
		"Build-Date: today\n",
		"Build-Date: Sun, 11 Jul 2026 12:16:37 +0200\n",
		"Build-Date: Sat, 11 Jul 2026 12:16:37 UTC\n",
		"Build-Date: Sat, 11 Jul 2026 12:16:37 +9999\n",
		"Build-Date: Sat, 11 Jul 2026 12:16:37 *0200\n",
		"Build-Date: Thu, 01 Jan 1970 00:00:00 +0100\n",
		"Build-Path: build\n",
	};
	struct buildinfo b = BUILDINFO_INIT;
	char text[2048];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s%s%s", HEAD FILES BUILD,
		    lists[i], VARIABLES);
		if (buildinfo_parse(span_of_str(text), &b, NULL) != RB_EFORMAT)
			fail_msg("%s", lists[i]);
	}
	for (i = 0; i < sizeof(variables) / sizeof(variables[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s%s",
		    HEAD FILES BUILD INSTALLED, variables[i]);
		if (buildinfo_parse(span_of_str(text), &b, NULL) != RB_EFORMAT)
			fail_msg("%s", variables[i]);
	}
	for (i = 0; i < sizeof(dates) / sizeof(dates[0]); i++) {
		(void)snprintf(text, sizeof(text), "%s%s%s",
		    HEAD FILES "Build-Architecture: amd64\n", dates[i],
		    INSTALLED VARIABLES);
		if (buildinfo_parse(span_of_str(text), &b, NULL) != RB_EFORMAT)
			fail_msg("%s", dates[i]);
	}
}

static void
reads_what_was_built_from_what(void **state)
{
	struct buildinfo b = BUILDINFO_INIT;
	struct buf pins = BUF_INIT;
	struct fault why = FAULT_INIT;

	(void)state;
	/* builderv2 leaves an empty line behind the last field. */
	assert_int_equal(buildinfo_parse(SPAN(GOOD "\n"), &b, &why), RB_OK);
	assert_true(span_equal_str(b.source, "src"));
	assert_true(span_equal_str(b.source_version, "1:1.0-1"));
	assert_true(span_equal_str(b.build_path, "/build/src-1.0"));
	assert_int_equal(b.build_date, 1783764997);
	assert_int_equal(b.nfiles, 1);
	assert_int_equal(b.files[0].size, 7);
	assert_int_equal(b.nenvironment, 2);
	assert_true(span_equal_str(b.environment[1].value, "a \\\"b"));
	assert_true(buildinfo_built_for_one(&b));
	assert_true(buildinfo_built_for_all(&b));
	assert_int_equal(buildinfo_write_pins(&b, &pins), RB_OK);
	assert_true(span_equal_str(buf_span(&pins),
	    "gcc 4:12.2.0-3\nlibc6 2.36-9\nlibc6:i386 2.36-9\n"));
	assert_int_equal(buildinfo_check(&b, SPAN("src"), SPAN("1:1.0-1"),
			     &why),
	    RB_OK);
	assert_int_equal(buildinfo_check(&b, SPAN("src"), SPAN("1.0-1"), &why),
	    RB_EREFUSED);
	assert_int_equal(buildinfo_check(&b, SPAN("other"), SPAN("1:1.0-1"),
			     &why),
	    RB_EREFUSED);
	buildinfo_clear(&b);
	buildinfo_clear(&b);
	buf_clear(&pins);
}

static void
reads_the_source_of_a_rebuild_without_change(void **state)
{
	struct buildinfo b = BUILDINFO_INIT;

	(void)state;
	assert_int_equal(
	    buildinfo_parse(SPAN("Format: 1.0\nSource: src (1.0-1)\n"
				 "Architecture: amd64\nVersion: 1.0-1+b1\n"
				 "Binary-Only-Changes:\n src (1.0-1+b1)\n .\n"
				 "   * rebuild\n" FILES BUILD INSTALLED
				     VARIABLES),
		&b, NULL),
	    RB_OK);
	assert_true(span_equal_str(b.source_version, "1.0-1"));
	assert_true(span_equal_str(b.version, "1.0-1+b1"));
	assert_false(buildinfo_built_for_all(&b));
	buildinfo_clear(&b);
}

static void
says_the_first_thing_that_differs(void **state)
{
	static const struct {
		const char *in, *says;
	} cases[] = {
		{ GOOD, NULL },
		/* Variables are a matter of taste. */
		{ HEAD FILES BUILD INSTALLED "Environment:\n A=\"b\"\n", NULL },
		/* A place that one of them does not tell cannot differ. */
		{ HEAD FILES "Build-Architecture: amd64\n" INSTALLED VARIABLES,
		    NULL },
		{ HEAD FILES "Build-Architecture: arm64\n" INSTALLED VARIABLES,
		    "the architecture is arm64, not amd64" },
		{ HEAD FILES "Build-Architecture: amd64\nBuild-Path: "
			     "/build/x\n" INSTALLED VARIABLES,
		    "the place is /build/x, not /build/src-1.0" },
		{ HEAD FILES BUILD "Installed-Build-Depends:\n"
				   " gcc (= 4:12.2.0-4),\n libc6 (= 2.36-9),\n"
				   " libc6:i386 (= 2.36-9)\n" VARIABLES,
		    "gcc is 4:12.2.0-4, not 4:12.2.0-3" },
		{ HEAD FILES BUILD "Installed-Build-Depends:\n"
				   " libc6 (= 2.36-9),\n"
				   " libc6:i386 (= 2.36-9)\n" VARIABLES,
		    "gcc 4:12.2.0-3 is missing" },
		{ HEAD FILES BUILD "Installed-Build-Depends:\n"
				   " gcc (= 4:12.2.0-3),\n libc6 (= 2.36-9),\n"
				   " libc6:i386 (= 2.36-9),\n"
				   " make (= 1)\n" VARIABLES,
		    "make 1 is too much" },
		{ HEAD FILES BUILD "Installed-Build-Depends:\n"
				   " gcc (= 4:12.2.0-3),\n"
				   " libc6 (= 2.36-9)\n" VARIABLES,
		    "libc6 2.36-9 is missing" },
	};
	struct buildinfo good = BUILDINFO_INIT, b = BUILDINFO_INIT;
	struct fault why = FAULT_INIT;
	size_t i;

	(void)state;
	assert_int_equal(buildinfo_parse(SPAN(GOOD), &good, NULL), RB_OK);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(buildinfo_parse(span_of_str(cases[i].in), &b,
				     NULL),
		    RB_OK);
		why = (struct fault)FAULT_INIT;
		assert_int_equal(buildinfo_equal(&b, &good, &why),
		    cases[i].says == NULL);
		assert_string_equal(why.text,
		    cases[i].says == NULL ? "" : cases[i].says);
		buildinfo_clear(&b);
	}
	buildinfo_clear(&good);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_buildinfo),
		cmocka_unit_test(refuses_every_other_spelling_of_a_list),
		cmocka_unit_test(reads_what_was_built_from_what),
		cmocka_unit_test(reads_the_source_of_a_rebuild_without_change),
		cmocka_unit_test(says_the_first_thing_that_differs),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
