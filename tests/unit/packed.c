/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/packed.h"

#include <stdlib.h>

#include <zlib.h>

#include "rebuilder/judge/git/plain_sha1.h"

#define HEAD_LEN 12

static void
must(enum rb_err rc)
{
	if (rc != RB_OK)
		abort();
}

void
packed_start(struct packed *p)
{
	p->bytes = (struct buf)BUF_INIT;
	p->n = 0;
	must(buf_put(&p->bytes, SPAN("PACK\0\0\0\2\0\0\0\0")));
}

void
packed_clear(struct packed *p)
{
	buf_clear(&p->bytes);
}

uint64_t
packed_head(struct packed *p, unsigned int type, uint64_t size)
{
	uint64_t offset = p->bytes.len;
	unsigned int byte = type << 4 | (size & 15);

	for (size >>= 4; size > 0; size >>= 7) {
		must(buf_put_byte(&p->bytes, (uint8_t)(byte | 0x80)));
		byte = size & 0x7f;
	}
	must(buf_put_byte(&p->bytes, (uint8_t)byte));
	p->n++;
	return offset;
}

void
packed_stream(struct packed *p, struct span bytes)
{
	uLongf len = compressBound(bytes.len);

	must(buf_reserve(&p->bytes, len));
	if (compress2(p->bytes.p + p->bytes.len, &len, bytes.p, bytes.len, 1) !=
	    Z_OK)
		abort();
	p->bytes.len += len;
}

uint64_t
packed_whole(struct packed *p, enum git_type type, struct span bytes)
{
	uint64_t offset = packed_head(p, type, bytes.len);

	packed_stream(p, bytes);
	return offset;
}

uint64_t
packed_delta(struct packed *p, uint64_t base, struct span delta)
{
	uint64_t offset = packed_head(p, 6, delta.len), back = offset - base;
	uint8_t digits[10];
	size_t n = sizeof(digits);

	/* The last seven bits stand last; each before is one too many. */
	digits[--n] = back & 0x7f;
	while ((back >>= 7) > 0) {
		back--;
		digits[--n] = (uint8_t)(0x80 | (back & 0x7f));
	}
	must(buf_put(&p->bytes, span_of(digits + n, sizeof(digits) - n)));
	packed_stream(p, delta);
	return offset;
}

uint64_t
packed_delta_to(struct packed *p, const struct git_id *base, struct span delta)
{
	uint64_t offset = packed_head(p, 7, delta.len);

	must(buf_put(&p->bytes, git_id_span(base)));
	packed_stream(p, delta);
	return offset;
}

struct span
packed_end(struct packed *p)
{
	struct git_id sum;
	size_t i;

	for (i = 0; i < 4; i++)
		p->bytes.p[8 + i] = (uint8_t)(p->n >> (24 - 8 * i));
	must(plain_sha1(SPAN(""), buf_span(&p->bytes), &sum));
	must(buf_put(&p->bytes, git_id_span(&sum)));
	return buf_span(&p->bytes);
}

static void
put_size(struct buf *b, size_t size)
{
	for (; size > 0x7f; size >>= 7)
		must(buf_put_byte(b, (uint8_t)(0x80 | (size & 0x7f))));
	must(buf_put_byte(b, (uint8_t)size));
}

struct buf
delta_to(size_t len, struct span all)
{
	struct buf b = BUF_INIT;
	size_t n;

	put_size(&b, len);
	put_size(&b, all.len);
	while (all.len > 0) {
		n = all.len < 127 ? all.len : 127;
		must(buf_put_byte(&b, (uint8_t)n));
		must(buf_put(&b, span_of(all.p, n)));
		all = span_of(all.p + n, all.len - n);
	}
	return b;
}

struct buf
delta_copy(size_t base_len, size_t offset, size_t len)
{
	struct buf b = BUF_INIT;
	size_t i;

	put_size(&b, base_len);
	put_size(&b, len);
	must(buf_put_byte(&b, 0xff));
	for (i = 0; i < 4; i++)
		must(buf_put_byte(&b, (uint8_t)(offset >> (8 * i))));
	for (i = 0; i < 3; i++)
		must(buf_put_byte(&b, (uint8_t)(len >> (8 * i))));
	return b;
}
