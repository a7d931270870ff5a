/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/plain_sha1.h"

#include <pthread.h>

#include <openssl/crypto.h>
#include <openssl/evp.h>

/* As in common/base/digest.c: fetched once, and without openssl.cnf. */
static EVP_MD *sha1;
static pthread_once_t sha1_once = PTHREAD_ONCE_INIT;

static void
sha1_fetch(void)
{
	if (OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG, NULL) == 1)
		sha1 = EVP_MD_fetch(NULL, "SHA1", NULL);
}

enum rb_err
plain_sha1(struct span head, struct span bytes, struct git_id *out)
{
	EVP_MD_CTX *ctx = NULL;
	enum rb_err rc = RB_ENOMEM;

	if (pthread_once(&sha1_once, sha1_fetch) == 0 && sha1 != NULL &&
	    (ctx = EVP_MD_CTX_new()) != NULL &&
	    EVP_DigestInit_ex2(ctx, sha1, NULL) == 1 &&
	    EVP_DigestUpdate(ctx, head.p, head.len) == 1 &&
	    EVP_DigestUpdate(ctx, bytes.p, bytes.len) == 1 &&
	    EVP_DigestFinal_ex(ctx, out->b, NULL) == 1)
		rc = RB_OK;
	EVP_MD_CTX_free(ctx);
	return rc;
}

enum rb_err
plain_git_id(enum git_type type, struct span bytes, struct git_id *out)
{
	char text[GIT_HEAD_MAX];

	return plain_sha1(git_head(type, bytes.len, text), bytes, out);
}
