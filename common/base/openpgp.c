/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/openpgp.h"

#include <string.h>

#include "common/base/enc.h"

static bool
is_blank(uint8_t byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r';
}

/* A line without the blanks at its end, which armour may have (6.2). */
static enum rb_err
take_line(struct span *in, struct span *line)
{
	if (in->len == 0)
		return RB_EFORMAT;
	if (span_take_line(in, line) != RB_OK) {
		*line = *in;
		*in = span_of(in->p + in->len, 0);
	}
	while (line->len > 0 && is_blank(line->p[line->len - 1]))
		line->len--;
	return RB_OK;
}

/* "-----BEGIN PGP SIGNATURE-----" */
static bool
is_mark(struct span line, const char *end, const char *kind)
{
	struct buf mark = BUF_INIT;
	bool is_it;

	is_it = buf_printf(&mark, "-----%s PGP %s-----", end, kind) == RB_OK &&
	    span_equal(line, buf_span(&mark));
	buf_clear(&mark);
	return is_it;
}

/* Lines "Name: text", then an empty one. */
static enum rb_err
take_headers(struct span *in)
{
	struct span line;
	enum rb_err rc;

	do {
		if ((rc = take_line(in, &line)) != RB_OK)
			return rc;
		if (line.len != 0 && memchr(line.p, ':', line.len) == NULL)
			return RB_EFORMAT;
	} while (line.len != 0);
	return RB_OK;
}

enum rb_err
openpgp_armour_parse(struct span text, const char *kind, struct buf *out)
{
	struct buf digits = BUF_INIT;
	struct span line;
	enum rb_err rc;

	if (take_line(&text, &line) != RB_OK || !is_mark(line, "BEGIN", kind) ||
	    take_headers(&text) != RB_OK) {
		rc = RB_EFORMAT;
		goto out;
	}
	for (;;) {
		if ((rc = take_line(&text, &line)) != RB_OK)
			goto out;
		/* The checksum, which gpgv has no use for; or the end. */
		if (span_starts(line, SPAN("=")) &&
		    (rc = take_line(&text, &line)) != RB_OK)
			goto out;
		if (span_starts(line, SPAN("-")))
			break;
		if ((rc = buf_put(&digits, line)) != RB_OK)
			goto out;
	}
	rc = RB_EFORMAT;
	if (is_mark(line, "END", kind) && text.len == 0)
		rc = base64_parse(buf_span(&digits), out);
out:
	buf_clear(&digits);
	return rc;
}

/* 4.2.1: `n` octets, the first of them the highest. */
static enum rb_err
take_length(struct span *in, unsigned int n, uint64_t *len)
{
	struct span octets;
	enum rb_err rc;
	size_t i;

	if ((rc = span_take(in, n, &octets)) != RB_OK)
		return rc;
	for (*len = 0, i = 0; i < octets.len; i++)
		*len = *len << 8 | octets.p[i];
	return RB_OK;
}

/* 4.2.2; a length told in parts is for data alone. */
static enum rb_err
take_new_length(struct span *in, uint64_t *len)
{
	uint64_t first = 0, second = 0;
	enum rb_err rc;

	if ((rc = take_length(in, 1, &first)) != RB_OK)
		return rc;
	if (first == 255)
		return take_length(in, 4, len);
	if (first >= 224)
		return RB_EFORMAT;
	if (first >= 192) {
		if ((rc = take_length(in, 1, &second)) != RB_OK)
			return rc;
		first = ((first - 192) << 8) + second + 192;
	}
	*len = first;
	return RB_OK;
}

enum rb_err
openpgp_packet_take(struct span *in, unsigned int *tag, struct span *body)
{
	uint64_t head = 0, len = 0;
	enum rb_err rc;

	if ((rc = take_length(in, 1, &head)) != RB_OK)
		return rc;
	if ((head & 0xc0) == 0xc0) {
		*tag = head & 0x3f;
		rc = take_new_length(in, &len);
	} else if ((head & 0xc0) == 0x80 && (head & 3) != 3) {
		*tag = (head >> 2) & 0xf;
		rc = take_length(in, 1u << (head & 3), &len);
	} else {
		rc = RB_EFORMAT;
	}
	if (rc == RB_OK)
		rc = span_take(in, len, body);
	return rc;
}
