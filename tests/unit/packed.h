/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_PACKED_H
#define RB_TESTS_PACKED_H

#include "common/base/buf.h"
#include "rebuilder/judge/git/git_id.h"

/* Git packs made by hand, right or wrong; what fails here ends the test. */
struct packed {
	struct buf bytes; /* owned */
	uint32_t n;       /* objects so far */
};

void packed_start(struct packed *p);
void packed_clear(struct packed *p);

/* All say at which offset the object begins. */
uint64_t packed_whole(struct packed *p, enum git_type type, struct span bytes);
/* A delta to what begins at `base`, or to an object with an id. */
uint64_t packed_delta(struct packed *p, uint64_t base, struct span delta);
uint64_t packed_delta_to(struct packed *p, const struct git_id *base,
    struct span delta);
/*
 * A head of `type` that announces `size` bytes, and nothing behind it; then
 * a stream by itself.
 */
uint64_t packed_head(struct packed *p, unsigned int type, uint64_t size);
void packed_stream(struct packed *p, struct span bytes);

/* Sets the number of objects and puts the trailer; then it is a pack. */
struct span packed_end(struct packed *p);

/* One that turns `len` bytes into those of `all`, whatever they are. */
struct buf delta_to(size_t len, struct span all);
/* One that takes `len` bytes from `offset` of a base of `base_len`. */
struct buf delta_copy(size_t base_len, size_t offset, size_t len);

#endif
