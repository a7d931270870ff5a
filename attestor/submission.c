/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attestor/submission.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"

#define PIECE (32 * 1024)

/* What may stand behind a statement, in the order of statement_blobs. */
static const struct blob_kind {
	uint8_t kind;
	const char *name;
	size_t max;
} kinds[TRUTH_BLOBS_MAX] = {
	{ BLOB_INPUTS, "input list", SUBMISSION_INPUTS_MAX },
	{ BLOB_LOG, "build log", SUBMISSION_LOG_MAX },
	{ BLOB_DIFFERENCE, "difference report", SUBMISSION_DIFFERENCE_MAX },
};

void
statement_blobs(const struct statement *s,
    const struct maybe_digest *out[TRUTH_BLOBS_MAX])
{
	out[0] = &s->inputs.sha256;
	out[1] = &s->log;
	out[2] = &s->difference;
}

void
submission_init(struct submission *s)
{
	memset(s, 0, sizeof(*s));
	statement_init(&s->statement);
}

void
submission_clear(struct submission *s)
{
	size_t i;

	buf_clear(&s->bytes);
	statement_clear(&s->statement);
	for (i = 0; i < TRUTH_BLOBS_MAX; i++)
		buf_clear(&s->blobs[i].bytes);
	s->nblobs = 0;
}

/*
 * With pread, because the position belongs to rebuilder too.  Regular files
 * only: whoever owns rebuilder must not make us wait for a pipe.
 */
static enum rb_err
read_blob(int fd, const struct blob_kind *kind, struct buf *out,
    struct fault *why)
{
	uint8_t piece[PIECE];
	uint64_t len = 0;
	enum rb_err rc;
	ssize_t r;

	if ((rc = file_size(fd, &len)) != RB_OK)
		return fault_set(why, rc, "%s: no regular file", kind->name);
	if (len > kind->max)
		return fault_set(why, RB_ELIMIT,
		    "%s: %llu bytes, at most %zu may stand behind a statement",
		    kind->name, (unsigned long long)len, kind->max);
	if ((rc = buf_reserve(out, (size_t)len)) != RB_OK)
		return rc;
	while (out->len < len) {
		size_t want = sizeof(piece);

		if (want > len - out->len)
			want = (size_t)len - out->len;
		r = pread(fd, piece, want, (off_t)out->len);
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return fault_set(why, RB_EFORMAT,
			    "%s: it became shorter or cannot be read",
			    kind->name);
		if ((rc = buf_put(out, span_of(piece, (size_t)r))) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
take_blob(const struct msg *m, size_t i, uint8_t kind, struct submission *s,
    struct fault *why)
{
	const struct maybe_digest *named[TRUTH_BLOBS_MAX];
	struct truth_blob *blob = &s->blobs[s->nblobs];
	enum rb_err rc;
	size_t k;

	for (k = 0; k < TRUTH_BLOBS_MAX && kinds[k].kind != kind; k++)
		;
	if (k == TRUTH_BLOBS_MAX)
		return fault_set(why, RB_EFORMAT, "blob of unknown kind %u",
		    kind);
	statement_blobs(&s->statement, named);
	if (!named[k]->is_set)
		return fault_set(why, RB_EREFUSED,
		    "%s: the statement names none", kinds[k].name);
	if ((rc = read_blob(m->fds[i], &kinds[k], &blob->bytes, why)) != RB_OK)
		return rc;
	if ((rc = digest_of(buf_span(&blob->bytes), &blob->digest)) != RB_OK)
		return rc;
	if (!digest_equal(&blob->digest, &named[k]->value))
		return fault_set(why, RB_EDIGEST,
		    "%s: not the bytes whose digest the statement names",
		    kinds[k].name);
	s->nblobs++;
	return RB_OK;
}

static enum rb_err
take_statement(struct span *in, const char *node, struct submission *s,
    struct fault *why)
{
	struct span bytes = SPAN_INIT;
	enum rb_err rc;

	if ((rc = take_bytes(in, STATEMENT_MAX, &bytes)) != RB_OK)
		return fault_set(why, rc, "statement: at most %d bytes",
		    STATEMENT_MAX);
	if ((rc = statement_parse(bytes, &s->statement, why)) != RB_OK)
		return rc;
	if (strcmp(s->statement.builder.node, node) != 0)
		return fault_set(why, RB_EREFUSED,
		    "builder.node is %s, and this is %s: node.name is the same "
		    "for all programs of a node",
		    s->statement.builder.node, node);
	if ((rc = digest_of(bytes, &s->digest)) != RB_OK)
		return rc;
	return buf_put(&s->bytes, bytes);
}

enum rb_err
submission_take(const struct msg *m, const char *node, struct submission *out,
    struct fault *why)
{
	struct submission s;
	struct span body = buf_span(&m->body);
	uint8_t n = 0, kind = 0;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	submission_init(&s);
	if ((rc = take_statement(&body, node, &s, why)) != RB_OK)
		goto out;
	if (take_u8(&body, &n) != RB_OK || n != m->nfds ||
	    n > TRUTH_BLOBS_MAX) {
		rc = fault_set(why, RB_EFORMAT,
		    "%zu descriptors beside a statement that announces %u "
		    "blobs",
		    m->nfds, n);
		goto out;
	}
	for (i = 0; i < n; i++) {
		if ((rc = take_u8(&body, &kind)) != RB_OK) {
			fault_set(why, rc,
			    "the frame ends before its %u kinds of blobs", n);
			goto out;
		}
		if ((rc = take_blob(m, i, kind, &s, why)) != RB_OK)
			goto out;
	}
	if ((rc = take_end(body)) != RB_OK) {
		rc = fault_set(why, rc, "bytes behind the list of blobs");
		goto out;
	}

	*out = s;
	submission_init(&s); /* now the caller's */
	rc = RB_OK;
out:
	submission_clear(&s);
	return rc;
}
