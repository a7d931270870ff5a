/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/json.h"

#include <inttypes.h>
#include <string.h>

#include "common/base/enc.h"

static const char digest_open[] = "{\"sha256\":\"";
static const char digest_close[] = "\"}";

bool
json_skip(struct span *in, const char *bytes)
{
	struct span want = span_of_str(bytes);

	if (!span_starts(*in, want))
		return false;
	*in = span_of(in->p + want.len, in->len - want.len);
	return true;
}

enum rb_err
json_take(struct span *in, const char *bytes)
{
	return json_skip(in, bytes) ? RB_OK : RB_EFORMAT;
}

static bool
is_plain(uint8_t c)
{
	return c >= ' ' && c <= '~' && c != '"' && c != '\\';
}

bool
json_text_is_plain(struct span text)
{
	size_t i;

	for (i = 0; i < text.len; i++) {
		if (!is_plain(text.p[i]))
			return false;
	}
	return true;
}

enum rb_err
json_put_text(struct buf *out, struct span text, size_t max)
{
	enum rb_err rc;

	if (text.len > max)
		return RB_ELIMIT;
	if (text.len == 0 || !json_text_is_plain(text))
		return RB_EFORMAT;
	if ((rc = buf_put_byte(out, '"')) != RB_OK)
		return rc;
	if ((rc = buf_put(out, text)) != RB_OK)
		return rc;
	return buf_put_byte(out, '"');
}

enum rb_err
json_take_text(struct span *in, size_t max, struct span *text)
{
	struct span rest = *in;
	size_t len = 0;

	if (!json_skip(&rest, "\""))
		return RB_EFORMAT;
	while (len < rest.len && is_plain(rest.p[len]))
		len++;
	if (len == 0 || len == rest.len || rest.p[len] != '"')
		return RB_EFORMAT;
	if (len > max)
		return RB_ELIMIT;
	*text = span_of(rest.p, len);
	*in = span_of(rest.p + len + 1, rest.len - len - 1);
	return RB_OK;
}

enum rb_err
json_put_number(struct buf *out, uint64_t n)
{
	if (n > JSON_NUMBER_MAX)
		return RB_ELIMIT;
	return buf_printf(out, "%" PRIu64, n);
}

enum rb_err
json_take_number(struct span *in, uint64_t *n)
{
	size_t len = 0;
	enum rb_err rc;

	while (len < in->len && in->p[len] >= '0' && in->p[len] <= '9')
		len++;
	if ((rc = dec_parse(span_of(in->p, len), JSON_NUMBER_MAX, n)) != RB_OK)
		return rc;
	*in = span_of(in->p + len, in->len - len);
	return RB_OK;
}

enum rb_err
json_put_digest(struct buf *out, const struct digest *d)
{
	char hex[DIGEST_HEX_LEN + 1];
	enum rb_err rc;

	digest_hex(d, hex);
	if ((rc = buf_put_str(out, digest_open)) != RB_OK)
		return rc;
	if ((rc = buf_put_str(out, hex)) != RB_OK)
		return rc;
	return buf_put_str(out, digest_close);
}

enum rb_err
json_take_digest(struct span *in, struct digest *d)
{
	struct span rest = *in, hex;
	struct digest value;

	if (!json_skip(&rest, digest_open) ||
	    span_take(&rest, DIGEST_HEX_LEN, &hex) != RB_OK ||
	    !json_skip(&rest, digest_close) ||
	    digest_parse(hex, &value) != RB_OK)
		return RB_EFORMAT;
	*d = value;
	*in = rest;
	return RB_OK;
}
