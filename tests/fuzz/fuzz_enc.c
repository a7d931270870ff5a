/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/base/digest.h"
#include "common/base/enc.h"

/*
 * What parses has one spelling: written again it gives the same bytes.  The
 * first byte chooses the parser, the rest is the text.
 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(bool claim)
{
	if (!claim)
		abort();
}

static void
try_hex(struct span in)
{
	uint8_t bytes[64];
	struct buf out = BUF_INIT;
	size_t len = in.len / 2;

	if (len <= sizeof(bytes) && hex_parse(in, bytes, len) == RB_OK) {
		check(hex_write(span_of(bytes, len), &out) == RB_OK);
		check(span_equal(buf_span(&out), in));
	}
	buf_clear(&out);
}

static void
try_base64(struct span in)
{
	struct buf bytes = BUF_INIT, out = BUF_INIT;

	if (base64_parse(in, &bytes) == RB_OK) {
		check(base64_write(buf_span(&bytes), &out) == RB_OK);
		check(span_equal(buf_span(&out), in));
	} else {
		check(bytes.len == 0);
	}
	/* And back: whatever the bytes, they have a text. */
	buf_reset(&bytes);
	buf_reset(&out);
	check(base64_write(in, &out) == RB_OK);
	check(base64_parse(buf_span(&out), &bytes) == RB_OK);
	check(span_equal(buf_span(&bytes), in));
	buf_clear(&bytes);
	buf_clear(&out);
}

static void
try_dec(struct span in)
{
	char text[32];
	uint64_t v = 0;

	if (dec_parse(in, UINT64_MAX, &v) != RB_OK)
		return;
	(void)snprintf(text, sizeof(text), "%" PRIu64, v);
	check(span_equal_str(in, text));
	check(v == 0 || dec_parse(in, v - 1, &v) == RB_ELIMIT);
}

static void
try_utc(struct span in)
{
	char text[UTC_LEN + 1];
	int64_t t = 0;

	if (utc_parse(in, &t) != RB_OK)
		return;
	check(utc_write(t, text) == RB_OK);
	check(span_equal_str(in, text));
}

static void
try_digest(struct span in)
{
	char text[DIGEST_HEX_LEN + 1];
	struct digest d = DIGEST_INIT;

	if (digest_parse(in, &d) != RB_OK)
		return;
	digest_hex(&d, text);
	check(span_equal_str(in, text));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct span in = span_of(data, size);
	struct span choice = SPAN_INIT;

	if (span_take(&in, 1, &choice) != RB_OK)
		return 0;
	switch (choice.p[0] % 5) {
	case 0:
		try_hex(in);
		break;
	case 1:
		try_base64(in);
		break;
	case 2:
		try_dec(in);
		break;
	case 3:
		try_utc(in);
		break;
	case 4:
		try_digest(in);
		break;
	}
	return 0;
}
