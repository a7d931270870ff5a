/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/key.h"

#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/base/enc.h"

/*
 * The secret half is held by OpenSSL alone, which takes its secure heap for
 * it when the program has one (CRYPTO_secure_malloc_init) and wipes it.
 */
struct key {
	EVP_PKEY *pkey; /* owned */
	struct key_public public;
};

/*
 * An Ed25519 key in PKCS#8 is a constant and the seed (RFC 8410, 7), 48
 * bytes that fill one line of base64.  Read by hand: OpenSSL's decoders
 * would take a dozen other formats, and ask the terminal for a password.
 */
#define SEED_LEN 32
#define PKCS8_LEN (sizeof(pkcs8_head) + SEED_LEN)
#define PEM_LINE_LEN 64
static const uint8_t pkcs8_head[] = { 0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05,
	0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20 };
static const char pem_begin[] = "-----BEGIN PRIVATE KEY-----\n";
static const char pem_end[] = "\n-----END PRIVATE KEY-----\n";

/* Secrets on their way in or out; wiped before they go out of scope. */
struct secret {
	uint8_t der[PKCS8_LEN];
	/* EVP_*Block add a terminating zero; kept clear of der. */
	char line[PEM_LINE_LEN + 1];
	char again[PEM_LINE_LEN + 1];
};

/* As in common/base/digest.c: no openssl.cnf, which a jail has not. */
static enum rb_err
crypto_open(void)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) != 1)
		return RB_ENOMEM;
	return RB_OK;
}

void
key_free(struct key **k)
{
	if (*k == NULL)
		return;
	EVP_PKEY_free((*k)->pkey);
	free(*k);
	*k = NULL;
}

/* Takes over `pkey`, on failure too. */
static enum rb_err
key_from(EVP_PKEY *pkey, struct key **out)
{
	size_t len = KEY_PUBLIC_LEN;
	struct key *k = NULL;
	enum rb_err rc = RB_ENOMEM;

	if (pkey == NULL || (k = calloc(1, sizeof(*k))) == NULL)
		goto out;
	k->pkey = pkey;
	pkey = NULL;
	if (EVP_PKEY_get_raw_public_key(k->pkey, k->public.b, &len) != 1 ||
	    len != KEY_PUBLIC_LEN) {
		rc = RB_EINTERNAL;
		goto out;
	}
	*out = k;
	k = NULL; /* now the caller's */
	rc = RB_OK;
out:
	key_free(&k);
	EVP_PKEY_free(pkey);
	return rc;
}

enum rb_err
key_generate(struct key **out)
{
	enum rb_err rc;

	if ((rc = crypto_open()) != RB_OK)
		return rc;
	return key_from(EVP_PKEY_Q_keygen(NULL, NULL, "ED25519"), out);
}

/* The one line between begin and end, its only spelling, into `s->der`. */
static enum rb_err
decode_pem(struct span pem, struct secret *s)
{
	const size_t begin = sizeof(pem_begin) - 1;
	const size_t end = sizeof(pem_end) - 1;

	if (pem.len != begin + PEM_LINE_LEN + end ||
	    memcmp(pem.p, pem_begin, begin) != 0 ||
	    memcmp(pem.p + begin + PEM_LINE_LEN, pem_end, end) != 0)
		return RB_EFORMAT;
	memcpy(s->line, pem.p + begin, PEM_LINE_LEN);
	if (EVP_DecodeBlock(s->der, (const unsigned char *)s->line,
		PEM_LINE_LEN) != (int)PKCS8_LEN)
		return RB_EFORMAT;
	/* EVP_DecodeBlock reads padding as zeros and skips white space. */
	(void)EVP_EncodeBlock((unsigned char *)s->again, s->der, PKCS8_LEN);
	if (CRYPTO_memcmp(s->line, s->again, PEM_LINE_LEN) != 0 ||
	    memcmp(s->der, pkcs8_head, sizeof(pkcs8_head)) != 0)
		return RB_EFORMAT;
	return RB_OK;
}

enum rb_err
key_read(struct span pem, struct key **out)
{
	struct secret s = { { 0 }, { 0 }, { 0 } };
	EVP_PKEY *pkey;
	enum rb_err rc;

	if ((rc = crypto_open()) != RB_OK)
		goto out;
	if ((rc = decode_pem(pem, &s)) != RB_OK)
		goto out;
	pkey = EVP_PKEY_new_raw_private_key(EVP_PKEY_ED25519, NULL,
	    s.der + sizeof(pkcs8_head), SEED_LEN);
	rc = key_from(pkey, out);
out:
	OPENSSL_cleanse(&s, sizeof(s));
	return rc;
}

