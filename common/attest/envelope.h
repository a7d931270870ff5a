/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_ENVELOPE_H
#define RB_ATTEST_ENVELOPE_H

#include "common/attest/key.h"

/*
 * DSSE 1.0.2 envelope around one statement, with one Ed25519 signature.  Its
 * bytes are a leaf of the log, so it has one spelling: keys sorted, no white
 * space, standard base64.
 */
#define ENVELOPE_MAX (24 * 1024)
#define ENVELOPE_PAYLOAD_MAX (16 * 1024)
#define ENVELOPE_PAYLOAD_TYPE "application/vnd.in-toto+json"

struct envelope {
	struct buf payload; /* owned: the statement's bytes, never empty */
	struct digest keyid;
	uint8_t signature[KEY_SIGNATURE_LEN];
};

#define ENVELOPE_INIT { BUF_INIT, DIGEST_INIT, { 0 } }

void envelope_clear(struct envelope *e);
/* What is signed: DSSE's pre-authentication encoding of the payload. */
enum rb_err envelope_pae(struct span payload, struct buf *out) RB_CHECK;
enum rb_err envelope_sign(const struct key *k, struct span payload,
    struct envelope *out) RB_CHECK;
/* RB_ESIG when the key id or the signature is not this key's. */
enum rb_err envelope_verify(const struct envelope *e,
    const struct key_public *k) RB_CHECK;
enum rb_err envelope_write(const struct envelope *e, struct buf *out) RB_CHECK;
enum rb_err envelope_parse(struct span json, struct envelope *out,
    struct fault *why) RB_CHECK;

/* Where the parts of an envelope lie in its bytes; borrowed from them. */
struct envelope_parts {
	struct span whole;
	struct span payload, keyid, signature; /* not decoded yet */
};

/*
 * Cuts an envelope off the front: it stands inside a bundle.  Only its shape
 * is looked at; envelope_parse decides about the parts.
 */
enum rb_err envelope_take(struct span *in, struct envelope_parts *out) RB_CHECK;

#endif
