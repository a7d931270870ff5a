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
    "12") "Provides: c-compiler, gcc:amd64 (= 4:12)\n\n" STANZA("libxen4",
    "xen", "4.17") "Provides: libxen\n\n" STANZA("debhelper", "debhelper",
    "13") "Provides: debhelper-compat (= 12), debhelper-compat (= 13)\n"
	  "\n" STANZA("dpkg", "dpkg", "1.21");
/* Two suites of what is published. */
static const char *const suites[] = { STANZA("libqubes2", "qubes-lib", "1"),
	STANZA("libqubes2", "qubes-new", "2") "\n" STANZA("qubes-gui",
	    "qubes-gui", "1") "Provides: qubes-gui-agent\n" };

static void
sift_all(const char *built, struct sifted *out)
{
	struct overrides o = OVERRIDES_INIT;
	const struct span published[] = { span_of_str(suites[0]),
		span_of_str(suites[1]) };

	assert_int_equal(overrides_parse(span_of_str(rules), &o, NULL), RB_OK);
	assert_int_equal(overrides_sift(&o, span_of_str(built),
			     span_of_str(archive), published, 2, out, NULL),
	    RB_OK);
	overrides_clear(&o);
}

/* What is offered, and what is withheld for that reason alone. */
static void
sift_for(enum withheld_for reason, const char *built, const char *want,
    const char *withheld, uint32_t n)
{
	struct sifted s = SIFTED_INIT;
	struct buf *words;
	size_t i;

	sift_all(built, &s);
	if (!span_equal_str(buf_span(&s.offered), want))
		fail_msg("offered: %.*s", (int)s.offered.len,
		    (char *)s.offered.p);
	for (i = 0; i < WITHHELD_REASONS; i++) {
		words = &s.withheld[i].names;
		if (!span_equal_str(buf_span(words),
			i == reason ? withheld : ""))
			fail_msg("withheld for %zu: %.*s", i, (int)words->len,
			    (char *)words->p);
		assert_int_equal(s.withheld[i].n, i == reason ? n : 0);
	}
	sifted_clear(&s);
}

