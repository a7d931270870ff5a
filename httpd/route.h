/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_ROUTE_H
#define RB_HTTPD_ROUTE_H

#include "common/attest/statement.h"

/*
 * What a path asks for, and the path that asks for it: links on pages are
 * written by the same table that reads them.
 */
enum route_kind {
	ROUTE_DASHBOARD,
	ROUTE_BEFORE,  /* builds older than leaf `index` */
	ROUTE_PACKAGE, /* all attempts at one package: the four texts */
	ROUTE_BUILD,   /* one leaf, in words */
	ROUTE_BUILD_LOG,
	ROUTE_BUILD_DIFFERENCE,
	ROUTE_BUILD_ENVELOPE,
	ROUTE_BUILD_PROOF,
	ROUTE_INPUTS,
	ROUTE_NODE,
	ROUTE_EVIDENCE_BATCH, /* the only one that is posted to */
	ROUTE_EVIDENCE_FILE,
	ROUTE_EVIDENCE_PREFIX,
	ROUTE_EVIDENCE_PACKAGE,
	ROUTE_EVIDENCE_PACKAGE_PREFIX,
	ROUTE_CHECKPOINT,
	ROUTE_TILE,
	ROUTE_ENTRIES,
	ROUTE_METRICS,
	ROUTE_RELEASE,
	ROUTE_RELEASE_JSON,
	ROUTE_STYLE,
};

#define ROUTE_PATH_MAX 8192
#define ROUTE_TEXT_MAX STATEMENT_TEXT_MAX
#define ROUTE_PREFIX_DIGITS 8
#define ROUTE_TILE_LEVELS 6 /* tlog-tiles: 0 to 5 */
#define ROUTE_TILE_WIDTH 256
/* The hash behind the tile's last one still has a number. */
#define ROUTE_TILE_MAX (UINT64_MAX / ROUTE_TILE_WIDTH - 1)

/* Only the fields that the kind names have a meaning; the rest are zero. */
struct route {
	enum route_kind kind;
	uint64_t index;       /* of a leaf, or of a tile */
	unsigned int level;   /* of a tile */
	unsigned int width;   /* of a tile: 1 to 256 */
	struct digest digest; /* its first `bits` bits; the others are zero */
	unsigned int bits;
	char repository[ROUTE_TEXT_MAX + 1];
	char name[ROUTE_TEXT_MAX + 1];
	char version[ROUTE_TEXT_MAX + 1];
	char arch[ROUTE_TEXT_MAX + 1];
};

/*
 * RB_ENOTFOUND: there is no such path.  RB_EFORMAT: the path is one of ours,
 * but a value in it is wrong, and the fault says which rule it broke.
 * RB_ELIMIT: longer than ROUTE_PATH_MAX.
 *
 * Numbers, digests and tiles have one spelling.  Texts may be
 * percent-encoded as anyone likes, since clients differ, but decode to
 * printable ASCII that is not "." or ".." (which browsers would resolve).
 */
enum rb_err route_parse(struct span target, struct route *out,
    struct fault *why) RB_CHECK;

/* RB_EFORMAT for a value that route_parse would refuse. */
enum rb_err route_write(const struct route *route, struct buf *out) RB_CHECK;

#endif
