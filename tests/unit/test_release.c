/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "rebuilder/judge/release.h"

#define HEX "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"
#define DATE "Date: Sat, 11 Jul 2026 10:16:37 UTC\n"
#define DATE_SECONDS 1783764997u
#define LIST "SHA256:\n"
#define LINE(path) " " HEX "      123 " path "\n"
#define NAME "Codename: bookworm\n"

static void
refuses_what_is_no_release(void **state)
{
	static const struct {
		const char *why, *in;
	} cases[] = {
		{ "nothing", "" },
		{ "no codename", "Suite: x\n" DATE LIST LINE("a") },
		{ "codename with a blank",
		    "Codename: a b\n" DATE LIST LINE("a") },
		{ "codename that climbs",
		    "Codename: ../a\n" DATE LIST LINE("a") },
		{ "no date", NAME LIST LINE("a") },
		{ "Valid-Until that is no date",
		    NAME DATE "Valid-Until: never\n" LIST LINE("a") },
		{ "no list", NAME DATE },
		{ "only a weak list",
		    NAME DATE
		    "MD5Sum:\n d41d8cd98f00b204e9800998ecf8427e 0 a\n" },
		{ "empty list", NAME DATE LIST },
		{ "list on its field's line",
		    NAME DATE "SHA256: " HEX " 1 a\n" },
		{ "path twice", NAME DATE LIST LINE("a") LINE("b") LINE("a") },
		{ "path that climbs", NAME DATE LIST LINE("../../a") },
		{ "absolute path", NAME DATE LIST LINE("/a") },
		{ "digest cut", NAME DATE LIST " e3b0c442 1 a\n" },
		{ "second list", NAME DATE LIST LINE("a") LIST LINE("b") },
		{ "second stanza", NAME DATE LIST LINE("a") "\n" NAME },
		{ "cut in a line", NAME DATE LIST " " HEX },
	};
	struct release r = RELEASE_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		if (release_parse(span_of_str(cases[i].in), &r, &why) !=
		    RB_EFORMAT)
			fail_msg("accepted: %s", cases[i].why);
		assert_string_not_equal(why.text, "");
		assert_null(r.entries);
	}
}

static void
refuses_too_many_files(void **state)
{
	struct release r = RELEASE_INIT;
	struct buf b = BUF_INIT;
	int i;

	(void)state;
	assert_int_equal(buf_put_str(&b, NAME DATE LIST), RB_OK);
	for (i = 0; i <= RELEASE_ENTRIES_MAX; i++)
		assert_int_equal(buf_printf(&b, " " HEX " 1 f%d\n", i), RB_OK);
	assert_int_equal(release_parse(buf_span(&b), &r, NULL), RB_ELIMIT);
	buf_clear(&b);
}

static void
refuses_every_other_date(void **state)
{
	static const char *const bad[] = {
		"",
		"Sat, 11 Jul 2026 10:16:37",
		"11 Jul 2026 10:16:37 UTC",
		"Sun, 11 Jul 2026 10:16:37 UTC", /* it was a Saturday */
		"Sat, 11 Jul 2026 10:16:37 GMT",
		"Sat, 11 Jul 2026 10:16:37 +00",
		"Sat, 11 jul 2026 10:16:37 UTC",
		"Sat, 11 Jux 2026 10:16:37 UTC",
		"Sat, 31 Feb 2026 10:16:37 UTC",
		"Sat, 11 Jul 2026 24:16:37 UTC",
		"Sat, 11 Jul 2026 10:60:37 UTC",
		"Sat, 11 Jul 2026 10:16:61 UTC",
		"Sat, -1 Jul 2026 10:16:37 UTC",
		"Sat,  1 Aug 2026 10:16:37 UTC",
		"Sat; 11 Jul 2026 10:16:37 UTC",
		"Sat, 11 Jul 2026 10:16:37 UTC ",
		"Sat, 11 Jul 2026 10-16-37 UTC",
		"Sat, 11 Jul 1926 10:16:37 UTC",
	};
	static const struct {
		const char *text;
		uint64_t seconds;
	} good[] = {
		{ "Sat, 11 Jul 2026 10:16:37 UTC", DATE_SECONDS },
		{ "Thu, 01 Jan 1970 00:00:00 UTC", 0 },
		{ "Thu, 29 Feb 2024 23:59:59 UTC", 1709251199 },
	};
	uint64_t t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		if (release_date_parse(span_of_str(bad[i]), &t) != RB_EFORMAT)
			fail_msg("accepted '%s'", bad[i]);
	}
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		assert_int_equal(release_date_parse(span_of_str(good[i].text),
				     &t),
		    RB_OK);
		assert_int_equal(t, good[i].seconds);
	}
}

