/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/news.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "common/told/told.h"

static enum rb_err
open_one(const char *directory, const char *name, int *out)
{
	struct buf path = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(&path, "%s/%s", directory, name)) != RB_OK ||
	    (rc = buf_put_byte(&path, 0)) != RB_OK)
		goto out;
	*out = open((const char *)path.p,
	    O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
	if (*out == -1 && errno != ENOENT)
		rc = RB_EIO;
out:
	buf_clear(&path);
	return rc;
}

enum rb_err
news_open(const char *directory, struct news *out)
{
	struct news n = NEWS_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = open_one(directory, TOLD_STATUS, &n.status)) == RB_OK)
		rc = open_one(directory, TOLD_RELEASE, &n.release);
	if (rc == RB_OK)
		*out = n;
	else
		news_close(&n);
	return rc;
}

void
news_close(struct news *n)
{
	fd_close(&n->status);
	fd_close(&n->release);
}

bool
news_has_release(const struct news *n)
{
	uint64_t size = 0;

	return n->release != -1 && file_size(n->release, &size) == RB_OK &&
	    size > 0;
}

static enum rb_err
read_news(int fd, size_t max, struct buf *out, struct fault *why)
{
	enum rb_err rc = RB_ENOTFOUND;

	if (fd != -1)
		rc = told_read(fd, max, out);
	if (rc == RB_EFORMAT || rc == RB_ELIMIT || rc == RB_EIO)
		rc = fault_set(why, RB_ESTALE,
		    "what the rebuilder tells cannot be read now: ask again "
		    "later");
	return rc;
}

static enum rb_err
not_a_document(enum rb_err rc, struct fault *why)
{
	if (rc == RB_OK || rc == RB_ENOMEM)
		return rc;
	return fault_set(why, RB_ESTALE,
	    "what the rebuilder tells is not what this program reads: is it "
	    "of another version?");
}

enum rb_err
news_status(const struct news *n, struct status *out, struct fault *why)
{
	struct buf text = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = read_news(n->status, STATUS_MAX, &text, why)) == RB_OK)
		rc = not_a_document(status_parse(buf_span(&text), out), why);
	buf_clear(&text);
	return rc;
}

enum rb_err
news_release(const struct news *n, struct release_doc *out, struct fault *why)
{
	struct buf text = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = read_news(n->release, RELEASE_DOC_MAX, &text, why)) == RB_OK)
		rc = not_a_document(release_doc_parse(buf_span(&text), out),
		    why);
	buf_clear(&text);
	return rc;
}
