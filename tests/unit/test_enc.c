/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/enc.h"

static void
hex_refuses_every_other_spelling(void **state)
{
	static const struct {
		const char *why;
		struct span in;
	} cases[] = {
		{ "upper case", SPAN("00aB") },
		{ "no digit", SPAN("00ag") },
		{ "odd", SPAN("00a") },
		{ "odd and long", SPAN("00abc") },
		{ "short", SPAN("00") },
		{ "long", SPAN("00abcd") },
		{ "space", SPAN(" 0ab") },
		{ "before 0", SPAN("00/a") },
		{ "after 9", SPAN("00:a") },
		{ "before a", SPAN("00`a") },
	};
	uint8_t out[2] = { 1, 2 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (hex_parse(cases[i].in, out, 2) != RB_EFORMAT)
			fail_msg("accepts: %s", cases[i].why);
		assert_true(out[0] == 1 && out[1] == 2);
	}
	assert_int_equal(hex_parse(SPAN("00af"), out, 2), RB_OK);
	assert_true(out[0] == 0 && out[1] == 0xaf);
	assert_int_equal(hex_parse(SPAN(""), out, 0), RB_OK);
}

static void
hex_writes_behind_what_is_there(void **state)
{
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(buf_put_str(&out, "x"), RB_OK);
	assert_int_equal(hex_write(SPAN("\x00\xff\x5a"), &out), RB_OK);
	assert_true(span_equal_str(buf_span(&out), "x00ff5a"));
	buf_clear(&out);
}

/* RFC 4648, 10 */
static const struct {
	struct span bytes, text;
} base64_vectors[] = {
	{ SPAN(""), SPAN("") },
	{ SPAN("f"), SPAN("Zg==") },
	{ SPAN("fo"), SPAN("Zm8=") },
	{ SPAN("foo"), SPAN("Zm9v") },
	{ SPAN("foob"), SPAN("Zm9vYg==") },
	{ SPAN("fooba"), SPAN("Zm9vYmE=") },
	{ SPAN("foobar"), SPAN("Zm9vYmFy") },
	{ SPAN("\xfb\xff\xfe"), SPAN("+//+") },
};

static void
base64_refuses_every_other_spelling(void **state)
{
	static const struct {
		const char *why;
		struct span in;
	} cases[] = {
		{ "no padding", SPAN("Zg") },
		{ "half the padding", SPAN("Zg=") },
		{ "padding alone", SPAN("====") },
		{ "three paddings", SPAN("Z===") },
		{ "padding inside", SPAN("Zg==Zm9v") },
		{ "padding inside a group", SPAN("Zg=v") },
		{ "padding too much", SPAN("Zm9v====") },
		{ "unused bits, two bytes", SPAN("Zm9=") },
		{ "unused bits, one byte", SPAN("Zh==") },
		{ "URL digits", SPAN("-__-") },
		{ "line feed", SPAN("Zm9v\n") },
		{ "line feed in a group", SPAN("Zm9\n") },
		{ "space", SPAN("Zm 9") },
		{ "zero byte", SPAN("Zm9\0") },
		{ "high byte", SPAN("Zm9\x80") },
	};
	struct buf out = BUF_INIT;
	size_t i;

	(void)state;
	assert_int_equal(buf_put_str(&out, "kept"), RB_OK);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (base64_parse(cases[i].in, &out) != RB_EFORMAT)
			fail_msg("accepts: %s", cases[i].why);
		assert_true(span_equal_str(buf_span(&out), "kept"));
	}
	buf_clear(&out);
}

static void
base64_agrees_with_the_rfc(void **state)
{
	struct buf out = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(base64_vectors) / sizeof(base64_vectors[0]);
	    i++) {
		buf_reset(&out);
		assert_int_equal(base64_write(base64_vectors[i].bytes, &out),
		    RB_OK);
		assert_true(span_equal(buf_span(&out), base64_vectors[i].text));
		buf_reset(&out);
		assert_int_equal(base64_parse(base64_vectors[i].text, &out),
		    RB_OK);
		assert_true(
		    span_equal(buf_span(&out), base64_vectors[i].bytes));
	}
	buf_clear(&out);
}

