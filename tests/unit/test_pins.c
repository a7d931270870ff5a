/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/judge/pins.h"

#define STANZA(name, version, arch) \
	"Package: " name "\nVersion: " version "\nArchitecture: " arch "\n"

static void
refuses_every_other_spelling(void **state)
{
	static const struct {
		const char *why, *in;
	} cases[] = {
		{ "empty line", "\n" },
		{ "not ended", "a 1" },
		{ "no version", "a\n" },
		{ "empty version", "a \n" },
		{ "two blanks", "a  1\n" },
		{ "a third word", "a 1 2\n" },
		{ "name that is none", "A 1\n" },
		{ "no name", ":amd64 1\n" },
		{ "twice", "a 1\na 2\n" },
		{ "twice with architecture", "a:b 1\na:b 1\n" },
		{ "a second line cut short", "a 1\nb" },
	};
	struct pins p = PINS_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (pins_parse(span_of_str(cases[i].in), &p, NULL) !=
		    RB_EFORMAT)
			fail_msg("%s", cases[i].why);
}

static void
merge_all(const char *pins, const struct pins_index *indices, size_t n,
    struct pins_merged *m)
{
	struct pins p = PINS_INIT;

	assert_int_equal(pins_parse(span_of_str(pins), &p, NULL), RB_OK);
	assert_int_equal(pins_merge(&p, indices, n, SPAN("amd64"), m, NULL),
	    RB_OK);
	pins_clear(&p);
}

static void
merge(const char *pins, const struct pins_index *indices, size_t n,
    const char *want, const char *missing)
{
	struct pins_merged m = PINS_MERGED_INIT;

	merge_all(pins, indices, n, &m);
	assert_int_equal(m.nmissing == 0, missing[0] == '\0');
	if (!span_equal_str(buf_span(&m.missing), missing))
		fail_msg("missing: %.*s", (int)m.missing.len,
		    (char *)m.missing.p);
	if (want != NULL && !span_equal_str(buf_span(&m.index), want))
		fail_msg("merged: %.*s", (int)m.index.len, (char *)m.index.p);
	pins_merged_clear(&m);
}

static const char base[] = STANZA("a", "2", "amd64") "\n" STANZA("b", "2",
    "all") "\n" STANZA("c", "2", "amd64");
static const char old[] = STANZA("a", "1", "amd64") "\n" STANZA("b", "1",
    "all") "\n" STANZA("c", "1", "amd64") "\n" STANZA("a", "1", "i386");
static const char built[] = STANZA("d", "1", "amd64") "\n" STANZA("c", "3",
    "amd64");

static void
offers_a_pinned_package_in_that_version_alone(void **state)
{
	const struct pins_index both[] = {
		{ PINS_BASE, SPAN_INIT },
		{ PINS_OLD, SPAN_INIT },
	};
	struct pins_index i[2];

	(void)state;
	memcpy(i, both, sizeof(i));
	i[0].bytes = span_of_str(base);
	i[1].bytes = span_of_str(old);
	merge("", i, 2, base, "");
	merge("a 2\n", i, 2,
	    STANZA("b", "2", "all") "\n" STANZA("c", "2",
		"amd64") "\n" STANZA("a", "2", "amd64"),
	    "");
	/* Most of the pins are of the old time: all the rest is too. */
	merge("a 1\nb 1\n", i, 2,
	    STANZA("c", "1", "amd64") "\n" STANZA("a", "1",
		"amd64") "\n" STANZA("b", "1", "all"),
	    "");
	/* Half and half: the base. */
	merge("a 1\nb 2\n", i, 2,
	    STANZA("c", "2", "amd64") "\n" STANZA("a", "1",
		"amd64") "\n" STANZA("b", "2", "all"),
	    "");
	merge("a:i386 1\n", i, 2,
	    STANZA("b", "1", "all") "\n" STANZA("c", "1",
		"amd64") "\n" STANZA("a", "1", "i386"),
	    "");
}

static void
offers_what_was_built_besides(void **state)
{
	struct pins_index i[] = {
		{ PINS_BUILT, SPAN_INIT },
		{ PINS_BASE, SPAN_INIT },
	};

	(void)state;
	i[0].bytes = span_of_str(built);
	i[1].bytes = span_of_str(base);
	merge("", i, 2,
	    STANZA("d", "1", "amd64") "\n" STANZA("c", "3",
		"amd64") "\n" STANZA("a", "2", "amd64") "\n" STANZA("b", "2",
		"all") "\n" STANZA("c", "2", "amd64"),
	    "");
	merge("c 3\n", i, 2,
	    STANZA("d", "1", "amd64") "\n" STANZA("a", "2",
		"amd64") "\n" STANZA("b", "2", "all") "\n" STANZA("c", "3",
		"amd64"),
	    "");
}

#define OURS(name, version) STANZA(name, version, "amd64") "Description: ours\n"

/* Else a component could be what the archive once had. */
static void
prefers_what_others_have_to_what_was_built(void **state)
{
	static const char ours[] = OURS("c", "2") "\n" OURS("gone", "1");
	static const char past[] = STANZA("gone", "1", "amd64");
	struct pins_index i[] = {
		{ PINS_BUILT, SPAN_INIT },
		{ PINS_BASE, SPAN_INIT },
		{ PINS_OLD, SPAN_INIT },
	};
	struct pins_merged m = PINS_MERGED_INIT;

	(void)state;
	i[0].bytes = span_of_str(ours);
	i[1].bytes = span_of_str(base);
	i[2].bytes = span_of_str(past);
	/* Whoever has not looked at the old is told that it matters. */
	merge_all("c 2\ngone 1\n", i, 2, &m);
	assert_int_equal(m.nmissing, 0);
	assert_int_equal(m.nbuilt, 1);
	pins_merged_clear(&m);
	merge_all("c 2\ngone 1\n", i, 3, &m);
	assert_int_equal(m.nbuilt, 0);
	assert_true(span_equal_str(buf_span(&m.index),
	    STANZA("a", "2", "amd64") "\n" STANZA("b", "2",
		"all") "\n" STANZA("c", "2", "amd64") "\n" STANZA("gone", "1",
		"amd64")));
	pins_merged_clear(&m);
}

static void
names_what_nobody_offers(void **state)
{
	struct pins_index i[] = { { PINS_BASE, SPAN_INIT } };
	struct pins_merged m = PINS_MERGED_INIT;
	struct buf pins = BUF_INIT;
	uint32_t k;

	(void)state;
	i[0].bytes = span_of_str(base);
	merge("a 1\n", i, 1, NULL, "a 1");
	merge("a 2\nb:arm64 2\nx 1:1-1\n", i, 1, NULL, "b:arm64 2, x 1:1-1");
	for (k = 0; k < 1000; k++)
		assert_int_equal(buf_printf(&pins, "missing%04u 1\n", k),
		    RB_OK);
	assert_int_equal(buf_put_byte(&pins, 0), RB_OK);
	merge_all((const char *)pins.p, i, 1, &m);
	assert_int_equal(m.nmissing, 1000);
	assert_true(m.missing.len < PINS_NAMED_MAX + 20);
	assert_true(span_starts(buf_span(&m.missing), SPAN("missing0000 1, ")));
	assert_memory_equal(m.missing.p + m.missing.len - 5, " more", 5);
	buf_clear(&pins);
	pins_merged_clear(&m);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(offers_a_pinned_package_in_that_version_alone),
		cmocka_unit_test(offers_what_was_built_besides),
		cmocka_unit_test(prefers_what_others_have_to_what_was_built),
		cmocka_unit_test(names_what_nobody_offers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
