/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "httpd/page.h"
#include "httpd/words.h"

#define SHOWN "\xef\xbf\xbd"

static void
check(struct page *p, const char *want)
{
	assert_int_equal(p->rc, RB_OK);
	if (!span_equal_str(buf_span(&p->out), want))
		fail_msg("%.*s instead of %s", (int)p->out.len,
		    (const char *)p->out.p, want);
	page_clear(p);
}

static void
lets_no_text_become_markup(void **state)
{
	static const struct {
		const char *why, *text, *want;
	} table[] = {
		{ "nothing", "", "" },
		{ "element", "<script>alert(1)</script>",
		    "&lt;script&gt;alert(1)&lt;/script&gt;" },
		{ "attribute", "\" onload='x", "&quot; onload=&#39;x" },
		{ "entity", "&lt;", "&amp;lt;" },
		{ "comment", "--><b>", "--&gt;&lt;b&gt;" },
		{ "line feed", "a\nb", "a" SHOWN "b" },
		{ "escape", "\x1b[2J", SHOWN "[2J" },
		{ "delete", "\x7f", SHOWN },
		{ "C1 control", "\xc2\x9bx", SHOWN "x" },
		{ "right to left", "n\xe2\x80\xaeyek.gpj",
		    "n" SHOWN "yek.gpj" },
		{ "isolate", "\xe2\x81\xa6y", SHOWN "y" },
		{ "zero width", "pay\xe2\x80\x8bpal", "pay" SHOWN "pal" },
		{ "soft hyphen", "x\xc2\xady", "x" SHOWN "y" },
		{ "byte order mark", "\xef\xbb\xbfy", SHOWN "y" },
		{ "tag characters", "\xf3\xa0\x81\x81", SHOWN },
		{ "lone byte", "a\xff", "a" SHOWN },
		{ "lone continuation", "\x80y", SHOWN "y" },
		{ "cut off", "\xe2\x82", SHOWN SHOWN },
		{ "cut off by markup", "\xe2<b>", SHOWN "&lt;b&gt;" },
		{ "second spelling of <", "\xc0\xbc", SHOWN SHOWN },
		{ "longer spelling of <", "\xe0\x80\xbc", SHOWN SHOWN SHOWN },
		{ "surrogate", "\xed\xa0\x80", SHOWN SHOWN SHOWN },
		{ "past Unicode", "\xf4\x90\x80\x80", SHOWN SHOWN SHOWN SHOWN },
		{ "five bytes", "\xf8\x88\x80\x80\x80",
		    SHOWN SHOWN SHOWN SHOWN SHOWN },
		{ "plain", "g++-12 (1:2~rc1)", "g++-12 (1:2~rc1)" },
		{ "two bytes", "J\xc3\xbcrgen", "J\xc3\xbcrgen" },
		{ "three bytes", "\xe6\x97\xa5\xe6\x9c\xac",
		    "\xe6\x97\xa5\xe6\x9c\xac" },
		{ "four bytes", "\xf0\x9f\x94\x8f", "\xf0\x9f\x94\x8f" },
	};
	struct page p = PAGE_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		page_text(&p, table[i].text);
		check(&p, table[i].want);
	}
	page_text(&p, NULL);
	check(&p, "");
}

static void
keeps_hostile_names_inside_links(void **state)
{
	struct route r = { .kind = ROUTE_PACKAGE };
	struct page p = PAGE_INIT;

	(void)state;
	strcpy(r.repository, "\"><script>");
	strcpy(r.name, "a'b&c");
	strcpy(r.version, "javascript:1");
	strcpy(r.arch, "all");
	page_link(&p, &r, "<i>");
	check(&p,
	    "<a href=\"/package/%22%3E%3Cscript%3E/a%27b%26c/"
	    "javascript:1/all\">&lt;i&gt;</a>");

	/* No path leads there: text without a link. */
	strcpy(r.name, "..");
	page_link(&p, &r, "..");
	check(&p, "..");
}

