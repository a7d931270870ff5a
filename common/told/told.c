/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/told/told.h"

#include <errno.h>
#include <unistd.h>

#include "common/base/digest.h"
#include "common/base/enc.h"

#define HEAD "told 1 "
#define HEAD_MAX 128
#define LOOKS_MAX 5

enum rb_err
told_write(int fd, struct span document)
{
	struct digest digest = DIGEST_INIT;
	struct buf all = BUF_INIT;
	char hex[DIGEST_HEX_LEN + 1];
	size_t at = 0;
	ssize_t r;
	enum rb_err rc = RB_EINTERNAL;

	if (document.len > TOLD_MAX)
		return RB_ELIMIT;
	if ((rc = digest_of(document, &digest)) != RB_OK)
		return rc;
	digest_hex(&digest, hex);
	if ((rc = buf_printf(&all, HEAD "%s %zu\n", hex, document.len)) !=
		RB_OK ||
	    (rc = buf_put(&all, document)) != RB_OK)
		goto out;
	while (at < all.len) {
		r = pwrite(fd, all.p + at, all.len - at, (off_t)at);
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0) {
			rc = RB_EIO;
			goto out;
		}
		at += (size_t)r;
	}
	rc = RB_OK;
out:
	buf_clear(&all);
	return rc;
}

static enum rb_err
read_all(int fd, size_t max, struct buf *out)
{
	ssize_t r;
	enum rb_err rc = RB_EINTERNAL;

	buf_reset(out);
	for (;;) {
		if ((rc = buf_reserve(out, HEAD_MAX)) != RB_OK)
			return rc;
		r = pread(fd, out->p + out->len, out->cap - out->len,
		    (off_t)out->len);
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			return RB_EIO;
		if (r == 0 || out->len > max + HEAD_MAX)
			return RB_OK;
		out->len += (size_t)r;
	}
}

static enum rb_err
take_head(struct span *in, struct digest *digest, uint64_t *len)
{
	struct span line = SPAN_INIT, hex = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = span_take_line(in, &line)) != RB_OK)
		return rc;
	if (!span_starts(line, SPAN(HEAD)))
		return RB_EFORMAT;
	line = span_of(line.p + sizeof(HEAD) - 1, line.len - sizeof(HEAD) + 1);
	if ((rc = span_take_until(&line, ' ', &hex)) != RB_OK ||
	    (rc = digest_parse(hex, digest)) != RB_OK)
		return rc;
	return dec_parse(line, TOLD_MAX, len);
}

/* Behind the document may stand the end of a longer one of before. */
static enum rb_err
look(int fd, size_t max, struct buf *all, struct span *document)
{
	struct digest said = DIGEST_INIT, seen = DIGEST_INIT;
	struct span in;
	uint64_t len = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = read_all(fd, max, all)) != RB_OK)
		return rc;
	in = buf_span(all);
	if (in.len == 0)
		return RB_ENOTFOUND;
	if ((rc = take_head(&in, &said, &len)) != RB_OK)
		return RB_EFORMAT;
	if (len > max)
		return RB_ELIMIT;
	if (span_take(&in, (size_t)len, document) != RB_OK)
		return RB_EFORMAT;
	if ((rc = digest_of(*document, &seen)) != RB_OK)
		return rc;
	return digest_equal(&said, &seen) ? RB_OK : RB_EFORMAT;
}

enum rb_err
told_read(int fd, size_t max, struct buf *out)
{
	struct buf all = BUF_INIT;
	struct span document = SPAN_INIT;
	unsigned int looks;
	enum rb_err rc = RB_EFORMAT;

	for (looks = 0; looks < LOOKS_MAX && rc == RB_EFORMAT; looks++)
		rc = look(fd, max, &all, &document);
	if (rc == RB_OK)
		rc = buf_put(out, document);
	buf_clear(&all);
	return rc;
}
