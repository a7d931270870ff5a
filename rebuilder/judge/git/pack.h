/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_PACK_H
#define RB_REBUILDER_PACK_H

#include "rebuilder/judge/git/git_id.h"

/*
 * A pack (gitformat-pack(5), version 2): objects one behind the other, most
 * of them as deltas, none with its id.
 */
#define PACK_OBJECTS_MAX (4u * 1024 * 1024)
#define PACK_OBJECT_BYTES_MAX (256u * 1024 * 1024)
#define PACK_DELTAS_MAX 4096 /* on the way from an object to its last base */

struct pack {
	struct span bytes;    /* borrowed; the whole file */
	struct span objects;  /* borrowed: without header and trailer */
	uint32_t n;
};

enum pack_kind {
	PACK_WHOLE,        /* an object */
	PACK_DELTA_OFFSET, /* a delta to what begins at base_offset */
	PACK_DELTA_ID,     /* a delta to base_id */
};

/* What stands in front of an object. */
struct pack_entry {
	enum pack_kind kind;
	enum git_type type;   /* of a whole object */
	uint64_t base_offset; /* before this entry */
	struct git_id base_id;
	size_t size;          /* inflated */
	struct span rest;     /* borrowed: the stream, and all behind it */
};

/*
 * Header, number of objects and the trailer's SHA-1 are right.  Offsets are
 * counted from the start of `bytes`.
 */
enum rb_err pack_open(struct span bytes, struct pack *out, struct fault *why)
    RB_CHECK;
enum rb_err pack_entry_at(const struct pack *p, uint64_t offset,
    struct pack_entry *out) RB_CHECK;
/* Where `rest` begins in the pack. */
uint64_t pack_offset(const struct pack *p, struct span rest);

#endif
