/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/xz_file.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>

#include "common/base/file.h"

#define BLOCK_LEN (256 * 1024)

/* libarchive reads by callback, because positions of `fd` are not ours. */
struct source_file {
	int fd;
	uint64_t at, size;
	uint8_t *block; /* owned */
};

static la_ssize_t
read_block(struct archive *a, void *self, const void **out)
{
	struct source_file *s = self;
	uint64_t left = s->size - s->at;
	ssize_t got;

	do
		got = pread(s->fd, s->block,
		    left < BLOCK_LEN ? (size_t)left : BLOCK_LEN, (off_t)s->at);
	while (got == -1 && errno == EINTR);
	if (got == -1) {
		archive_set_error(a, errno, "cannot read the compressed file");
		return ARCHIVE_FATAL;
	}
	s->at += (uint64_t)got;
	*out = s->block;
	return got;
}

static bool
has_magic(const struct source_file *s)
{
	static const uint8_t magic[6] = { 0xfd, '7', 'z', 'X', 'Z', 0 };
	uint8_t head[sizeof(magic)];

	return pread(s->fd, head, sizeof(head), 0) == (ssize_t)sizeof(head) &&
	    memcmp(head, magic, sizeof(magic)) == 0;
}

static enum rb_err
refuse_broken(struct fault *why)
{
	return fault_set(why, RB_EFORMAT,
	    "the index does not decompress: it is signed, but broken");
}

/* *is_empty: there is nothing in it, as in the index of an empty suite. */
static enum rb_err
open_xz(struct archive *a, struct source_file *s, bool *is_empty,
    struct fault *why)
{
	struct archive_entry *entry; /* borrowed from `a` */
	int r;

	if (!has_magic(s))
		return fault_set(why, RB_EFORMAT,
		    "the index is not compressed with xz");
	if (archive_read_support_filter_xz(a) != ARCHIVE_OK ||
	    archive_read_support_format_raw(a) != ARCHIVE_OK ||
	    archive_read_support_format_empty(a) != ARCHIVE_OK)
		return RB_ENOMEM;
	/* Without a filter in front, "raw" would pass any bytes through. */
	if (archive_read_open(a, s, NULL, read_block, NULL) != ARCHIVE_OK)
		return refuse_broken(why);
	r = archive_read_next_header(a, &entry);
	if ((r != ARCHIVE_OK && r != ARCHIVE_EOF) ||
	    archive_filter_code(a, 0) != ARCHIVE_FILTER_XZ)
		return refuse_broken(why);
	*is_empty = r == ARCHIVE_EOF;
	return RB_OK;
}

static enum rb_err
unpack(struct archive *a, bool is_empty, struct digester *digester, int out,
    const struct file_claim *plain, struct fault *why)
{
	struct digest digest;
	const void *block;
	uint64_t size = 0;
	enum rb_err rc;
	la_int64_t at;
	size_t len;
	int r = ARCHIVE_EOF;

	while (!is_empty &&
	    (r = archive_read_data_block(a, &block, &len, &at)) == ARCHIVE_OK) {
		if (len > plain->size - size)
			return fault_set(why, RB_EDIGEST,
			    "the index is larger than the %llu bytes that "
			    "Release says",
			    (unsigned long long)plain->size);
		size += len;
		if ((rc = digester_put(digester, span_of(block, len))) !=
			RB_OK ||
		    (rc = file_write_fd(out, span_of(block, len))) != RB_OK)
			return rc;
	}
	if (r != ARCHIVE_EOF)
		return refuse_broken(why);
	if ((rc = digester_end(digester, &digest)) != RB_OK)
		return rc;
	if (size != plain->size || !digest_equal(&digest, &plain->digest))
		return fault_set(why, RB_EDIGEST,
		    "the decompressed index is not the one that Release names");
	return RB_OK;
}

enum rb_err
xz_file_unpack(int in, const struct file_claim *packed, int out,
    const struct file_claim *plain, struct fault *why)
{
	struct source_file s = { in, 0, packed->size, NULL };
	bool is_empty = false;
	struct digester *digester = NULL;
	struct archive *a = NULL;
	struct digest digest;
	uint64_t size;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = file_size(in, &size)) != RB_OK)
		goto out;
	if (size != packed->size) {
		rc = fault_set(why, RB_EDIGEST,
		    "the compressed index has %llu bytes, Release says %llu",
		    (unsigned long long)size, (unsigned long long)packed->size);
		goto out;
	}
	if ((rc = digest_of_fd(in, 0, size, &digest)) != RB_OK)
		goto out;
	if (!digest_equal(&digest, &packed->digest)) {
		rc = fault_set(why, RB_EDIGEST,
		    "the compressed index is not the one that Release names");
		goto out;
	}
	rc = RB_ENOMEM;
	if ((s.block = malloc(BLOCK_LEN)) == NULL ||
	    (a = archive_read_new()) == NULL)
		goto out;
	if ((rc = digester_new(&digester)) != RB_OK ||
	    (rc = open_xz(a, &s, &is_empty, why)) != RB_OK)
		goto out;
	rc = unpack(a, is_empty, digester, out, plain, why);
out:
	if (a != NULL)
		(void)archive_read_free(a);
	digester_free(&digester);
	free(s.block);
	return rc;
}
