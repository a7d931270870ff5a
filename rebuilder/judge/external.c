/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/external.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <openssl/evp.h>

#include "common/base/enc.h"
#include "common/base/file.h"

#define BLOCK_LEN (256 * 1024)

enum rb_err
external_sum_parse(struct span text, size_t len, uint8_t out[EXTERNAL_SUM_MAX])
{
	uint8_t small[2 * EXTERNAL_SUM_MAX];
	size_t i;

	if (len > EXTERNAL_SUM_MAX)
		return RB_EINTERNAL;
	while (text.len != 0 && text.p[text.len - 1] == '\n')
		text.len--;
	if (text.len != 2 * len)
		return RB_EFORMAT;
	for (i = 0; i < text.len; i++)
		small[i] = text.p[i] >= 'A' && text.p[i] <= 'F' ?
		    (uint8_t)(text.p[i] + ('a' - 'A')) :
		    text.p[i];
	return hex_parse(span_of(small, text.len), out, len);
}

static enum rb_err
open_filter(struct archive *a, struct span in, enum external_packing packing)
{
	struct archive_entry *entry; /* borrowed from `a` */
	bool is_gzip = packing == PACKED_GZIP;
	int r;

	r = is_gzip ? archive_read_support_filter_gzip(a) :
		      archive_read_support_filter_xz(a);
	if (r != ARCHIVE_OK || archive_read_support_format_raw(a) != ARCHIVE_OK)
		return RB_ENOMEM;
	/* Without a filter in front, "raw" would pass any bytes through. */
	if (archive_read_open_memory(a, in.p, in.len) != ARCHIVE_OK ||
	    archive_read_next_header(a, &entry) != ARCHIVE_OK ||
	    archive_filter_code(a, 0) !=
		(is_gzip ? ARCHIVE_FILTER_GZIP : ARCHIVE_FILTER_XZ))
		return RB_EFORMAT;
	return RB_OK;
}

static enum rb_err
copy_out(struct archive *a, uint64_t max, int out, uint8_t *block)
{
	uint64_t done = 0;
	la_ssize_t got;
	enum rb_err rc = RB_EINTERNAL;

	for (;;) {
		got = archive_read_data(a, block, BLOCK_LEN);
		if (got < 0)
			return RB_EFORMAT;
		if (got == 0)
			return RB_OK;
		done += (uint64_t)got;
		if (done > max)
			return RB_ELIMIT;
		if ((rc = file_write_fd(out, span_of(block, (size_t)got))) !=
		    RB_OK)
			return rc;
	}
}

enum rb_err
external_unpack(struct span in, enum external_packing packing, uint64_t max,
    int out, struct fault *why)
{
	struct archive *a = NULL;
	uint8_t *block = NULL;
	enum rb_err rc = RB_ENOMEM;

	if (packing == PACKED_NOT)
		return RB_EINTERNAL;
	if ((a = archive_read_new()) == NULL ||
	    (block = malloc(BLOCK_LEN)) == NULL)
		goto out;
	if ((rc = open_filter(a, in, packing)) == RB_OK)
		rc = copy_out(a, max, out, block);
	if (rc == RB_EFORMAT)
		fault_set(why, rc, "it does not decompress with %s",
		    packing == PACKED_GZIP ? "gzip" : "xz");
	if (rc == RB_ELIMIT)
		fault_set(why, rc, "it decompresses to more than %llu bytes",
		    (unsigned long long)max);
out:
	free(block);
	if (a != NULL)
		(void)archive_read_free(a);
	return rc;
}

static enum rb_err
digest_bytes(EVP_MD_CTX *ctx, int fd, uint64_t size, uint8_t *block)
{
	uint64_t at = 0, left;
	ssize_t got;

	while (at < size) {
		left = size - at;
		got = pread(fd, block,
		    left < BLOCK_LEN ? (size_t)left : BLOCK_LEN, (off_t)at);
		if (got == -1 && errno == EINTR)
			continue;
		if (got <= 0)
			return RB_EIO;
		if (EVP_DigestUpdate(ctx, block, (size_t)got) != 1)
			return RB_EINTERNAL;
		at += (uint64_t)got;
	}
	return RB_OK;
}

enum rb_err
external_check(int fd, uint64_t size, struct span sum, struct fault *why)
{
	uint8_t is[EVP_MAX_MD_SIZE];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	uint8_t *block = malloc(BLOCK_LEN);
	unsigned int len = 0;
	enum rb_err rc = RB_ENOMEM;

	if (ctx == NULL || block == NULL)
		goto out;
	if (EVP_DigestInit_ex(ctx, sum.len == 32 ? EVP_sha256() : EVP_sha512(),
		NULL) != 1) {
		rc = RB_EINTERNAL;
		goto out;
	}
	if ((rc = digest_bytes(ctx, fd, size, block)) != RB_OK)
		goto out;
	if (EVP_DigestFinal_ex(ctx, is, &len) != 1) {
		rc = RB_EINTERNAL;
		goto out;
	}
	if (!span_equal(span_of(is, len), sum))
		rc = fault_set(why, RB_EDIGEST,
		    "it does not have the checksum that the tree names");
out:
	EVP_MD_CTX_free(ctx);
	free(block);
	return rc;
}