static void
sift(const char *built, const char *want, const char *withheld, uint32_t n)
{
	sift_for(WITHHELD_ARCHIVE, built, want, withheld, n);
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

/* apt takes what provides a name for what is called so. */
static void
offers_nothing_by_a_name_that_it_may_not_provide(void **state)
{
	(void)state;
	/* A name of the base system, one of a package, a virtual one. */
	sift(STANZA("m", "mallory", "1") "Provides: gcc (= 99)\n",
	    STANZA("m", "mallory", "1"), "", 0);
	sift(STANZA("m", "mallory", "1") "Provides: ok, libxen4 (= 99), m-2 (= "
					 "1)\nDepends: a\n",
	    STANZA("m", "mallory", "1") "Provides: ok, m-2 (= 1)\n"
					"Depends: a\n",
	    "", 0);
	sift(STANZA("m", "mallory", "1") "Provides: debhelper-compat (= 13)\n",
	    STANZA("m", "mallory", "1"), "", 0);
	/* And what is called as what the archive provides. */
	sift(STANZA("debhelper-compat", "mallory", "13"), "",
	    "debhelper-compat", 1);
	sift(STANZA("c-compiler", "mallory", "1"), "", "c-compiler", 1);
	/* Who may take a place may provide what was provided there. */
	sift(STANZA("libxen4", "xen", "9") "Provides: libxen, c-compiler\n",
	    STANZA("libxen4", "xen", "9") "Provides: libxen\n", "", 0);
	/* What nobody can read may say anything. */
	sift(STANZA("m", "mallory", "1") "Provides: ok, gcc (99)\n", "", "m",
	    1);
	sift(STANZA("m", "mallory", "1") "Provides: ok (>= 1)\n", "", "m", 1);
}

/* The release's own index knows whose a package is. */
static void
withholds_what_is_published_from_another_source(void **state)
{
	(void)state;
	sift_for(WITHHELD_PUBLISHED, STANZA("qubes-gui", "mallory", "1"), "",
	    "qubes-gui", 1);
	sift_for(WITHHELD_PUBLISHED,
	    STANZA("m", "mallory", "1") "Provides: qubes-gui (= 9)\n",
	    STANZA("m", "mallory", "1"), "", 0);
	/* Whoever comes first. */
	sift_for(WITHHELD_PUBLISHED,
	    STANZA("qubes-gui", "mallory", "1") "\n" STANZA("qubes-gui",
		"qubes-gui", "2"),
	    STANZA("qubes-gui", "qubes-gui", "2"), "qubes-gui", 1);
	/* What is provided there is a name, too. */
	sift_for(WITHHELD_PUBLISHED, STANZA("qubes-gui-agent", "mallory", "1"),
	    "", "qubes-gui-agent", 1);
	sift_for(WITHHELD_PUBLISHED,
	    STANZA("m", "mallory", "1") "Provides: qubes-gui-agent\n",
	    STANZA("m", "mallory", "1"), "", 0);
	sift_for(WITHHELD_PUBLISHED,
	    STANZA("qubes-gui", "qubes-gui", "1") "Provides: qubes-gui-agent\n",
	    STANZA("qubes-gui", "qubes-gui", "1") "Provides: qubes-gui-agent\n",
	    "", 0);
	/* One that moved is published from both. */
	sift_for(WITHHELD_PUBLISHED, STANZA("libqubes2", "qubes-new", "3"),
	    STANZA("libqubes2", "qubes-new", "3"), "", 0);
	sift_for(WITHHELD_PUBLISHED, STANZA("libqubes2", "qubes-lib", "3"),
	    STANZA("libqubes2", "qubes-lib", "3"), "", 0);
}

/* Else who signs one component could stand in for another. */
static void
offers_of_one_name_what_the_first_source_made(void **state)
{
	(void)state;
	sift_for(WITHHELD_SECOND,
	    STANZA("libqubes1", "qubes-lib", "1") "\n" STANZA("libqubes1",
		"qubes-thief", "9") "\n" STANZA("qubes-thief", "qubes-thief",
		"9") "\n" STANZA("libqubes1", "qubes-lib", "2"),
	    STANZA("libqubes1", "qubes-lib", "1") "\n" STANZA("qubes-thief",
		"qubes-thief", "9") "\n" STANZA("libqubes1", "qubes-lib", "2"),
	    "libqubes1 of qubes-thief", 1);
	/* What only provides it is behind what is called so. */
	sift_for(WITHHELD_SECOND,
	    STANZA("thief", "qubes-thief",
		"9") "Provides: libqubes1 (= 9)\n\n" STANZA("libqubes1",
		"qubes-lib", "1"),
	    STANZA("thief", "qubes-thief", "9") "\n" STANZA("libqubes1",
		"qubes-lib", "1"),
	    "", 0);
	/* Several may provide what none is called. */
	sift_for(WITHHELD_SECOND,
	    STANZA("a", "qubes-a", "1") "Provides: view\n\n" STANZA("b",
		"qubes-b", "1") "Provides: view\n",
	    STANZA("a", "qubes-a", "1") "Provides: view\n\n" STANZA("b",
		"qubes-b", "1") "Provides: view\n",
	    "", 0);
}

static void
names_some_and_counts_the_rest(void **state)
{
	struct overrides o = OVERRIDES_INIT;
	struct buf lines = BUF_INIT, built = BUF_INIT;
	struct sifted s = SIFTED_INIT;
	const struct buf *words = &s.withheld[WITHHELD_ARCHIVE].names;
	uint32_t i;

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
			     (struct span)SPAN_INIT, NULL, 0, &s, NULL),
	    RB_OK);
	assert_int_equal(s.withheld[WITHHELD_ARCHIVE].n, 100);
	assert_int_equal(s.offered.len, 0);
	assert_true(words->len < OVERRIDES_NAMED_MAX + 20);
	assert_true(span_starts(buf_span(words), SPAN("tool000, tool001, ")));
	assert_memory_equal(words->p + words->len - 5, " more", 5);
	overrides_clear(&o);
	buf_clear(&lines);
	buf_clear(&built);
	sifted_clear(&s);
}

static void
refuses_indices_that_are_none(void **state)
{
	static const char good[] = STANZA("libxen4", "xen", "1");
	static const struct {
		const char *built, *archive, *published;
	} cases[] = {
		{ "Package: ../a\n", archive, "" },
		{ good, "Package\n", "" },
		{ good, STANZA("a", "b", "1") "Provides: ,\n", "" },
		{ good, archive, STANZA("a b", "b", "1") },
	};
	struct overrides o = OVERRIDES_INIT;
	struct sifted s = SIFTED_INIT;
	struct span published;
	size_t i;

	(void)state;
	assert_int_equal(overrides_parse(span_of_str(rules), &o, NULL), RB_OK);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		published = span_of_str(cases[i].published);
		if (overrides_sift(&o, span_of_str(cases[i].built),
			span_of_str(cases[i].archive), &published, 1, &s,
			NULL) != RB_EFORMAT)
			fail_msg("case %zu", i);
	}
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
		cmocka_unit_test(
		    offers_nothing_by_a_name_that_it_may_not_provide),
		cmocka_unit_test(
		    withholds_what_is_published_from_another_source),
		cmocka_unit_test(offers_of_one_name_what_the_first_source_made),
		cmocka_unit_test(names_some_and_counts_the_rest),
		cmocka_unit_test(refuses_indices_that_are_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
