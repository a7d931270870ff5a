/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/route_value.h"

#include <string.h>

#include "common/base/enc.h"

#define TILE_GROUP 1000

struct parts
parts_of(struct span path)
{
	return (struct parts){ span_of(path.p + 1, path.len - 1), false };
}

bool
parts_next(struct parts *in, struct span *part)
{
	const uint8_t *slash = NULL;

	if (in->ended)
		return false;
	if (in->rest.len > 0)
		slash = memchr(in->rest.p, '/', in->rest.len);
	if (slash == NULL) {
		*part = in->rest;
		in->ended = true;
		return true;
	}
	*part = span_of(in->rest.p, (size_t)(slash - in->rest.p));
	in->rest = span_of(slash + 1, in->rest.len - part->len - 1);
	return true;
}

static int
hex_digit(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	if (c >= 'A' && c <= 'F')
		return c - 'A' + 10;
	return -1;
}

/* One byte, maybe spelled %XX. */
static enum rb_err
take_byte(struct span *in, char *out)
{
	struct span digits;
	int high, low, c;

	c = in->p[0];
	*in = span_of(in->p + 1, in->len - 1);
	if (c == '%') {
		if (span_take(in, 2, &digits) != RB_OK)
			return RB_EFORMAT;
		high = hex_digit(digits.p[0]);
		low = hex_digit(digits.p[1]);
		if (high < 0 || low < 0)
			return RB_EFORMAT;
		c = high * 16 + low;
	}
	if (c < 0x20 || c > 0x7e)
		return RB_EFORMAT;
	*out = (char)c;
	return RB_OK;
}

static bool
text_is_dots(const char *text)
{
	return strcmp(text, ".") == 0 || strcmp(text, "..") == 0;
}

enum rb_err
text_take(struct span part, char out[ROUTE_TEXT_MAX + 1], struct fault *why)
{
	size_t len = 0;

	while (part.len > 0) {
		if (len == ROUTE_TEXT_MAX)
			return fault_set(why, RB_EFORMAT,
			    "a name in this path is longer than %d bytes",
			    ROUTE_TEXT_MAX);
		if (take_byte(&part, &out[len]) != RB_OK)
			return fault_set(why, RB_EFORMAT,
			    "a name in this path is not percent-encoded "
			    "printable ASCII");
		len++;
	}
	out[len] = '\0';
	if (len == 0 || text_is_dots(out))
		return fault_set(why, RB_EFORMAT,
		    "a name in this path is empty, \".\" or \"..\"");
	return RB_OK;
}

/*
 * A byte that is neither reserved in a path nor special in HTML stands for
 * itself; every other is %XX, with capital digits as RFC 3986, 2.1 asks.
 */
enum rb_err
text_put(const char *text, struct buf *out)
{
	static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "abcdefghijklmnopqrstuvwxyz"
				    "0123456789-._~+:";
	enum rb_err rc;

	if (text[0] == '\0' || text_is_dots(text))
		return RB_EFORMAT;
	for (; *text != '\0'; text++) {
		if (*text < 0x20 || *text > 0x7e)
			return RB_EFORMAT;
		if (strchr(plain, *text) != NULL)
			rc = buf_put_byte(out, (uint8_t)*text);
		else
			rc = buf_printf(out, "%%%02X", (unsigned int)*text);
		if (rc != RB_OK)
			return rc;
	}
	return RB_OK;
}

enum rb_err
prefix_take(struct span part, struct route *out, struct fault *why)
{
	char digits[DIGEST_HEX_LEN];

	if (part.len < 1 || part.len > ROUTE_PREFIX_DIGITS)
		goto wrong;
	memset(digits, '0', sizeof(digits));
	memcpy(digits, part.p, part.len);
	if (digest_parse(span_of(digits, sizeof(digits)), &out->digest) !=
	    RB_OK)
		goto wrong;
	out->bits = (unsigned int)part.len * 4;
	return RB_OK;
wrong:
	return fault_set(why, RB_EFORMAT,
	    "a prefix is 1 to %d lower-case hexadecimal digits",
	    ROUTE_PREFIX_DIGITS);
}

enum rb_err
prefix_put(const struct route *r, struct buf *out)
{
	char hex[DIGEST_HEX_LEN + 1];

	if (r->bits == 0 || r->bits % 4 != 0 ||
	    r->bits / 4 > ROUTE_PREFIX_DIGITS)
		return RB_EFORMAT;
	digest_hex(&r->digest, hex);
	return buf_put(out, span_of(hex, r->bits / 4));
}

/* Three digits, counted to what came before. */
static enum rb_err
take_group(struct span digits, uint64_t *n)
{
	uint64_t value = *n, digit;
	size_t i;

	if (digits.len != 3)
		return RB_EFORMAT;
	for (i = 0; i < 3; i++) {
		if (digits.p[i] < '0' || digits.p[i] > '9')
			return RB_EFORMAT;
		digit = (uint64_t)(digits.p[i] - '0');
		if (value > (ROUTE_TILE_MAX - digit) / 10)
			return RB_EFORMAT;
		value = value * 10 + digit;
	}
	*n = value;
	return RB_OK;
}

/* x001/x234/067 or x001/x234/067.p/8: tlog-tiles, "Merkle Tree" */
enum rb_err
tile_take(struct parts *path, struct span first, struct route *out)
{
	struct span part = first;
	uint64_t n = 0, width = ROUTE_TILE_WIDTH;

	while (part.len == 4 && part.p[0] == 'x') {
		if (take_group(span_of(part.p + 1, 3), &n) != RB_OK)
			return RB_EFORMAT;
		/* x000/001 would be a second spelling of 001. */
		if (n == 0 || !parts_next(path, &part))
			return RB_EFORMAT;
	}
	if (part.len < 3 || take_group(span_of(part.p, 3), &n) != RB_OK)
		return RB_EFORMAT;
	if (span_equal_str(span_of(part.p + 3, part.len - 3), ".p")) {
		if (!parts_next(path, &part) ||
		    dec_parse(part, ROUTE_TILE_WIDTH - 1, &width) != RB_OK ||
		    width == 0)
			return RB_EFORMAT;
	} else if (part.len != 3) {
		return RB_EFORMAT;
	}
	if (!path->ended)
		return RB_EFORMAT;
	out->index = n;
	out->width = (unsigned int)width;
	return RB_OK;
}

enum rb_err
tile_put(const struct route *r, struct buf *out)
{
	unsigned int groups[8];
	uint64_t n = r->index;
	size_t left = 0;
	enum rb_err rc;

	if (n > ROUTE_TILE_MAX || r->width < 1 || r->width > ROUTE_TILE_WIDTH)
		return RB_EFORMAT;
	do {
		groups[left++] = (unsigned int)(n % TILE_GROUP);
		n /= TILE_GROUP;
	} while (n > 0);
	while (--left > 0) {
		if ((rc = buf_printf(out, "x%03u/", groups[left])) != RB_OK)
			return rc;
	}
	if ((rc = buf_printf(out, "%03u", groups[0])) != RB_OK)
		return rc;
	if (r->width == ROUTE_TILE_WIDTH)
		return RB_OK;
	return buf_printf(out, ".p/%u", r->width);
}
