/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SAID_H
#define RB_REBUILDER_SAID_H

#include "rebuilder/trip.h"

/*
 * What this node said in its log, by leaf: enough to find again, in the
 * depot, what a statement names.  The attestor holds the truth; this is our
 * own copy of the way there.
 */
struct said {
	uint64_t leaf;
	char *target, *file; /* owned */
	struct digest published;
	enum verdict verdict;
	char *reason; /* owned; NULL: none */
	int64_t time;
	struct maybe_digest log, inputs, difference;
};

void said_init(struct said *s);
void said_clear(struct said *s);

/*
 * Writes it down and pins the three files, so that the depot keeps them.
 * Counts the verdict.
 */
enum rb_err said_add(struct journal *j, const char *target,
    const struct result *r) RB_CHECK;
/*
 * By leaf index, file name or the SHA-256 of the published file; the newest
 * of several.  RB_ENOTFOUND with a sentence.  `out` must be clear.
 */
enum rb_err said_find(struct journal *j, const char *what, struct said *out,
    struct fault *why) RB_CHECK;
/* Of a target: which leaves its last try named, each 8 bytes, big endian. */
enum rb_err said_mark(struct journal *j, const char *target, struct span leaves)
    RB_CHECK;
/* Those of them that are known, as frames.h, "ADMIN_SAID_IS"; may be none. */
enum rb_err said_marked(struct journal *j, const char *target, struct buf *out,
    uint32_t *n) RB_CHECK;
/* How often a verdict was said. */
enum rb_err said_count(struct journal *j, enum verdict v, uint64_t *out)
    RB_CHECK;
/* Keeps a file in the depot for ever: what was accepted rests on it. */
enum rb_err said_pin(struct journal *j, const struct digest *d) RB_CHECK;
/* Takes said_pin back; what a statement names stays. */
enum rb_err said_unpin(struct journal *j, const struct digest *d) RB_CHECK;
/* A statement names it, or somebody pinned it. */
bool said_is_pinned(struct journal *j, const struct digest *d);

/* The value of a leaf in the journal, without its key. */
enum rb_err said_put(struct buf *out, const struct said *s) RB_CHECK;
enum rb_err said_take(struct span in, struct said *out) RB_CHECK;

#endif
