/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/overrides.h"

#define STANZA(name, source, version) \
	"Package: " name "\nSource: " source "\nVersion: " version \
	"\nArchitecture: amd64\n"

static void
refuses_every_other_spelling(void **state)
{
	static const struct {
		const char *why, *in;
	} cases[] = {
		{ "empty line", "\n" },
		{ "not ended", "base gcc" },
		{ "no name", "base\n" },
		{ "empty name", "base \n" },
		{ "two blanks", "base  gcc\n" },
		{ "a second name", "base gcc g++\n" },
		{ "another word", "may xen\n" },
		{ "no word", " gcc\n" },
		{ "a name that is none", "source Xen\n" },
		{ "the second line", "base gcc\nbase" },
	};
	struct overrides o = OVERRIDES_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (overrides_parse(span_of_str(cases[i].in), &o, NULL) !=
		    RB_EFORMAT)
			fail_msg("%s", cases[i].why);
}

static const char rules[] = "base gcc\nbase dpkg\nbase bash\nsource xen\n";
static const char archive[] = STANZA("bash", "bash", "5") "\n" STANZA("gcc",
    "gcc-defaults",
    "12") "\n" STANZA("libxen4", "xen", "4.17") "\n" STANZA("debhelper",
    "debhelper", "13") "\n" STANZA("dpkg", "dpkg", "1.21");

static void
sift(const char *built, const char *want, const char *withheld, uint32_t n)
{
	struct overrides o = OVERRIDES_INIT;
	struct buf out = BUF_INIT, words = BUF_INIT;
	uint32_t count = 0;

	assert_int_equal(overrides_parse(span_of_str(rules), &o, NULL), RB_OK);
	assert_int_equal(overrides_sift(&o, span_of_str(built),
			     span_of_str(archive), &out, &words, &count, NULL),
	    RB_OK);
	if (!span_equal_str(buf_span(&out), want))
		fail_msg("offered: %.*s", (int)out.len, (char *)out.p);
	if (!span_equal_str(buf_span(&words), withheld))
		fail_msg("withheld: %.*s", (int)words.len, (char *)words.p);
	assert_int_equal(count, n);
	overrides_clear(&o);
	buf_clear(&out);
	buf_clear(&words);
}

static void
withholds_what_is_called_as_a_package_of_the_base_system(void **state)
{
	(void)state;
	sift(STANZA("gcc", "mallory", "99"), "", "gcc", 1);
	/* Not even from the source that has it in the archive. */
	sift(STANZA("dpkg", "dpkg", "99") "\n" STANZA("mallory", "mallory",
		 "1"),
	    STANZA("mallory", "mallory", "1"), "dpkg", 1);
	sift(STANZA("gcc", "xen", "99"), "", "gcc", 1);
}

static void
withholds_what_the_archive_has_from_elsewhere(void **state)
{
	(void)state;
	sift(STANZA("debhelper", "mallory", "99"), "", "debhelper", 1);
	/* Who may take the place of one takes not that of all. */
	sift(STANZA("debhelper", "xen", "99"), "", "debhelper", 1);
	/* The name of a source alone gives no right to anything. */
	sift(STANZA("debhelper", "debhelper", "99"), "", "debhelper", 1);
	sift(STANZA("libxen4", "mallory", "99") "\n" STANZA("bash", "bash",
		 "6"),
	    "", "libxen4, bash", 2);
}

static void
offers_what_may_take_a_place_and_what_has_none(void **state)
{
	static const char built[] = STANZA("libxen4", "xen",
	    "2001:4.19") "\n" STANZA("libxen-new", "xen",
	    "2001:4.19") "\n" STANZA("qubes-alpha", "alpha", "1");

	(void)state;
	sift(built, built, "", 0);
	sift("", "", "", 0);
	/* Of two of one name, each is judged for itself. */
	sift(STANZA("libxen4", "mallory", "99") "\n" STANZA("libxen4", "xen",
		 "1"),
	    STANZA("libxen4", "xen", "1"), "libxen4", 1);
}

/* Else who signs one component could stand in for another. */
static void
offers_of_one_name_what_the_first_source_made(void **state)
{
	(void)state;
	sift(STANZA("libqubes1", "qubes-lib", "1") "\n" STANZA("libqubes1",
		 "qubes-thief", "9") "\n" STANZA("qubes-thief", "qubes-thief",
		 "9") "\n" STANZA("libqubes1", "qubes-lib", "2"),
	    STANZA("libqubes1", "qubes-lib", "1") "\n" STANZA("qubes-thief",
		"qubes-thief", "9") "\n" STANZA("libqubes1", "qubes-lib", "2"),
	    "libqubes1", 1);
}

static void
names_some_and_counts_the_rest(void **state)
{
	struct overrides o = OVERRIDES_INIT;
	struct buf lines = BUF_INIT, built = BUF_INIT, out = BUF_INIT,
		   words = BUF_INIT;
	uint32_t count = 0, i;

	(void)state;
	for (i = 0; i < 100; i++) {
		assert_int_equal(buf_printf(&lines, "base tool%03u\n", i),
		    RB_OK);
		assert_int_equal(buf_printf(&built,
				     "%sPackage: tool%03u\nVersion: 1\n"
				     "Architecture: all\n",
				     i == 0 ? "" : "\n", i),
		    RB_OK);
	}
	assert_int_equal(overrides_parse(buf_span(&lines), &o, NULL), RB_OK);
	assert_int_equal(overrides_sift(&o, buf_span(&built),
			     (struct span)SPAN_INIT, &out, &words, &count,
			     NULL),
	    RB_OK);
	assert_int_equal(count, 100);
	assert_int_equal(out.len, 0);
	assert_true(words.len < OVERRIDES_NAMED_MAX + 20);
	assert_true(span_starts(buf_span(&words), SPAN("tool000, tool001, ")));
	assert_memory_equal(words.p + words.len - 5, " more", 5);
	overrides_clear(&o);
	buf_clear(&lines);
	buf_clear(&built);
	buf_clear(&out);
	buf_clear(&words);
}

static void
refuses_indices_that_are_none(void **state)
{
	struct overrides o = OVERRIDES_INIT;
	struct buf out = BUF_INIT, words = BUF_INIT;
	uint32_t count = 0;

	(void)state;
	assert_int_equal(overrides_parse(span_of_str(rules), &o, NULL), RB_OK);
	assert_int_equal(overrides_sift(&o, SPAN("Package: ../a\n"),
			     span_of_str(archive), &out, &words, &count, NULL),
	    RB_EFORMAT);
	assert_int_equal(overrides_sift(&o, SPAN(STANZA("libxen4", "xen", "1")),
			     SPAN("Package\n"), &out, &words, &count, NULL),
	    RB_EFORMAT);
	assert_int_equal(out.len, 0);
	overrides_clear(&o);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(
		    withholds_what_is_called_as_a_package_of_the_base_system),
		cmocka_unit_test(withholds_what_the_archive_has_from_elsewhere),
		cmocka_unit_test(
		    offers_what_may_take_a_place_and_what_has_none),
		cmocka_unit_test(offers_of_one_name_what_the_first_source_made),
		cmocka_unit_test(names_some_and_counts_the_rest),
		cmocka_unit_test(refuses_indices_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