static void
decimal_refuses_every_other_spelling(void **state)
{
	static const struct {
		const char *why;
		struct span in;
		enum rb_err rc;
	} cases[] = {
		{ "empty", SPAN(""), RB_EFORMAT },
		{ "leading zero", SPAN("07"), RB_EFORMAT },
		{ "two zeros", SPAN("00"), RB_EFORMAT },
		{ "sign", SPAN("+7"), RB_EFORMAT },
		{ "minus", SPAN("-7"), RB_EFORMAT },
		{ "space before", SPAN(" 7"), RB_EFORMAT },
		{ "space behind", SPAN("7 "), RB_EFORMAT },
		{ "hexadecimal", SPAN("0x7"), RB_EFORMAT },
		{ "fraction", SPAN("7.0"), RB_EFORMAT },
		{ "zero byte", SPAN("7\0"), RB_EFORMAT },
		{ "over the limit", SPAN("101"), RB_ELIMIT },
		{ "over 64 bits", SPAN("18446744073709551616"), RB_ELIMIT },
		{ "wraps to 4", SPAN("18446744073709551620"), RB_ELIMIT },
		{ "long", SPAN("99999999999999999999999999"), RB_ELIMIT },
		{ "long and wrong", SPAN("9999999999999999999999999x"),
		    RB_EFORMAT },
	};
	uint64_t v = 42;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (dec_parse(cases[i].in, 100, &v) != cases[i].rc)
			fail_msg("accepts: %s", cases[i].why);
		assert_int_equal(v, 42);
	}
	assert_int_equal(dec_parse(SPAN("0"), 100, &v), RB_OK);
	assert_int_equal(v, 0);
	assert_int_equal(dec_parse(SPAN("100"), 100, &v), RB_OK);
	assert_int_equal(v, 100);
	assert_int_equal(dec_parse(SPAN("18446744073709551615"), UINT64_MAX,
			     &v),
	    RB_OK);
	assert_true(v == UINT64_MAX);
}

static void
time_refuses_every_other_spelling(void **state)
{
	static const struct {
		const char *why;
		struct span in;
	} cases[] = {
		{ "empty", SPAN("") },
		{ "no zone", SPAN("2026-07-11T09:08:07") },
		{ "offset", SPAN("2026-07-11T09:08:07+00:00") },
		{ "small z", SPAN("2026-07-11T09:08:07z") },
		{ "small t", SPAN("2026-07-11t09:08:07Z") },
		{ "space", SPAN("2026-07-11 09:08:07Z") },
		{ "fraction", SPAN("2026-07-11T09:08:07.5Z") },
		{ "one digit", SPAN("2026-7-11T09:08:07ZZ") },
		{ "sign", SPAN("2026-07-11T+9:08:07Z") },
		{ "before 1970", SPAN("1969-12-31T23:59:59Z") },
		{ "year 0", SPAN("0000-01-01T00:00:00Z") },
		{ "month 0", SPAN("2026-00-11T09:08:07Z") },
		{ "month 13", SPAN("2026-13-11T09:08:07Z") },
		{ "day 0", SPAN("2026-07-00T09:08:07Z") },
		{ "June 31", SPAN("2026-06-31T09:08:07Z") },
		{ "February 29", SPAN("2025-02-29T00:00:00Z") },
		{ "February 29, 2100", SPAN("2100-02-29T00:00:00Z") },
		{ "hour 24", SPAN("2026-07-11T24:00:00Z") },
		{ "minute 60", SPAN("2026-07-11T09:60:00Z") },
		{ "leap second", SPAN("2016-12-31T23:59:60Z") },
		{ "slashes", SPAN("2026/07/11T09:08:07Z") },
		{ "trailing", SPAN("2026-07-11T09:08:07Z\n") },
	};
	int64_t t = 42;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (utc_parse(cases[i].in, &t) != RB_EFORMAT)
			fail_msg("accepts: %s", cases[i].why);
		assert_int_equal(t, 42);
	}
}

static void
time_is_written_and_read_alike(void **state)
{
	static const struct {
		int64_t seconds;
		const char *text;
	} cases[] = {
		{ 0, "1970-01-01T00:00:00Z" },
		{ 951782400, "2000-02-29T00:00:00Z" },
		{ 1709251199, "2024-02-29T23:59:59Z" },
		{ 1709251200, "2024-03-01T00:00:00Z" },
		{ 1783760887, "2026-07-11T09:08:07Z" },
		{ 4107542400, "2100-03-01T00:00:00Z" },
		{ 253402300799, "9999-12-31T23:59:59Z" },
	};
	char text[UTC_LEN + 1];
	int64_t t = -1, at;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(utc_write(cases[i].seconds, text), RB_OK);
		assert_string_equal(text, cases[i].text);
		assert_int_equal(utc_parse(span_of_str(text), &t), RB_OK);
		assert_true(t == cases[i].seconds);
	}
	/* Every day has its own text, and times of day pass by too. */
	for (at = 0; at <= INT64_C(253402300799); at += 86400 + 3601) {
		assert_int_equal(utc_write(at, text), RB_OK);
		assert_int_equal(utc_parse(span_of_str(text), &t), RB_OK);
		assert_true(t == at);
	}
	assert_int_equal(utc_write(-1, text), RB_ELIMIT);
	assert_int_equal(utc_write(INT64_C(253402300800), text), RB_ELIMIT);
	assert_int_equal(utc_write(INT64_MIN, text), RB_ELIMIT);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(hex_refuses_every_other_spelling),
		cmocka_unit_test(hex_writes_behind_what_is_there),
		cmocka_unit_test(base64_refuses_every_other_spelling),
		cmocka_unit_test(base64_agrees_with_the_rfc),
		cmocka_unit_test(decimal_refuses_every_other_spelling),
		cmocka_unit_test(time_refuses_every_other_spelling),
		cmocka_unit_test(time_is_written_and_read_alike),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
