/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/pack.h"

#include <string.h>

#include "rebuilder/judge/git/plain_sha1.h"

#define HEAD_LEN 12
#define VERSION 2

/* Types that are no objects. */
enum { OFS_DELTA = 6, REF_DELTA = 7 };

static uint32_t
number_at(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 |
	    (uint32_t)p[2] << 8 | p[3];
}

enum rb_err
pack_open(struct span bytes, struct pack *out, struct fault *why)
{
	struct git_id sum;
	struct pack p;
	enum rb_err rc;

	if (bytes.len < HEAD_LEN + GIT_ID_LEN ||
	    !span_starts(bytes, SPAN("PACK")))
		return fault_set(why, RB_EFORMAT, "this is not a git pack");
	if (number_at(bytes.p + 4) != VERSION)
		return fault_set(why, RB_EFORMAT,
		    "the pack is of version %u; only version 2 is read",
		    number_at(bytes.p + 4));
	p.bytes = bytes;
	p.objects = span_of(bytes.p, bytes.len - GIT_ID_LEN);
	p.n = number_at(bytes.p + 8);
	if (p.n > PACK_OBJECTS_MAX)
		return fault_set(why, RB_ELIMIT,
		    "the pack holds %u objects; at most %u are read", p.n,
		    PACK_OBJECTS_MAX);
	if ((rc = plain_sha1(SPAN(""), p.objects, &sum)) != RB_OK)
		return rc;
	if (memcmp(sum.b, bytes.p + p.objects.len, GIT_ID_LEN) != 0)
		return fault_set(why, RB_EDIGEST,
		    "the pack is cut short or damaged: its last 20 bytes are "
		    "not the SHA-1 of the others");
	*out = p;
	return RB_OK;
}

/* Type and size: four bits of it, then seven a byte, the lowest first. */
static enum rb_err
take_head(struct span *in, unsigned int *type, uint64_t *size)
{
	struct span byte;
	uint64_t n;
	unsigned int shift;

	if (span_take(in, 1, &byte) != RB_OK)
		return RB_EFORMAT;
	*type = byte.p[0] >> 4 & 7;
	n = byte.p[0] & 15;
	for (shift = 4; (byte.p[0] & 0x80) != 0; shift += 7) {
		if (shift > 56 || span_take(in, 1, &byte) != RB_OK)
			return RB_EFORMAT;
		n |= (uint64_t)(byte.p[0] & 0x7f) << shift;
	}
	*size = n;
	return RB_OK;
}

/* How far back: seven bits a byte, the highest first, one added each time. */
static enum rb_err
take_distance(struct span *in, uint64_t *out)
{
	struct span byte;
	uint64_t n;

	if (span_take(in, 1, &byte) != RB_OK)
		return RB_EFORMAT;
	n = byte.p[0] & 0x7f;
	while ((byte.p[0] & 0x80) != 0) {
		if (n >= UINT64_MAX >> 8 || span_take(in, 1, &byte) != RB_OK)
			return RB_EFORMAT;
		n = (n + 1) << 7 | (byte.p[0] & 0x7f);
	}
	*out = n;
	return RB_OK;
}

static enum rb_err
take_base(struct span *in, uint64_t offset, unsigned int type,
    struct pack_entry *e)
{
	struct span id;
	uint64_t back;
	enum rb_err rc;

	switch (type) {
	case GIT_COMMIT:
	case GIT_TREE:
	case GIT_BLOB:
	case GIT_TAG:
		e->kind = PACK_WHOLE;
		e->type = (enum git_type)type;
		return RB_OK;
	case OFS_DELTA:
		e->kind = PACK_DELTA_OFFSET;
		if ((rc = take_distance(in, &back)) != RB_OK)
			return rc;
		if (back == 0 || back > offset - HEAD_LEN)
			return RB_EFORMAT;
		e->base_offset = offset - back;
		return RB_OK;
	case REF_DELTA:
		e->kind = PACK_DELTA_ID;
		if ((rc = span_take(in, GIT_ID_LEN, &id)) != RB_OK)
			return rc;
		memcpy(e->base_id.b, id.p, GIT_ID_LEN);
		return RB_OK;
	default:
		return RB_EFORMAT;
	}
}

enum rb_err
pack_entry_at(const struct pack *p, uint64_t offset, struct pack_entry *out)
{
	struct pack_entry e;
	struct span in;
	unsigned int type;
	uint64_t size;
	enum rb_err rc;

	if (offset < HEAD_LEN || offset >= p->objects.len)
		return RB_EFORMAT;
	memset(&e, 0, sizeof(e));
	in = span_of(p->objects.p + offset, p->objects.len - (size_t)offset);
	if ((rc = take_head(&in, &type, &size)) != RB_OK ||
	    (rc = take_base(&in, offset, type, &e)) != RB_OK)
		return rc;
	if (size > PACK_OBJECT_BYTES_MAX)
		return RB_ELIMIT;
	e.size = (size_t)size;
	e.rest = in;
	*out = e;
	return RB_OK;
}

uint64_t
pack_offset(const struct pack *p, struct span rest)
{
	return (uint64_t)(rest.p - p->objects.p);
}
