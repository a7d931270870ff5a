/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_METADATA_H
#define RB_REBUILDER_METADATA_H

#include "rebuilder/trip.h"

/* An index that signed metadata names. */
struct metadata_index {
	char *path; /* owned: below dists/<suite>/; as it is fetched */
	bool is_packed; /* as .xz; the rest equals what is plain otherwise */
	uint64_t size, plain_size;
	struct digest sha256, plain;
};

enum { METADATA_PACKAGES, METADATA_SOURCES, METADATA_INDICES };

/* What a repository signed: its InRelease, as rebuilder-judge read it. */
struct metadata {
	uint64_t date, valid_until; /* 0: none */
	bool by_hash;
	struct digest sha256; /* of the signed text */
	struct metadata_index indices[METADATA_INDICES];
	size_t n; /* of indices */
};

void metadata_clear(struct metadata *m);

/*
 * Fetches the signed text from the first place of the repository that has
 * one that holds: signed by a key of the keyring, of this suite, and, unless
 * the repository's use allows any age, not older than the newest seen under
 * this address and suite (which it becomes) and not past its Valid-Until.
 * RB_ENOTFOUND: all places say that there is none.
 */
enum rb_err metadata_get(struct trip *t, const struct repository *of,
    struct metadata *out) RB_CHECK;

/*
 * Writes a note about an address and a suite, unless the last one of this kind
 * was about the very same: each job finds what the one before found.
 */
enum rb_err metadata_note(struct trip *t, const struct repository *of,
    const char *kind, struct span about, struct span text) RB_CHECK;
/* Whether it was ever had from this address and suite. */
enum rb_err metadata_was_there(struct trip *t, const struct repository *of,
    bool *was_there) RB_CHECK;

#endif
