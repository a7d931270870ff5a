/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_PINS_H
#define RB_REBUILDER_PINS_H

#include "rebuilder/judge/packages.h"

/*
 * Exact versions that a build is to have, lines "name version" or
 * "name:architecture version" as buildinfo_write_pins writes them, and where
 * each is offered.  Spans are borrowed.
 */
#define PINS_MAX 16384
#define PINS_BYTES_MAX (4u * 1024 * 1024)
/* How much of what is missing a sentence names. */
#define PINS_NAMED_MAX 200

struct pin {
	struct span name;
	struct span architecture; /* empty: that of the build, or all */
	struct span version;
	bool is_found;
	bool is_built; /* by this node: nobody else offers it */
	struct span stanza;
};

struct pins {
	struct pin *list; /* owned; sorted, each package once */
	size_t n;
};

#define PINS_INIT { NULL, 0 }

enum rb_err pins_parse(struct span in, struct pins *out, struct fault *why)
    RB_CHECK;
void pins_clear(struct pins *p);

/* A Packages index that versions may come from. */
struct pins_index {
	enum pins_kind {
		PINS_BASE = 0,  /* what everything else comes from */
		PINS_OLD = 1,   /* of any age: exact versions */
		PINS_BUILT = 2, /* of this node: always offered besides */
	} kind;
	struct span bytes;
};

/* What a machine is to resolve from, and what cannot be had. */
struct pins_merged {
	struct buf index;
	struct buf missing; /* words of a sentence, cut to PINS_NAMED_MAX */
	uint32_t nmissing;
	uint32_t nbuilt; /* pins that built indices alone offer */
};

#define PINS_MERGED_INIT { BUF_INIT, BUF_INIT, 0, 0 }
void pins_merged_clear(struct pins_merged *m);

/*
 * Each pinned package stands in the index in that version alone, as the first
 * index says that offers it; a built one counts only where no other does:
 * what we built may be called as what the archive had.  All others are as in
 * the index, base or old, that offers most of the pins (the first of equals),
 * and as in every built one: what the build needs besides is then of the same
 * time.
 */
enum rb_err pins_merge(struct pins *p, const struct pins_index *indices,
    size_t n, struct span architecture, struct pins_merged *out,
    struct fault *why) RB_CHECK;

#endif
