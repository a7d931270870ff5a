/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "rebuilder/judge/git/git_refs.h"
#include "rebuilder/judge/tag_record.h"

#define SERVICE "001e# service=git-upload-pack\n0000"
#define A "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define B "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define NULL_ID "0000000000000000000000000000000000000000"

/* One packet: its length, and the text; a '|' in it becomes a zero byte. */
static void
put_packet(struct buf *b, const char *text)
{
	size_t i, from;

	assert_int_equal(buf_printf(b, "%04zx", strlen(text) + 4), RB_OK);
	from = b->len;
	assert_int_equal(buf_put_str(b, text), RB_OK);
	for (i = from; i < b->len; i++) {
		if (b->p[i] == '|')
			b->p[i] = '\0';
	}
}

/* What a server says whose lines these are, up to an empty one. */
static struct buf
said(const char *const *lines)
{
	struct buf b = BUF_INIT;

	assert_int_equal(buf_put_str(&b, SERVICE), RB_OK);
	for (; *lines != NULL; lines++)
		put_packet(&b, *lines);
	assert_int_equal(buf_put_str(&b, "0000"), RB_OK);
	return b;
}

static enum rb_err
parse(struct span s, struct git_refs *out)
{
	struct fault why = FAULT_INIT;
	enum rb_err rc;

	rc = git_refs_parse(s, SPAN("main"), out, &why);
	assert_int_equal(rc == RB_OK, why.text[0] == '\0');
	return rc;
}

#define FIRST A " HEAD|agent=git/2\n"
#define MAIN A " refs/heads/main\n"

static void
refuses_lists_that_no_server_sends(void **state)
{
	static const struct {
		const char *why;
		const char *const lines[6];
		enum rb_err rc;
	} cases[] = {
		{ "no line", { NULL }, RB_EFORMAT },
		{ "no capabilities", { MAIN }, RB_EFORMAT },
		{ "no branch", { A " refs/heads/other|\n" }, RB_ENOTFOUND },
		{ "no branch at all", { NULL_ID " capabilities^{}|\n" },
		    RB_ENOTFOUND },
		{ "something without an id", { NULL_ID " refs/heads/main|\n" },
		    RB_EFORMAT },
		{ "an id for no capabilities", { A " capabilities^{}|\n" },
		    RB_EFORMAT },
		{ "capitals",
		    { "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA "
		      "refs/heads/main|\n" },
		    RB_EFORMAT },
		{ "SHA-256 ids", { A "aaaaaaaaaaaaaaaaaaaaaaaa HEAD|\n" },
		    RB_EREFUSED },
		{ "SHA-256 as it says",
		    { A " refs/heads/main|object-format=sha256\n" },
		    RB_EREFUSED },
		{ "an error instead of refs", { "ERR access denied\n" },
		    RB_EREFUSED },
		{ "an error among refs", { FIRST, MAIN, "ERR sorry" },
		    RB_EREFUSED },
		{ "the branch twice", { FIRST, MAIN, MAIN }, RB_EFORMAT },
		{ "a tag twice",
		    { FIRST, MAIN, A " refs/tags/v1\n", B " refs/tags/v1\n" },
		    RB_EFORMAT },
		{ "a zero in a name", { FIRST, A " refs/heads/main|x\n" },
		    RB_EFORMAT },
		{ "no name", { FIRST, A " \n", MAIN }, RB_EFORMAT },
		{ "no blank", { FIRST, A "\n", MAIN }, RB_EFORMAT },
		{ "what nothing is peeled to",
		    { FIRST, MAIN, A " refs/tags/v1\n",
			B " refs/tags/v2^{}\n" },
		    RB_EFORMAT },
		{ "peeled twice",
		    { FIRST, MAIN, A " refs/tags/v1\n", B " refs/tags/v1^{}\n",
			B " refs/tags/v1^{}\n" },
		    RB_EFORMAT },
		{ "peeled first", { FIRST, MAIN, B " refs/tags/v1^{}\n" },
		    RB_EFORMAT },
		{ "version 1", { "version 1\n", FIRST, MAIN }, RB_EFORMAT },
		{ "version 2", { "version 2\n", "agent=git/2\n" }, RB_EFORMAT },
	};
	struct git_refs refs;
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		b = said(cases[i].lines);
		if (parse(buf_span(&b), &refs) != cases[i].rc)
			fail_msg("wrong about: %s", cases[i].why);
		buf_clear(&b);
	}
}

static void
refuses_other_frames(void **state)
{
	static const char *const cases[] = {
		"",
		"0000",
		"<html>",
		"001e# service=git-upload-pack\n",
		"001f# service=git-receive-pack\n0000",
		"001E# service=git-upload-pack\n0000",
		SERVICE,
		SERVICE "0001",
		SERVICE "0003",
		SERVICE "0004",
		SERVICE "fff1",
		SERVICE "-001",
		SERVICE "+004",
		SERVICE "0x04",
	};
	static const char *const lines[] = { FIRST, MAIN, NULL };
	struct git_refs refs;
	struct buf b;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (parse(span_of_str(cases[i]), &refs) != RB_EFORMAT)
			fail_msg("accepted: %s", cases[i]);
	}
	b = said(lines);
	for (i = 0; i < b.len; i++)
		assert_int_equal(parse(span_of(b.p, i), &refs), RB_EFORMAT);
	assert_int_equal(buf_put_str(&b, "0"), RB_OK);
	assert_int_equal(parse(buf_span(&b), &refs), RB_EFORMAT);
	buf_clear(&b);
}