enum rb_err
key_write(const struct key *k, struct buf *pem)
{
	struct secret s = { { 0 }, { 0 }, { 0 } };
	uint8_t *seed = s.der + sizeof(pkcs8_head);
	size_t len = SEED_LEN, before = pem->len;
	enum rb_err rc = RB_EINTERNAL;

	if (EVP_PKEY_get_raw_private_key(k->pkey, seed, &len) != 1 ||
	    len != SEED_LEN)
		goto out;
	memcpy(s.der, pkcs8_head, sizeof(pkcs8_head));
	(void)EVP_EncodeBlock((unsigned char *)s.line, s.der, PKCS8_LEN);
	/* All at once: growing would leave the secret in freed memory. */
	if ((rc = buf_reserve(pem,
		 sizeof(pem_begin) + PEM_LINE_LEN + sizeof(pem_end))) != RB_OK)
		goto out;
	if ((rc = buf_put_str(pem, pem_begin)) != RB_OK ||
	    (rc = buf_put_str(pem, s.line)) != RB_OK ||
	    (rc = buf_put_str(pem, pem_end)) != RB_OK)
		pem->len = before;
out:
	OPENSSL_cleanse(&s, sizeof(s));
	return rc;
}

void
key_public_of(const struct key *k, struct key_public *out)
{
	*out = k->public;
}

enum rb_err
key_sign(const struct key *k, struct span message,
    uint8_t out[KEY_SIGNATURE_LEN])
{
	uint8_t signature[KEY_SIGNATURE_LEN];
	size_t len = sizeof(signature);
	EVP_MD_CTX *ctx = NULL;
	enum rb_err rc = RB_ENOMEM;

	if ((ctx = EVP_MD_CTX_new()) == NULL)
		goto out;
	if (EVP_DigestSignInit(ctx, NULL, NULL, NULL, k->pkey) != 1)
		goto out;
	if (EVP_DigestSign(ctx, signature, &len, message.p, message.len) != 1 ||
	    len != sizeof(signature))
		goto out;
	/*
	 * A bit that flips while a deterministic signature is made can give
	 * the key away with it.  A wrong signature never leaves.
	 */
	rc = key_verify(&k->public, message, span_of(signature, len));
	if (rc == RB_ESIG)
		rc = RB_EINTERNAL;
	if (rc == RB_OK)
		memcpy(out, signature, sizeof(signature));
out:
	EVP_MD_CTX_free(ctx);
	return rc;
}

enum rb_err
key_verify(const struct key_public *k, struct span message,
    struct span signature)
{
	EVP_PKEY *pkey = NULL;
	EVP_MD_CTX *ctx = NULL;
	enum rb_err rc;

	if (signature.len != KEY_SIGNATURE_LEN)
		return RB_ESIG;
	if ((rc = crypto_open()) != RB_OK)
		goto out;
	rc = RB_ENOMEM;
	pkey = EVP_PKEY_new_raw_public_key(EVP_PKEY_ED25519, NULL, k->b,
	    KEY_PUBLIC_LEN);
	if (pkey == NULL || (ctx = EVP_MD_CTX_new()) == NULL)
		goto out;
	if (EVP_DigestVerifyInit(ctx, NULL, NULL, NULL, pkey) != 1)
		goto out;
	rc = RB_ESIG;
	if (EVP_DigestVerify(ctx, signature.p, signature.len, message.p,
		message.len) != 1)
		goto out;

	rc = RB_OK;
out:
	EVP_MD_CTX_free(ctx);
	EVP_PKEY_free(pkey);
	return rc;
}

enum rb_err
key_id(const struct key_public *k, struct digest *out)
{
	struct buf json = BUF_INIT;
	enum rb_err rc;

	if ((rc = buf_put_str(&json,
		 "{\"keyid_hash_algorithms\":[\"sha256\",\"sha512\"],"
		 "\"keytype\":\"ed25519\",\"keyval\":{\"public\":\"")) != RB_OK)
		goto out;
	if ((rc = hex_write(span_of(k->b, KEY_PUBLIC_LEN), &json)) != RB_OK)
		goto out;
	if ((rc = buf_put_str(&json, "\"},\"scheme\":\"ed25519\"}")) != RB_OK)
		goto out;
	rc = digest_of(buf_span(&json), out);
out:
	buf_clear(&json);
	return rc;
}
