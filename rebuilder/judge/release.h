/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_RELEASE_H
#define RB_REBUILDER_RELEASE_H

#include "rebuilder/judge/checksums.h"

/*
 * A Release file, as gpgv wrote it: what of it is signed and nothing else.
 * Only its SHA256 list is read.  Spans are borrowed from the input.
 */
struct release {
	struct span codename;
	struct span suite;        /* empty: none */
	uint64_t date;            /* seconds since 1970 */
	uint64_t valid_until;     /* 0: none */
	bool is_by_hash;          /* Acquire-By-Hash: yes */
	struct checksum *entries; /* owned; sorted by path, each path once */
	size_t n;
};

#define RELEASE_INIT { SPAN_INIT, SPAN_INIT, 0, 0, false, NULL, 0 }
#define RELEASE_ENTRIES_MAX 65536
/* How far an archive's clock may be ahead of ours. */
#define RELEASE_AHEAD_MAX (24 * 60 * 60)

enum rb_err release_parse(struct span in, struct release *out,
    struct fault *why) RB_CHECK;
void release_clear(struct release *r);

/* NULL when the list does not name the path. */
const struct checksum *release_find(const struct release *r, struct span path);

enum release_age {
	RELEASE_OF_TODAY,   /* what is chosen from it must be the newest */
	RELEASE_OF_ANY_AGE, /* exact versions are looked up in it, no more */
};

/*
 * It is of the suite that was asked for, by codename or suite; not from
 * tomorrow (RB_EREFUSED); and, when it must be of today, not older than the
 * newest that was seen and not past its Valid-Until (RB_ESTALE).
 */
enum rb_err release_check(const struct release *r, struct span asked,
    uint64_t now, uint64_t newest, enum release_age age, struct fault *why)
    RB_CHECK;

/* "Sat, 11 Jul 2026 10:16:37 UTC": RFC 2822 as archives write it. */
enum rb_err release_date_parse(struct span in, uint64_t *out) RB_CHECK;

#endif