static void
finds_the_branch_and_sorts_the_tags(void **state)
{
	static const char *const lines[] = { FIRST, MAIN,
		B " refs/heads/main2\n", B " refs/pull/1/head\n",
		A " refs/tags/v2\n", B " refs/tags/v2^{}\n",
		B " refs/tags/a/b\n", "" A " refs/tags/v1\n", NULL };
	static const char *const names[] = { "a/b", "v1", "v2" };
	struct git_refs refs = GIT_REFS_INIT, again = GIT_REFS_INIT;
	struct buf b = said(lines), records = BUF_INIT, twice = BUF_INIT;
	size_t i;

	(void)state;
	assert_int_equal(parse(buf_span(&b), &refs), RB_OK);
	assert_int_equal(refs.n, 3);
	assert_int_equal(refs.head.b[0], 0xaa);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		assert_true(span_equal_str(refs.tags[i].name, names[i]));
		assert_ptr_equal(git_refs_find(&refs, refs.tags[i].name),
		    &refs.tags[i]);
	}
	assert_true(refs.tags[2].is_peeled);
	assert_int_equal(refs.tags[2].peeled.b[0], 0xbb);
	assert_false(refs.tags[1].is_peeled);
	assert_null(git_refs_find(&refs, SPAN("v3")));
	/* As records for the next process. */
	assert_int_equal(git_refs_put(&refs, &records), RB_OK);
	assert_int_equal(git_refs_take(buf_span(&records), &again), RB_OK);
	assert_int_equal(git_refs_put(&again, &twice), RB_OK);
	assert_true(span_equal(buf_span(&records), buf_span(&twice)));
	for (i = 1; i < records.len; i++) {
		struct git_refs none;

		if (git_refs_take(span_of(records.p, i), &none) == RB_OK)
			git_refs_clear(&none); /* a whole number of them */
	}
	git_refs_clear(&refs);
	git_refs_clear(&again);
	buf_clear(&b);
	buf_clear(&records);
	buf_clear(&twice);
}

/* They cannot be asked for, and must not keep others from being read. */
static void
passes_over_names_that_no_tag_may_have(void **state)
{
	static const char *const names[] = { "", "-d", "a..b", "a b", ".a",
		"a/.b", "a.lock", "a/b.lock/c", "a/", "a//b", "a.", "@{", "a@{",
		"a~1", "a^", "a:b", "a?", "a*", "a[", "a\\b", "a\x7f", "a\x01",
		"\xc3\xa4" };
	struct git_refs refs;
	char line[512], long_name[400];
	struct buf b = BUF_INIT;
	size_t i;

	(void)state;
	assert_int_equal(buf_put_str(&b, SERVICE), RB_OK);
	put_packet(&b, FIRST);
	put_packet(&b, MAIN);
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		(void)snprintf(line, sizeof(line), A " refs/tags/%s\n",
		    names[i]);
		put_packet(&b, line);
	}
	memset(long_name, 'a', sizeof(long_name));
	long_name[256] = '\0';
	(void)snprintf(line, sizeof(line), A " refs/tags/%s\n", long_name);
	put_packet(&b, line);
	put_packet(&b, B " refs/tags/v1\n");
	assert_int_equal(buf_put_str(&b, "0000"), RB_OK);
	assert_int_equal(parse(buf_span(&b), &refs), RB_OK);
	assert_int_equal(refs.n, 1);
	assert_int_equal(refs.nskipped, i + 1);
	git_refs_clear(&refs);
	buf_clear(&b);
}

static void
refuses_a_branch_that_is_none(void **state)
{
	struct git_refs refs;
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(git_refs_parse(SPAN(SERVICE "0000"), SPAN("../x"),
			     &refs, &why),
	    RB_EREFUSED);
}

static void
refuses_more_tags_than_it_reads(void **state)
{
	struct git_refs refs;
	struct buf b = BUF_INIT;
	char line[100];
	size_t i;

	(void)state;
	assert_int_equal(buf_put_str(&b, SERVICE), RB_OK);
	put_packet(&b, FIRST);
	put_packet(&b, MAIN);
	for (i = 0; i <= GIT_TAGS_MAX; i++) {
		(void)snprintf(line, sizeof(line), A " refs/tags/%08zu\n", i);
		put_packet(&b, line);
	}
	assert_int_equal(buf_put_str(&b, "0000"), RB_OK);
	assert_int_equal(parse(buf_span(&b), &refs), RB_ELIMIT);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_lists_that_no_server_sends),
		cmocka_unit_test(refuses_other_frames),
		cmocka_unit_test(refuses_a_branch_that_is_none),
		cmocka_unit_test(refuses_more_tags_than_it_reads),
		cmocka_unit_test(passes_over_names_that_no_tag_may_have),
		cmocka_unit_test(finds_the_branch_and_sorts_the_tags),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
