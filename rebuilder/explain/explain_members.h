/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_EXPLAIN_MEMBERS_H
#define RB_REBUILDER_EXPLAIN_MEMBERS_H

#include "rebuilder/explain/explain_listing.h"
#include "rebuilder/explain/explain_report.h"

/* Kinds of difference, as a set. */
enum {
	FOUND_UNREADABLE = 1 << 0,
	FOUND_CONTENT = 1 << 1,     /* of the data */
	FOUND_MEMBERS = 1 << 2, /* one has a member that the other lacks */
	FOUND_CONTROL = 1 << 3, /* content of the control part */
	FOUND_MD5SUMS = 1 << 4, /* the list of sums in it */
	FOUND_BUILD_ID = 1 << 5,
	FOUND_METADATA = 1 << 6,
	FOUND_ORDER = 1 << 7,
	FOUND_COMPRESSION = 1 << 8,
	FOUND_SIZE = 1 << 9,
};

struct pair {
	struct package rebuilt, published;
};

/*
 * Compares one tar of both packages, and reports.  Reads each twice at most:
 * for names, metadata and digests, and then, side by side, what differs.
 */
enum rb_err members_compare(const struct pair *packages,
    const char *rebuilt_part, const char *published_part, struct report *r,
    unsigned int *findings, struct fault *why) RB_CHECK;

/* True when something besides content and size differs. */
bool members_report_metadata(const char *where, const struct member *a,
    const struct member *b, struct report *r);

#endif
