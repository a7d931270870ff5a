/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTESTOR_SIGNER_STATE_H
#define RB_ATTESTOR_SIGNER_STATE_H

#include "common/attest/key.h"
#include "common/attest/tree.h"

/*
 * What the signer must never forget: how far its log goes.  Whoever could
 * make it forget one leaf would get two checkpoints of one size, which is
 * the one thing that a log exists to exclude.
 *
 * The file holds the state twice.  A new state is written and synced to the
 * first copy, then to the second, and only then may a signature over it
 * leave.  So:
 * - a copy torn by a crash leaves the other one whole, and it is either the
 *   old state, of which nothing newer was signed, or the new one;
 * - at rest both are equal, so that one copy that rots later is replaced by
 *   the other and nothing is forgotten (of two copies written in turn, the
 *   newer one rotting would look like a torn write and be rolled back).
 * Everything else is damage that no rule can repair, and refused.
 * A log begins the other way round, second copy first: the line of init stays
 * in front until a whole state stands behind it.
 *
 * A copy: magic; size (u64, big endian); SHA-256 of the origin, LF and the
 * public key; leaf hash of the last leaf (zero without leaves); the roots of
 * the frontier; zeros up to SIGNER_COPY_LEN - 32; SHA-256 of all that.
 */
#define SIGNER_COPY_LEN 4096

struct signer_state {
	struct digest log; /* whose: of origin and key */
	struct digest last;
	struct frontier frontier; /* with the size */
};

#define SIGNER_STATE_INIT { DIGEST_INIT, DIGEST_INIT, FRONTIER_INIT }

/* The state of a log without leaves. */
enum rb_err signer_state_begin(const char *origin, const struct key_public *key,
    struct signer_state *out) RB_CHECK;
/* One more leaf, in memory alone. */
enum rb_err signer_state_append(struct signer_state *s,
    const struct digest *leaf) RB_CHECK;

/* One copy. */
enum rb_err signer_state_write(const struct signer_state *s,
    uint8_t out[SIGNER_COPY_LEN]) RB_CHECK;
/* Accepts exactly what signer_state_write writes; RB_EDIGEST: torn. */
enum rb_err signer_state_parse(const uint8_t in[SIGNER_COPY_LEN],
    struct signer_state *out) RB_CHECK;

/* Durable when it returns RB_OK.  After an error only a new start knows. */
enum rb_err signer_state_save(int fd, const struct signer_state *s) RB_CHECK;
/*
 * The state in the file, both copies written and synced anew, whatever a
 * failed sync of an earlier process left on the disk.  NODE_STATE_NEW, with a
 * begin that was cut off behind it or nothing, becomes that of `begin`, whose
 * log it must be otherwise.  RB_EREFUSED: another log's.
 * RB_EFORMAT: damaged.  RB_ESTALE: an old copy came back.
 */
enum rb_err signer_state_load(int fd, const struct signer_state *begin,
    struct signer_state *out, struct fault *why) RB_CHECK;

#endif
