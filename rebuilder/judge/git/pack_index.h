/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_PACK_INDEX_H
#define RB_REBUILDER_PACK_INDEX_H

#include "common/base/buf.h"
#include "rebuilder/judge/git/pack.h"

/*
 * Where each object of a pack begins.  It only says where to look: ids are
 * hashed here without regard to collisions, and who reads an object hashes
 * it anew (pack_reader.h).  So it may come from another process.
 */
struct pack_place {
	struct git_id id;
	uint64_t offset;
};

struct pack_index {
	struct pack_place *list; /* owned; by id */
	size_t n;
};

#define PACK_INDEX_INIT { NULL, 0 }

/* All that an index pass unpacks together: what a bomb may cost. */
#define PACK_TOTAL_MAX (64ull * 1024 * 1024 * 1024)
/* Bases that wait for their deltas, together. */
#define PACK_WAITING_MAX (512u * 1024 * 1024)

void pack_index_clear(struct pack_index *i);

/*
 * Unpacks everything.  Refused are objects that come twice, deltas whose
 * base is not in the pack and bytes behind the last object.
 */
enum rb_err pack_index_make(const struct pack *p, struct pack_index *out,
    struct fault *why) RB_CHECK;

/* RB_ENOTFOUND: not in the pack. */
enum rb_err pack_index_find(const struct pack_index *i, const struct git_id *id,
    uint64_t *offset) RB_CHECK;

/* u32 n, n times { id, u64 offset }; ids ascending. */
enum rb_err pack_index_put(const struct pack_index *i, struct buf *out)
    RB_CHECK;
enum rb_err pack_index_take(struct span in, struct pack_index *out) RB_CHECK;

#endif
