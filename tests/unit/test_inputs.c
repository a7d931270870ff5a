/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/attest.h"

#include "common/attest/inputs.h"

#define HEX "5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03"

static void
refuses_every_other_spelling(void **state)
{
	const struct {
		const char *why;
		struct span text;
		enum rb_err rc;
	} rows[] = {
		{ "no newline", SPAN("deb a 1 all debian 6 " HEX), RB_EFORMAT },
		{ "empty line", SPAN("\n"), RB_EFORMAT },
		{ "empty field", SPAN("deb  1 all debian 6 " HEX "\n"),
		    RB_EFORMAT },
		{ "one field missing", SPAN("deb a 1 all 6 " HEX "\n"),
		    RB_EFORMAT },
		{ "one field more", SPAN("deb a 1 all debian x 6 " HEX "\n"),
		    RB_EFORMAT },
		{ "tab", SPAN("deb a\t1 all debian x 6 " HEX "\n"),
		    RB_EFORMAT },
		{ "carriage return", SPAN("deb a 1 all debian 6 " HEX "\r\n"),
		    RB_EFORMAT },
		{ "space at the end", SPAN("deb a 1 all debian 6 " HEX " \n"),
		    RB_EFORMAT },
		{ "leading zero", SPAN("deb a 1 all debian 06 " HEX "\n"),
		    RB_EFORMAT },
		{ "no size", SPAN("deb a 1 all debian x " HEX "\n"),
		    RB_EFORMAT },
		{ "over 64 bits",
		    SPAN("deb a 1 all debian "
			 "18446744073709551616 " HEX "\n"),
		    RB_ELIMIT },
		{ "short digest", SPAN("deb a 1 all debian 6 5891\n"),
		    RB_EFORMAT },
		{ "not ASCII", SPAN("deb \xc3\xa1 1 all debian 6 " HEX "\n"),
		    RB_EFORMAT },
		{ "zero byte", SPAN("deb a\0 1 all debian 6 " HEX "\n"),
		    RB_EFORMAT },
		{ "a line twice",
		    SPAN("deb a 1 all debian 6 " HEX "\n"
			 "deb a 1 all debian 6 " HEX "\n"),
		    RB_EFORMAT },
		{ "out of order",
		    SPAN("deb b 1 all debian 6 " HEX "\n"
			 "deb a 1 all debian 6 " HEX "\n"),
		    RB_EFORMAT },
		{ "numeric order",
		    SPAN("deb a 1 all debian 9 " HEX "\n"
			 "deb a 1 all debian 10 " HEX "\n"),
		    RB_EFORMAT },
	};
	struct inputs in = INPUTS_INIT;
	struct fault why = FAULT_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (inputs_parse(rows[i].text, &in, &why) != rows[i].rc)
			fail_msg("%s", rows[i].why);
		assert_memory_equal(why.text, "input list: ", 12);
		assert_int_equal(in.n, 0);
	}
}

static void
refuses_fields_that_no_line_can_hold(void **state)
{
	char text[INPUTS_TEXT_MAX + 2];
	struct inputs in = INPUTS_INIT;
	struct digest d = DIGEST_INIT;

	(void)state;
	memset(text, 'a', sizeof(text));
	text[INPUTS_TEXT_MAX + 1] = '\0';
	assert_int_equal(inputs_add(&in, "", "a", "1", "all", "o", 1, &d),
	    RB_EFORMAT);
	assert_int_equal(inputs_add(&in, "deb", "a b", "1", "all", "o", 1, &d),
	    RB_EFORMAT);
	assert_int_equal(inputs_add(&in, "deb", "a", "1\n", "all", "o", 1, &d),
	    RB_EFORMAT);
	assert_int_equal(inputs_add(&in, "deb", "a", "1", "\x7f", "o", 1, &d),
	    RB_EFORMAT);
	assert_int_equal(inputs_add(&in, "deb", "a", "1", "all", text, 1, &d),
	    RB_ELIMIT);
	assert_int_equal(in.n, 0);
	text[INPUTS_TEXT_MAX] = '\0';
	assert_ok(inputs_add(&in, "deb", "a", "1", "all", text, 1, &d));
	assert_int_equal(in.n, 1);
	inputs_clear(&in);
	inputs_clear(&in);
}

