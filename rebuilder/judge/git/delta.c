/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/delta.h"

#define COPY 0x80
#define COPY_WHEN_ZERO 0x10000

/* Seven bits a byte, the lowest first; the shortest spelling only. */
static enum rb_err
take_size(struct span *in, uint64_t *out)
{
	uint64_t size = 0;
	unsigned int shift;
	struct span byte;

	for (shift = 0; shift < 63; shift += 7) {
		if (span_take(in, 1, &byte) != RB_OK)
			return RB_EFORMAT;
		size |= (uint64_t)(byte.p[0] & 0x7f) << shift;
		if ((byte.p[0] & 0x80) == 0) {
			if (byte.p[0] == 0 && shift != 0)
				return RB_EFORMAT;
			*out = size;
			return RB_OK;
		}
	}
	return RB_EFORMAT;
}

/* Bytes of an offset or size whose bit is set; others are zero. */
static enum rb_err
take_bytes_of(struct span *in, unsigned int bits, unsigned int n, uint64_t *out)
{
	uint64_t value = 0;
	struct span byte;
	unsigned int i;

	for (i = 0; i < n; i++) {
		if ((bits >> i & 1) == 0)
			continue;
		if (span_take(in, 1, &byte) != RB_OK)
			return RB_EFORMAT;
		value |= (uint64_t)byte.p[0] << (8 * i);
	}
	*out = value;
	return RB_OK;
}

static enum rb_err
take_copy(struct span *in, unsigned int op, struct span base, struct span *out)
{
	uint64_t offset, size;
	enum rb_err rc;

	if ((rc = take_bytes_of(in, op & 0x0f, 4, &offset)) != RB_OK ||
	    (rc = take_bytes_of(in, op >> 4 & 0x07, 3, &size)) != RB_OK)
		return rc;
	if (size == 0)
		size = COPY_WHEN_ZERO;
	if (offset > base.len || size > base.len - offset)
		return RB_EFORMAT;
	*out = span_of(base.p + offset, (size_t)size);
	return RB_OK;
}

static enum rb_err
apply(struct span base, struct span delta, uint64_t size, struct buf *out)
{
	struct span op, piece;
	uint64_t left = size;
	enum rb_err rc;

	while (delta.len > 0) {
		if ((rc = span_take(&delta, 1, &op)) != RB_OK)
			return rc;
		if ((op.p[0] & COPY) != 0)
			rc = take_copy(&delta, op.p[0], base, &piece);
		else if (op.p[0] != 0)
			rc = span_take(&delta, op.p[0], &piece);
		else
			rc = RB_EFORMAT; /* reserved */
		if (rc != RB_OK)
			return rc;
		if (piece.len > left)
			return RB_EFORMAT;
		left -= piece.len;
		if ((rc = buf_put(out, piece)) != RB_OK)
			return rc;
	}
	return left == 0 ? RB_OK : RB_EFORMAT;
}

enum rb_err
delta_apply(struct span base, struct span delta, size_t max, struct buf *out)
{
	uint64_t base_size, size;
	size_t len = out->len;
	enum rb_err rc;

	if ((rc = take_size(&delta, &base_size)) != RB_OK ||
	    (rc = take_size(&delta, &size)) != RB_OK)
		return rc;
	if (base_size != base.len)
		return RB_EFORMAT;
	if (size > max)
		return RB_ELIMIT;
	if ((rc = buf_reserve(out, (size_t)size)) != RB_OK)
		return rc;
	if ((rc = apply(base, delta, size, out)) != RB_OK)
		out->len = len;
	return rc;
}
