/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTESTOR_SIGNING_H
#define RB_ATTESTOR_SIGNING_H

#include "common/attest/checkpoint.h"
#include "common/attest/tree.h"

/*
 * attestor's side of the signer.  Nothing that the signer says is taken on
 * trust: attestor keeps a frontier of its own, and what comes back must be
 * the statement that was sent, signed by the key that the signer claimed,
 * and a checkpoint over exactly one leaf more.
 *
 * Any error but RB_EREFUSED means that the two do not agree any more, or
 * that the connection is lost: the caller ends.
 */
struct signing {
	int sock; /* owned */
	struct vkey key;
	struct buf vkey; /* owned: text of it */
};

#define SIGNING_INIT { -1, { { 0 }, { 0 }, 0, { { 0 } } }, BUF_INIT }

/* Where the signer's log ends. */
struct signing_state {
	uint64_t size;
	struct digest root;
	struct buf note; /* owned: signed */
};

#define SIGNING_STATE_INIT { 0, DIGEST_INIT, BUF_INIT }

void signing_clear(struct signing *s);
void signing_state_clear(struct signing_state *s);

/*
 * Takes the socket over and asks once.  The key that the signer claims must
 * be one for `origin`, and have signed the state.
 */
enum rb_err signing_open(int sock, const char *origin, struct signing *out,
    struct signing_state *state, struct fault *why) RB_CHECK;

/*
 * Lets `statement` be leaf number `f->size`.  RB_OK: `f` has it, `envelope`
 * and `note` are verified.  RB_EREFUSED: the signer refused, nothing
 * changed.  RB_ESIG, RB_EDIGEST: what came back is not what it must be.
 */
enum rb_err signing_append(struct signing *s, struct frontier *f,
    struct span statement, struct buf *envelope, struct buf *note,
    struct fault *why) RB_CHECK;

#endif
