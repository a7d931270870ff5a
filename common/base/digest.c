/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/digest.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include "common/base/enc.h"

/* The L2 cache holds it; larger gains nothing, smaller costs system calls. */
#define READ_LEN (256 * 1024)

struct digester {
	EVP_MD_CTX *ctx; /* owned */
};

/*
 * Fetched once for the life of the process: a fetch for each digest costs
 * more than hashing a node of the tree.
 */
static EVP_MD *sha256;
static pthread_once_t sha256_once = PTHREAD_ONCE_INIT;

static void
sha256_fetch(void)
{
	/*
	 * No openssl.cnf: it could replace the implementation, and reading
	 * it inside a jail would end the process.
	 */
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1)
		sha256 = EVP_MD_fetch(NULL, "SHA256", NULL);
}

static enum rb_err
ctx_start(EVP_MD_CTX *ctx)
{
	return EVP_DigestInit_ex2(ctx, sha256, NULL) == 1 ? RB_OK : RB_ENOMEM;
}

void
digester_free(struct digester **d)
{
	if (*d == NULL)
		return;
	EVP_MD_CTX_free((*d)->ctx);
	free(*d);
	*d = NULL;
}

enum rb_err
digester_new(struct digester **out)
{
	struct digester *d = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if (pthread_once(&sha256_once, sha256_fetch) != 0 || sha256 == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	d = calloc(1, sizeof(*d));
	if (d == NULL || (d->ctx = EVP_MD_CTX_new()) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	if ((rc = ctx_start(d->ctx)) != RB_OK)
		goto out;

	*out = d;
	d = NULL; /* now the caller's */
	rc = RB_OK;
out:
	digester_free(&d);
	return rc;
}

enum rb_err
digester_put(struct digester *d, struct span s)
{
	if (s.len == 0)
		return RB_OK;
	return EVP_DigestUpdate(d->ctx, s.p, s.len) == 1 ? RB_OK : RB_EINTERNAL;
}

enum rb_err
digester_end(struct digester *d, struct digest *out)
{
	struct digest value = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (EVP_DigestFinal_ex(d->ctx, value.b, NULL) != 1)
		return RB_EINTERNAL;
	if ((rc = ctx_start(d->ctx)) != RB_OK)
		return rc;
	*out = value;
	return RB_OK;
}

enum rb_err
digest_of(struct span s, struct digest *out)
{
	struct digester *d = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = digester_new(&d)) != RB_OK)
		goto out;
	if ((rc = digester_put(d, s)) != RB_OK)
		goto out;
	rc = digester_end(d, out);
out:
	digester_free(&d);
	return rc;
}

/* Puts exactly `len` bytes. */
static enum rb_err
put_fd(struct digester *d, int fd, uint64_t offset, uint64_t len, uint8_t *p)
{
	enum rb_err rc = RB_EINTERNAL;

	while (len != 0) {
		size_t want = len < READ_LEN ? (size_t)len : READ_LEN;
		ssize_t got = pread(fd, p, want, (off_t)offset);

		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return RB_EIO;
		if ((rc = digester_put(d, span_of(p, (size_t)got))) != RB_OK)
			return rc;
		offset += (uint64_t)got;
		len -= (uint64_t)got;
	}
	return RB_OK;
}

enum rb_err
digest_of_fd(int fd, uint64_t offset, uint64_t len, struct digest *out)
{
	struct digester *d = NULL;
	enum rb_err rc = RB_EINTERNAL;
	uint8_t *p = NULL;

	if (offset > INT64_MAX || len > INT64_MAX - offset)
		return RB_ELIMIT;
	if ((rc = digester_new(&d)) != RB_OK)
		goto out;
	p = malloc(READ_LEN);
	if (p == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	if ((rc = put_fd(d, fd, offset, len, p)) != RB_OK)
		goto out;
	rc = digester_end(d, out);
out:
	free(p);
	digester_free(&d);
	return rc;
}

bool
digest_equal(const struct digest *a, const struct digest *b)
{
	return memcmp(a->b, b->b, DIGEST_LEN) == 0;
}

struct span
digest_span(const struct digest *d)
{
	return span_of(d->b, DIGEST_LEN);
}

void
digest_hex(const struct digest *d, char out[DIGEST_HEX_LEN + 1])
{
	static const char digits[] = "0123456789abcdef";
	size_t i;

	for (i = 0; i < DIGEST_LEN; i++) {
		out[2 * i] = digits[d->b[i] >> 4];
		out[2 * i + 1] = digits[d->b[i] & 15];
	}
	out[DIGEST_HEX_LEN] = '\0';
}

enum rb_err
digest_parse(struct span hex, struct digest *out)
{
	return hex_parse(hex, out->b, DIGEST_LEN);
}
