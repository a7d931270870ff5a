/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_KEY_H
#define RB_ATTEST_KEY_H

#include "common/base/digest.h"

/*
 * Ed25519 (RFC 8032), the only signature there is today.  Secret halves live
 * in attestor-signer and in `qubes-rebuilder init` alone.
 */
#define KEY_PUBLIC_LEN 32
#define KEY_SIGNATURE_LEN 64
#define KEY_NAME_MAX 255

struct key_public {
	uint8_t b[KEY_PUBLIC_LEN];
};

/* Secret half; wiped by key_free.  Opaque: nobody copies it. */
struct key;

enum rb_err key_generate(struct key **out) RB_CHECK;
/*
 * PKCS#8 PEM, unencrypted, as `openssl genpkey` writes it; no other spelling
 * is read.  Who has the text wipes it (buf_wipe).  A program that holds a key
 * calls CRYPTO_secure_malloc_init first, so that OpenSSL locks the secret in
 * memory and keeps it out of core dumps.
 */
enum rb_err key_read(struct span pem, struct key **out) RB_CHECK;
enum rb_err key_write(const struct key *k, struct buf *pem) RB_CHECK;
void key_free(struct key **k);
void key_public_of(const struct key *k, struct key_public *out);

/* What leaves was verified with the public half. */
enum rb_err key_sign(const struct key *k, struct span message,
    uint8_t out[KEY_SIGNATURE_LEN]) RB_CHECK;
/* RB_ESIG when the signature is not good. */
enum rb_err key_verify(const struct key_public *k, struct span message,
    struct span signature) RB_CHECK;

/*
 * signed-note verifier key, "name+hash+base64" (C2SP signed-note, "Verifier
 * keys"): the spelling of a public key everywhere a person meets one.
 */
struct vkey {
	char name[KEY_NAME_MAX + 1];
	uint8_t id[4];
	uint8_t type; /* 0x01 Ed25519, 0x04 Ed25519 cosignature */
	struct key_public key;
};
#define VKEY_ED25519 0x01
#define VKEY_COSIGNATURE 0x04

/*
 * Names of keys, of logs (origins) and of nodes: 1 to KEY_NAME_MAX bytes of
 * visible ASCII without plus, quote and backslash.
 */
bool key_name_is_valid(struct span name);

enum rb_err vkey_make(const char *name, uint8_t type,
    const struct key_public *key, struct vkey *out) RB_CHECK;
enum rb_err vkey_parse(struct span text, struct vkey *out) RB_CHECK;
enum rb_err vkey_write(const struct vkey *v, struct buf *out) RB_CHECK;

/* in-toto key id: lower-case hex of 32 bytes (FORMATS.md, "Key ids"). */
enum rb_err key_id(const struct key_public *k, struct digest *out) RB_CHECK;

#endif
