/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/enc.h"

#include <stdio.h>

/* 9999-12-31T23:59:59Z */
#define UTC_MAX INT64_C(253402300799)

static const char hex_digits[] = "0123456789abcdef";
static const char base64_digits[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum rb_err
hex_write(struct span in, struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if (in.len > SIZE_MAX / 2)
		return RB_ENOMEM;
	if ((rc = buf_reserve(out, in.len * 2)) != RB_OK)
		return rc;
	for (i = 0; i < in.len; i++) {
		out->p[out->len++] = (uint8_t)hex_digits[in.p[i] >> 4];
		out->p[out->len++] = (uint8_t)hex_digits[in.p[i] & 15];
	}
	return RB_OK;
}

/* -1: not a lower-case digit. */
static int
hex_value(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return -1;
}

enum rb_err
hex_parse(struct span in, uint8_t *out, size_t len)
{
	size_t i;

	if (in.len / 2 != len || in.len % 2 != 0)
		return RB_EFORMAT;
	/* First look, then write: a result is written whole or not. */
	for (i = 0; i < in.len; i++) {
		if (hex_value(in.p[i]) < 0)
			return RB_EFORMAT;
	}
	for (i = 0; i < len; i++)
		out[i] = (uint8_t)((unsigned int)hex_value(in.p[2 * i]) << 4 |
		    (unsigned int)hex_value(in.p[2 * i + 1]));
	return RB_OK;
}

enum rb_err
base64_write(struct span in, struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i, j, n;

	if (in.len > SIZE_MAX / 4 * 3 - 3)
		return RB_ENOMEM;
	if ((rc = buf_reserve(out, (in.len + 2) / 3 * 4)) != RB_OK)
		return rc;
	for (i = 0; i < in.len; i += 3) {
		uint32_t group = 0;

		n = in.len - i < 3 ? in.len - i : 3;
		for (j = 0; j < 3; j++)
			group = group << 8 | (j < n ? in.p[i + j] : 0u);
		for (j = 0; j < 4; j++)
			out->p[out->len++] = j > n ?
			    (uint8_t)'=' :
			    (uint8_t)base64_digits[group >> (18 - 6 * j) & 63];
	}
	return RB_OK;
}

/* -1: not a digit; padding is none. */
static int
base64_value(uint8_t c)
{
	if (c >= 'A' && c <= 'Z')
		return c - 'A';
	if (c >= 'a' && c <= 'z')
		return c - 'a' + 26;
	if (c >= '0' && c <= '9')
		return c - '0' + 52;
	if (c == '+')
		return 62;
	if (c == '/')
		return 63;
	return -1;
}

/* One group of four, of which `n` + 1 are digits: `n` bytes. */
static enum rb_err
base64_take(const uint8_t *p, size_t n, uint8_t out[3])
{
	uint32_t group = 0;
	size_t i;

	for (i = 0; i < 4; i++) {
		int v = i > n ? 0 : base64_value(p[i]);

		if (v < 0)
			return RB_EFORMAT;
		group = group << 6 | (uint32_t)v;
	}
	for (i = 0; i < 3; i++)
		out[i] = (uint8_t)(group >> (16 - 8 * i));
	/* Unused bits: "QQ==" and "QR==" must not both mean "A". */
	for (i = n; i < 3; i++) {
		if (out[i] != 0)
			return RB_EFORMAT;
	}
	return RB_OK;
}

enum rb_err
base64_parse(struct span in, struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t start = out->len;
	size_t i, n;

	if (in.len % 4 != 0)
		return RB_EFORMAT;
	if ((rc = buf_reserve(out, in.len / 4 * 3)) != RB_OK)
		return rc;
	for (i = 0; i < in.len; i += 4) {
		uint8_t bytes[3];

		n = 3;
		/* Padding ends the text: two, or one, in the last group. */
		if (i + 4 == in.len && in.p[i + 3] == '=')
			n = in.p[i + 2] == '=' ? 1 : 2;
		if ((rc = base64_take(in.p + i, n, bytes)) != RB_OK)
			goto out;
		if ((rc = buf_put(out, span_of(bytes, n))) != RB_OK)
			goto out;
	}
	rc = RB_OK;
out:
	if (rc != RB_OK)
		out->len = start;
	return rc;
}

enum rb_err
dec_parse(struct span in, uint64_t max, uint64_t *out)
{
	bool over = false;
	uint64_t v = 0;
	size_t i;

	/* "07" and "7" must not both mean seven: one value, one spelling. */
	if (in.len == 0 || (in.len > 1 && in.p[0] == '0'))
		return RB_EFORMAT;
	for (i = 0; i < in.len; i++) {
		uint8_t digit;

		if (in.p[i] < '0' || in.p[i] > '9')
			return RB_EFORMAT;
		digit = (uint8_t)(in.p[i] - '0');
		/* Read on: what is not a number is never merely too large. */
		if (over || v > (UINT64_MAX - digit) / 10)
			over = true;
		else
			v = v * 10 + digit;
	}
	if (over || v > max)
		return RB_ELIMIT;
	*out = v;
	return RB_OK;
}

static bool
year_is_leap(int64_t y)
{
	return y % 4 == 0 && (y % 100 != 0 || y % 400 == 0);
}

static int64_t
month_days(int64_t y, int64_t m)
{
	static const int64_t days[12] = { 31, 28, 31, 30, 31, 30, 31, 31, 30,
		31, 30, 31 };

	return days[m - 1] + (m == 2 && year_is_leap(y) ? 1 : 0);
}

/* Days from 1970-01-01 to January 1 of year `y`, 1970 or later. */
static int64_t
year_start(int64_t y)
{
	int64_t p = y - 1;

	return (y - 1970) * 365 + (p / 4 - 1969 / 4) - (p / 100 - 1969 / 100) +
	    (p / 400 - 1969 / 400);
}

enum rb_err
utc_write(int64_t seconds, char out[UTC_LEN + 1])
{
	char text[64]; /* as the compiler sees it the numbers could be long */
	int64_t days, y, m, rest;

	if (seconds < 0 || seconds > UTC_MAX)
		return RB_ELIMIT;
	days = seconds / 86400;
	rest = seconds % 86400;
	for (y = 1970 + days / 366; year_start(y + 1) <= days; y++)
		;
	days -= year_start(y);
	for (m = 1; month_days(y, m) <= days; m++)
		days -= month_days(y, m);
	if (snprintf(text, sizeof(text), "%04d-%02d-%02dT%02d:%02d:%02dZ",
		(int)y, (int)m, (int)days + 1, (int)(rest / 3600),
		(int)(rest / 60 % 60), (int)(rest % 60)) != UTC_LEN)
		return RB_EINTERNAL;
	for (size_t i = 0; i <= UTC_LEN; i++)
		out[i] = text[i];
	return RB_OK;
}

/* `len` digits, with leading zeros, and `end` behind them. */
static enum rb_err
take_digits(struct span *in, size_t len, uint8_t end, int64_t *out)
{
	struct span field = SPAN_INIT;
	int64_t v = 0;
	size_t i;

	if (span_take(in, len + 1, &field) != RB_OK || field.p[len] != end)
		return RB_EFORMAT;
	for (i = 0; i < len; i++) {
		if (field.p[i] < '0' || field.p[i] > '9')
			return RB_EFORMAT;
		v = v * 10 + (field.p[i] - '0');
	}
	*out = v;
	return RB_OK;
}

enum rb_err
utc_parse(struct span in, int64_t *out)
{
	int64_t y = 0, m = 0, d = 0, hour = 0, minute = 0, second = 0;
	int64_t days;
	int64_t i;

	if (in.len != UTC_LEN || take_digits(&in, 4, '-', &y) != RB_OK ||
	    take_digits(&in, 2, '-', &m) != RB_OK ||
	    take_digits(&in, 2, 'T', &d) != RB_OK ||
	    take_digits(&in, 2, ':', &hour) != RB_OK ||
	    take_digits(&in, 2, ':', &minute) != RB_OK ||
	    take_digits(&in, 2, 'Z', &second) != RB_OK)
		return RB_EFORMAT;
	/* A leap second has no place in seconds since 1970. */
	if (y < 1970 || m < 1 || m > 12 || d < 1 || d > month_days(y, m) ||
	    hour > 23 || minute > 59 || second > 59)
		return RB_EFORMAT;
	days = year_start(y) + d - 1;
	for (i = 1; i < m; i++)
		days += month_days(y, i);
	*out = days * 86400 + hour * 3600 + minute * 60 + second;
	return RB_OK;
}
