/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_EXPLAIN_LISTING_H
#define RB_REBUILDER_EXPLAIN_LISTING_H

#include "rebuilder/explain/explain_reader.h"

/*
 * All parts of a package, or all members of one of its tars, with the digest
 * of each content as it was read: never one that the package gives of itself.
 */
struct listing {
	struct member *list; /* owned; in the archive's order */
	size_t n;
	size_t *by_name; /* owned: positions in list, sorted by name */
};

#define LISTING_INIT { NULL, 0, NULL }

void listing_clear(struct listing *l);
/* A name twice is RB_EFORMAT: which of the two would be compared? */
enum rb_err listing_read_parts(const struct package *p, struct listing *out,
    struct fault *why) RB_CHECK;
enum rb_err listing_read_tar(const struct package *p, const char *part,
    struct listing *out, struct fault *why) RB_CHECK;
/* Position in `list`; false when the name is not there. */
bool listing_find(const struct listing *l, const char *name, size_t *at);

/* Goes to the part of this name, and into it. */
enum rb_err listing_enter(struct reader *r, const char *part, struct fault *why)
    RB_CHECK;

#endif