static void
writes_numbers_as_people_read_them(void **state)
{
	static const struct {
		uint64_t n;
		const char *want;
	} table[] = {
		{ 0, "0" },
		{ 999, "999" },
		{ 1000, "1,000" },
		{ 123456, "123,456" },
		{ 1234567, "1,234,567" },
		{ UINT64_MAX, "18,446,744,073,709,551,615" },
	};
	struct page p = PAGE_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		page_number(&p, table[i].n);
		check(&p, table[i].want);
	}
	page_count(&p, 1, "leaf", "leaves");
	check(&p, "1 leaf");
	page_count(&p, 0, "leaf", "leaves");
	check(&p, "0 leaves");
}

static void
writes_times_for_people_and_programs(void **state)
{
	struct page p = PAGE_INIT;

	(void)state;
	page_time(&p, 0);
	check(&p,
	    "<time datetime=\"1970-01-01T00:00:00Z\">"
	    "<span>1970-01-01</span> <span>00:00:00 UTC</span></time>");
	page_time(&p, -1);
	check(&p, "at no time that can be written");
	page_time(&p, INT64_MAX);
	check(&p, "at no time that can be written");
}

static void
stops_at_the_first_failure(void **state)
{
	struct page p = PAGE_INIT;

	(void)state;
	page_raw(&p, "kept");
	p.rc = RB_ENOMEM;
	page_raw(&p, "lost");
	page_text(&p, "lost<");
	page_number(&p, 1);
	page_begin(&p, "node", "title");
	page_end(&p);
	assert_int_equal(p.rc, RB_ENOMEM);
	assert_true(span_equal_str(buf_span(&p.out), "kept"));
	page_clear(&p);
}

/* Colour is for those who see it; the word is for everybody. */
static void
says_each_verdict_in_words(void **state)
{
	static const enum verdict verdicts[] = { VERDICT_REPRODUCED,
		VERDICT_DIFFERS, VERDICT_FAILED, VERDICT_UNAVAILABLE };
	struct page p = PAGE_INIT;
	char want[128];
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++) {
		snprintf(want, sizeof(want),
		    "<span class=\"verdict %s\">%s</span>",
		    verdict_name(verdicts[i]), verdict_name(verdicts[i]));
		page_verdict(&p, verdicts[i]);
		check(&p, want);
		assert_true(strlen(verdict_words(verdicts[i])) > 20);
	}
}

/* A reason that FORMATS.md lists must not reach people as a token. */
static void
has_words_for_every_reason(void **state)
{
	static const char *const tokens[] = { "build-id", "compression",
		"content", "control", "member-set", "metadata", "order", "size",
		"unreadable", "build", "crashed", "log-limit", "memory",
		"not-built", "output-format", "output-limit", "timeout",
		"binnmu", "dependencies", "disk", "environment", "index",
		"input", "machine", "published", "source" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		assert_true(
		    reason_fits(VERDICT_DIFFERS, span_of_str(tokens[i])) ||
		    reason_fits(VERDICT_FAILED, span_of_str(tokens[i])) ||
		    reason_fits(VERDICT_UNAVAILABLE, span_of_str(tokens[i])));
		assert_ptr_not_equal(reason_words(tokens[i]), tokens[i]);
	}
	/* Also of a .buildinfo that nobody signed. */
	assert_non_null(strstr(reason_words("input"), "trusted"));
	assert_string_equal(reason_words("made-up"), "made-up");
	assert_null(reason_words(NULL));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lets_no_text_become_markup),
		cmocka_unit_test(keeps_hostile_names_inside_links),
		cmocka_unit_test(writes_numbers_as_people_read_them),
		cmocka_unit_test(writes_times_for_people_and_programs),
		cmocka_unit_test(stops_at_the_first_failure),
		cmocka_unit_test(says_each_verdict_in_words),
		cmocka_unit_test(has_words_for_every_reason),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