static void
reads_what_is_signed(void **state)
{
	struct release r = RELEASE_INIT;
	const struct checksum *sum;

	(void)state;
	assert_int_equal(
	    release_parse(SPAN("Origin: Debian\n"
			       "Suite: oldstable\n" NAME DATE
			       "Valid-Until: Sun, 12 Jul 2026 10:16:37 UTC\n"
			       "Acquire-By-Hash: yes\n" LIST LINE("main/z")
				   LINE("main/a/P.xz") LINE("main/a/P")),
		&r, NULL),
	    RB_OK);
	assert_true(span_equal_str(r.codename, "bookworm"));
	assert_true(span_equal_str(r.suite, "oldstable"));
	assert_int_equal(r.date, DATE_SECONDS);
	assert_int_equal(r.valid_until, DATE_SECONDS + 86400);
	assert_true(r.is_by_hash);
	assert_int_equal(r.n, 3);
	sum = release_find(&r, SPAN("main/a/P.xz"));
	assert_non_null(sum);
	assert_int_equal(sum->size, 123);
	assert_null(release_find(&r, SPAN("main/a/P.x")));
	assert_null(release_find(&r, SPAN("")));
	release_clear(&r);
	release_clear(&r);
}

static enum rb_err
check(const struct release *r, struct span asked, uint64_t now, uint64_t newest)
{
	return release_check(r, asked, now, newest, RELEASE_OF_TODAY, NULL);
}

static void
checks_suite_and_time(void **state)
{
	struct release r = RELEASE_INIT;

	(void)state;
	r.codename = SPAN("bookworm");
	r.suite = SPAN("oldstable");
	r.date = 1000000;
	assert_int_equal(check(&r, SPAN("bookworm"), r.date, 0), RB_OK);
	assert_int_equal(check(&r, SPAN("oldstable"), r.date, r.date), RB_OK);
	/* Another suite of the same archive, signed by the same key. */
	assert_int_equal(check(&r, SPAN("sid"), r.date, 0), RB_EREFUSED);
	assert_int_equal(check(&r, SPAN(""), r.date, 0), RB_EREFUSED);
	r.suite = (struct span)SPAN_INIT;
	assert_int_equal(check(&r, SPAN(""), r.date, 0), RB_EREFUSED);
	/* One second older than what was seen. */
	assert_int_equal(check(&r, SPAN("bookworm"), r.date, r.date + 1),
	    RB_ESTALE);
	assert_int_equal(check(&r, SPAN("bookworm"), r.date - RELEASE_AHEAD_MAX,
			     0),
	    RB_OK);
	assert_int_equal(check(&r, SPAN("bookworm"),
			     r.date - RELEASE_AHEAD_MAX - 1, 0),
	    RB_EREFUSED);
	/* Without Valid-Until nothing expires; with it, a second later. */
	assert_int_equal(check(&r, SPAN("bookworm"), UINT64_MAX, 0), RB_OK);
	r.valid_until = r.date + 10;
	assert_int_equal(check(&r, SPAN("bookworm"), r.date + 10, 0), RB_OK);
	assert_int_equal(check(&r, SPAN("bookworm"), r.date + 11, 0),
	    RB_ESTALE);
}

/* An old archive's text may be of any time but the future. */
static void
lets_an_old_one_be_old_and_nothing_else(void **state)
{
	struct release r = RELEASE_INIT;

	(void)state;
	r.codename = SPAN("bookworm");
	r.date = 1000000;
	r.valid_until = r.date + 10;
	assert_int_equal(release_check(&r, SPAN("sid"), r.date, 0,
			     RELEASE_OF_ANY_AGE, NULL),
	    RB_EREFUSED);
	assert_int_equal(release_check(&r, SPAN("bookworm"),
			     r.date - RELEASE_AHEAD_MAX - 1, 0,
			     RELEASE_OF_ANY_AGE, NULL),
	    RB_EREFUSED);
	assert_int_equal(release_check(&r, SPAN("bookworm"), r.date + 11,
			     r.date + 1, RELEASE_OF_ANY_AGE, NULL),
	    RB_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_no_release),
		cmocka_unit_test(refuses_too_many_files),
		cmocka_unit_test(refuses_every_other_date),
		cmocka_unit_test(reads_what_is_signed),
		cmocka_unit_test(checks_suite_and_time),
		cmocka_unit_test(lets_an_old_one_be_old_and_nothing_else),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
