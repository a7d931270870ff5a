/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/process/msg.h"
#include "rebuilder/said.h"

#define ok(call) assert_int_equal(call, RB_OK)

static struct {
	char path[64];
	struct journal *journal;
} w;

static int
make(void **state)
{
	(void)state;
	(void)snprintf(w.path, sizeof(w.path), "/tmp/test_said.XXXXXX");
	return mkdtemp(w.path) == NULL ||
		journal_open(w.path, &w.journal, NULL) != RB_OK ?
	    -1 :
	    0;
}

static int
clear(void **state)
{
	char command[96];

	(void)state;
	journal_close(&w.journal);
	(void)snprintf(command, sizeof(command), "rm -rf %s", w.path);
	return system(command);
}

static void
say(uint64_t leaf, const char *file, uint8_t published, enum verdict verdict)
{
	struct result r;
	char name[700], reason[] = "content";

	memset(&r, 0, sizeof(r));
	(void)snprintf(name, sizeof(name), "%s", file);
	r.file = name;
	r.leaf = leaf;
	r.published.b[0] = published;
	r.verdict = verdict;
	r.reason = verdict == VERDICT_REPRODUCED ? NULL : reason;
	r.log.is_set = true;
	r.log.value.b[0] = (uint8_t)leaf;
	r.log.value.b[1] = 1;
	ok(said_add(w.journal, "deb:tiny", &r));
}

static void
finds(const char *what, uint64_t leaf)
{
	struct fault why = FAULT_INIT;
	struct said s;

	said_init(&s);
	ok(said_find(w.journal, what, &s, &why));
	assert_int_equal(s.leaf, leaf);
	assert_string_equal(s.target, "deb:tiny");
	assert_true(s.log.is_set);
	said_clear(&s);
}

static void
finds_not(const char *what)
{
	struct fault why = FAULT_INIT;
	struct said s;

	said_init(&s);
	assert_int_equal(said_find(w.journal, what, &s, &why), RB_ENOTFOUND);
	assert_int_not_equal(why.text[0], '\0');
}

static void
finds_the_newest_by_leaf_name_and_digest(void **state)
{
	char longest[513],
	    hex[] =
		"0100000000000000000000000000000000000000000000000000000000000"
		"000";

	(void)state;
	memset(longest, 'n', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	finds_not("a_1_all.deb");
	say(3, "a_1_all.deb", 1, VERDICT_FAILED);
	say(300, "a_1_all.deb", 1, VERDICT_DIFFERS);
	say(4, "a_1_all.deb", 2, VERDICT_REPRODUCED);
	say(5, "a_1_all.deb2", 3, VERDICT_REPRODUCED);
	finds("a_1_all.deb", 300);
	finds("300", 300);
	finds("3", 3);
	finds(hex, 300);
	finds("a_1_all.deb2", 5);
	finds_not("a_1_all.de");
	finds_not("6");
	finds_not("03");
	finds_not("18446744073709551616");
	finds_not("");
	/* Too long to be a key, and still found by leaf and digest. */
	say(7, longest, 9, VERDICT_DIFFERS);
	finds("7", 7);
	finds_not(longest);
}

static void
finds_what_the_last_try_of_a_target_named(void **state)
{
	struct buf leaves = BUF_INIT, out = BUF_INIT;
	struct span in;
	uint64_t leaf = 0;
	uint32_t n = 7;

	(void)state;
	ok(said_marked(w.journal, "deb:tiny", &out, &n));
	assert_int_equal(n, 0);
	say(3, "a_1_all.deb", 1, VERDICT_DIFFERS);
	ok(put_u64(&leaves, 2));
	ok(said_mark(w.journal, "deb:tiny", buf_span(&leaves)));
	/* 4 is a leaf of which nothing is known. */
	buf_clear(&leaves);
	ok(put_u64(&leaves, 4));
	ok(put_u64(&leaves, 3));
	ok(said_mark(w.journal, "deb:tiny", buf_span(&leaves)));
	ok(said_marked(w.journal, "deb:tiny", &out, &n));
	assert_int_equal(n, 1);
	in = buf_span(&out);
	ok(take_u64(&in, &leaf));
	assert_int_equal(leaf, 3);
	ok(said_marked(w.journal, "deb:tin", &out, &n));
	assert_int_equal(n, 0);
	buf_clear(&leaves);
	buf_clear(&out);
}

static void
counts_what_was_said_and_pins_what_it_names(void **state)
{
	const struct digest log = { { 8, 1 } }, other = { { 8, 2 } };
	uint64_t n = 9;

	(void)state;
	ok(said_count(w.journal, VERDICT_DIFFERS, &n));
	assert_int_equal(n, 0);
	assert_false(said_is_pinned(w.journal, &log));
	say(8, "a.deb", 1, VERDICT_DIFFERS);
	say(9, "a.deb", 1, VERDICT_DIFFERS);
	ok(said_count(w.journal, VERDICT_DIFFERS, &n));
	assert_int_equal(n, 2);
	assert_true(said_is_pinned(w.journal, &log));
	assert_false(said_is_pinned(w.journal, &other));
	ok(said_pin(w.journal, &other));
	ok(said_pin(w.journal, &other));
	assert_true(said_is_pinned(w.journal, &other));
	ok(said_unpin(w.journal, &other));
	assert_false(said_is_pinned(w.journal, &other));
	/* What a statement names is kept, whoever lets go of it. */
	ok(said_pin(w.journal, &log));
	ok(said_unpin(w.journal, &log));
	assert_true(said_is_pinned(w.journal, &log));
}

static void
refuses_a_note_that_was_cut_or_changed(void **state)
{
	struct said s, back;
	struct buf bytes = BUF_INIT, again = BUF_INIT;
	char target[] = "deb:a", file[] = "a.deb", reason[] = "content";
	size_t i;

	(void)state;
	said_init(&s);
	said_init(&back);
	s.target = target;
	s.file = file;
	s.reason = reason;
	s.verdict = VERDICT_DIFFERS;
	s.difference.is_set = true;
	ok(said_put(&bytes, &s));
	for (i = 0; i < bytes.len; i++)
		assert_int_not_equal(said_take(span_of(bytes.p, i), &back),
		    RB_OK);
	ok(said_take(buf_span(&bytes), &back));
	ok(said_put(&again, &back));
	assert_true(span_equal(buf_span(&bytes), buf_span(&again)));
	ok(buf_put_byte(&bytes, 0));
	said_clear(&back);
	assert_int_equal(said_take(buf_span(&bytes), &back), RB_EFORMAT);
	buf_clear(&bytes);
	buf_clear(&again);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(finds_the_newest_by_leaf_name_and_digest),
		TEST(counts_what_was_said_and_pins_what_it_names),
		TEST(finds_what_the_last_try_of_a_target_named),
		TEST(refuses_a_note_that_was_cut_or_changed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