static void
refuses_more_than_it_may_hold(void **state)
{
	struct inputs in = INPUTS_INIT;
	struct digest d = DIGEST_INIT;
	struct buf big = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < INPUTS_COUNT_MAX; i++)
		assert_ok(inputs_add(&in, "deb", "a", "1", "all", "o", i, &d));
	assert_int_equal(inputs_add(&in, "deb", "a", "1", "all", "o", i, &d),
	    RB_ELIMIT);
	inputs_clear(&in);
	assert_ok(buf_reserve(&big, INPUTS_MAX + 1));
	memset(big.p, 'a', INPUTS_MAX + 1);
	big.len = INPUTS_MAX + 1;
	assert_int_equal(inputs_parse(buf_span(&big), &in, NULL), RB_ELIMIT);
	buf_clear(&big);
}

/* A different order of the fields or of numbers would sort otherwise. */
static void
lines_are_sorted_as_bytes(void **state)
{
	static const struct {
		const char *name, *version;
		uint64_t size;
	} items[] = {
		{ "gcc", "9", 1 },
		{ "gcc-12", "1", 1 },
		{ "gcc", "10", 1 },
		{ "gcc", "10", 9 },
		{ "gcc", "10", 10 },
		{ "gcc!", "1", 1 },
		{ "GCC", "1", 1 },
		{ "gcc+", "1", UINT64_MAX },
	};
	struct inputs in = INPUTS_INIT, again = INPUTS_INIT;
	struct digest d = DIGEST_INIT;
	struct buf out = BUF_INIT, second = BUF_INIT;
	struct span rest, line, last = SPAN_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(items) / sizeof(items[0]); i++)
		assert_ok(inputs_add(&in, "deb", items[i].name,
		    items[i].version, "all", "o", items[i].size, &d));
	d.b[0] = 0x0a;
	assert_ok(inputs_add(&in, "deb", "gcc", "9", "all", "o", 1, &d));
	d.b[0] = 0x9a;
	assert_ok(inputs_add(&in, "deb", "gcc", "9", "all", "o", 1, &d));
	assert_ok(inputs_write(&in, &out));
	for (rest = buf_span(&out), i = 0; rest.len != 0; last = line, i++) {
		assert_ok(span_take_line(&rest, &line));
		assert_true(i == 0 || span_compare(last, line) < 0);
	}
	assert_int_equal(i, in.n);
	assert_ok(inputs_parse(buf_span(&out), &again, NULL));
	assert_ok(inputs_write(&again, &second));
	assert_span_equal(buf_span(&second), buf_span(&out));

	/* the same again */
	assert_ok(inputs_add(&in, "deb", "gcc", "9", "all", "o", 1, &d));
	buf_reset(&second);
	assert_int_equal(inputs_write(&in, &second), RB_EFORMAT);
	assert_int_equal(second.len, 0);
	inputs_clear(&in);
	inputs_clear(&again);
	buf_clear(&out);
	buf_clear(&second);
}

static void
vector_is_written_as_it_was_read(void **state)
{
	struct buf text = vector("inputs.txt"), out = BUF_INIT;
	struct inputs in = INPUTS_INIT;

	(void)state;
	assert_ok(inputs_parse(buf_span(&text), &in, NULL));
	assert_int_equal(in.n, 3);
	assert_string_equal(in.list[1].name, "gcc-12");
	assert_string_equal(in.list[1].version, "12.2.0-14+deb12u1");
	assert_int_equal(in.list[1].size, 19318072);
	assert_ok(inputs_write(&in, &out));
	assert_span_equal(buf_span(&out), buf_span(&text));
	inputs_clear(&in);
	buf_reset(&out);
	assert_ok(inputs_parse(SPAN(""), &in, NULL));
	assert_ok(inputs_write(&in, &out));
	assert_int_equal(out.len, 0);
	inputs_clear(&in);
	buf_clear(&out);
	buf_clear(&text);
}

static void
survives_scarce_memory(void **state)
{
	struct buf text = vector("inputs.txt"), out = BUF_INIT;
	struct inputs in = INPUTS_INIT;
	enum rb_err rc = RB_ENOMEM;
	size_t i;

	(void)state;
	for (i = 1; rc == RB_ENOMEM; i++) {
		scarce_begin(i);
		if ((rc = inputs_parse(buf_span(&text), &in, NULL)) == RB_OK)
			rc = inputs_write(&in, &out);
		assert_true(scarce_end() == (rc == RB_ENOMEM));
		inputs_clear(&in);
		assert_int_equal(out.len != 0, rc == RB_OK);
	}
	assert_ok(rc);
	assert_true(i > 15);
	buf_clear(&out);
	buf_clear(&text);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(refuses_fields_that_no_line_can_hold),
		cmocka_unit_test(refuses_more_than_it_may_hold),
		cmocka_unit_test(lines_are_sorted_as_bytes),
		cmocka_unit_test(vector_is_written_as_it_was_read),
		cmocka_unit_test(survives_scarce_memory),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
