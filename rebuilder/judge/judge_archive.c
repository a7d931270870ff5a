/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an archive signed: Release, the indices, one source and its binaries. */
#include "rebuilder/judge/judge.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/judge/clearsigned.h"
#include "rebuilder/judge/gpgv_status.h"
#include "rebuilder/judge/mapping.h"
#include "rebuilder/judge/packages.h"
#include "rebuilder/judge/release.h"
#include "rebuilder/judge/sources.h"
#include "rebuilder/judge/xz_file.h"

#define RELEASE_BYTES_MAX (16u * 1024 * 1024)
#define STATUS_BYTES_MAX (256u * 1024)
#define INDEX_BYTES_MAX (1024u * 1024 * 1024)
#define TEXT_MAX 1024

/* The files of JUDGE_RELEASE, in order. */
enum { SIGNED, TEXT, STATUS, NFILES };

/* What JUDGE_RELEASE asks. */
struct release_question {
	uint32_t exit_status;
	char *suite; /* owned */
	uint64_t now, newest;
	enum release_age age;
	uint8_t n;
	struct span paths; /* `n` texts, still to be taken */
};

static enum rb_err
take_release_question(struct span in, struct release_question *q)
{
	uint8_t is_old = 0;
	enum rb_err rc;

	if ((rc = take_u32(&in, &q->exit_status)) != RB_OK ||
	    (rc = take_text(&in, TEXT_MAX, &q->suite)) != RB_OK ||
	    (rc = take_u64(&in, &q->now)) != RB_OK ||
	    (rc = take_u64(&in, &q->newest)) != RB_OK ||
	    (rc = take_u8(&in, &is_old)) != RB_OK ||
	    (rc = take_u8(&in, &q->n)) != RB_OK)
		return rc;
	q->age = is_old == 1 ? RELEASE_OF_ANY_AGE : RELEASE_OF_TODAY;
	q->paths = in;
	return RB_OK;
}

static enum rb_err
put_checksum(struct buf *body, const struct checksum *sum)
{
	enum rb_err rc;

	if ((rc = put_u64(body, sum->size)) != RB_OK)
		return rc;
	return put_digest(body, &sum->digest);
}

/*
 * One index: the compressed file, and what it is when decompressed; or what
 * is not compressed, where the archive offers nothing else that we read.
 */
static enum rb_err
put_index(struct buf *body, const struct release *r, struct span path,
    struct fault *why)
{
	static const struct span xz = { (const uint8_t *)".xz", 3 };
	const struct checksum *packed, *plain = NULL;
	enum rb_err rc;

	packed = release_find(r, path);
	if (path.len > xz.len &&
	    span_equal(xz, span_of(path.p + path.len - xz.len, xz.len)))
		plain = release_find(r, span_of(path.p, path.len - xz.len));
	if (plain == NULL)
		return fault_set(why, RB_ENOTFOUND,
		    "Release does not list what '%.*s' holds; does the suite "
		    "have this component and architecture?",
		    (int)path.len, (const char *)path.p);
	if (packed == NULL)
		packed = plain;
	if (packed->size > INDEX_BYTES_MAX || plain->size > INDEX_BYTES_MAX)
		return fault_set(why, RB_ELIMIT,
		    "Release says that '%.*s' is %llu bytes long and %llu "
		    "when decompressed; at most %u are read",
		    (int)path.len, (const char *)path.p,
		    (unsigned long long)packed->size,
		    (unsigned long long)plain->size, INDEX_BYTES_MAX);
	if ((rc = put_bytes(body, packed->path)) != RB_OK ||
	    (rc = put_checksum(body, packed)) != RB_OK)
		return rc;
	return put_checksum(body, plain);
}

static enum rb_err
put_release(struct buf *body, const struct release *r,
    const struct gpgv_status *status)
{
	enum rb_err rc;
	size_t i;

	if ((rc = put_u64(body, r->date)) != RB_OK ||
	    (rc = put_u64(body, r->valid_until)) != RB_OK ||
	    (rc = put_u8(body, r->is_by_hash ? 1 : 0)) != RB_OK ||
	    (rc = put_bytes(body, r->codename)) != RB_OK ||
	    (rc = put_bytes(body, r->suite)) != RB_OK ||
	    (rc = put_u8(body, (uint8_t)status->nvalid)) != RB_OK)
		return rc;
	for (i = 0; i < status->nvalid; i++) {
		if ((rc = put_text(body, status->valid[i].fingerprint)) !=
		    RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
read_release(const struct release_question *q,
    const struct mapping files[NFILES], struct buf *body, struct fault *why)
{
	struct span text = files[TEXT].bytes;
	struct release r = RELEASE_INIT;
	struct span paths = q->paths, path;
	struct gpgv_status status;
	enum rb_err rc = RB_EINTERNAL;
	uint8_t i;

	/* Not a byte of the text is looked at before its signatures hold. */
	if ((rc = gpgv_status_read(files[STATUS].bytes, q->exit_status, &status,
		 why)) != RB_OK ||
	    (rc = clearsigned_check(files[SIGNED].bytes, text, why)) != RB_OK ||
	    (rc = release_parse(text, &r, why)) != RB_OK ||
	    (rc = release_check(&r, span_of_str(q->suite), q->now, q->newest,
		 q->age, why)) != RB_OK ||
	    (rc = put_release(body, &r, &status)) != RB_OK ||
	    (rc = put_u8(body, q->n)) != RB_OK)
		goto out;
	for (i = 0; i < q->n; i++) {
		if ((rc = take_bytes(&paths, TEXT_MAX, &path)) != RB_OK ||
		    (rc = put_index(body, &r, path, why)) != RB_OK)
			goto out;
	}
	rc = take_end(paths);
out:
	release_clear(&r);
	return rc;
}

enum rb_err
judge_release(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct release_question q = { .suite = NULL };
	struct mapping files[NFILES] = { MAPPING_INIT, MAPPING_INIT,
		MAPPING_INIT };
	static const size_t limits[NFILES] = { RELEASE_BYTES_MAX,
		RELEASE_BYTES_MAX, STATUS_BYTES_MAX };
	struct fault why = FAULT_INIT;
	struct msg answer;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	(void)self;
	*state = DONE;
	msg_init(&answer, JUDGE_RELEASE_IS);
	if (question->nfds != NFILES) {
		rc = RB_EFORMAT;
		goto out;
	}
	if ((rc = take_release_question(buf_span(&question->body), &q)) !=
	    RB_OK)
		goto out;
	for (i = 0; i < NFILES && rc == RB_OK; i++)
		rc = mapping_open_file(question->fds[i], limits[i], &files[i]);
	if (rc == RB_OK)
		rc = read_release(&q, files, &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
out:
	for (i = 0; i < NFILES; i++)
		mapping_close(&files[i]);
	free(q.suite);
	msg_clear(&answer);
	return rc;
}

enum rb_err
judge_index(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct file_claim packed, plain;
	struct fault why = FAULT_INIT;
	struct msg answer;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	msg_init(&answer, JUDGE_OK);
	if (question->nfds != 2)
		return RB_EFORMAT;
	if ((rc = take_u64(&in, &packed.size)) != RB_OK ||
	    (rc = take_digest(&in, &packed.digest)) != RB_OK ||
	    (rc = take_u64(&in, &plain.size)) != RB_OK ||
	    (rc = take_digest(&in, &plain.digest)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	rc = xz_file_unpack(question->fds[0], &packed, question->fds[1], &plain,
	    &why);
	if (rc == RB_OK && (rc = put_u64(&answer.body, plain.size)) == RB_OK)
		rc = put_digest(&answer.body, &plain.digest);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

/* What JUDGE_SOURCE asks. */
struct source_question {
	struct span name, version, architecture; /* borrowed */
};

static enum rb_err
take_source_question(struct span in, struct source_question *q)
{
	enum rb_err rc;

	if ((rc = take_bytes(&in, TEXT_MAX, &q->name)) != RB_OK ||
	    (rc = take_bytes(&in, TEXT_MAX, &q->version)) != RB_OK ||
	    (rc = take_bytes(&in, TEXT_MAX, &q->architecture)) != RB_OK)
		return rc;
	return take_end(in);
}

static enum rb_err
put_file_records(struct buf *records, const struct source *s)
{
	enum rb_err rc;
	size_t i;

	for (i = 0; i < s->nfiles; i++) {
		if ((rc = put_bytes(records, s->files[i].path)) != RB_OK ||
		    (rc = put_checksum(records, &s->files[i])) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
put_source(struct buf *body, const struct source *s, uint32_t npublished)
{
	enum rb_err rc;

	if ((rc = put_bytes(body, s->version)) != RB_OK ||
	    (rc = put_bytes(body, s->directory)) != RB_OK ||
	    (rc = put_bytes(body, s->dsc)) != RB_OK ||
	    (rc = put_u32(body, (uint32_t)s->nfiles)) != RB_OK)
		return rc;
	return put_u32(body, npublished);
}

/* fds: Sources, Packages, out records, out stanza. */
static enum rb_err
read_source(const struct source_question *q, const int fds[4], struct buf *body,
    struct fault *why)
{
	struct mapping sources = MAPPING_INIT, packages = MAPPING_INIT;
	struct buf records = BUF_INIT;
	uint32_t npublished;
	struct source s;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = mapping_open_file(fds[0], INDEX_BYTES_MAX, &sources)) !=
		RB_OK ||
	    (rc = mapping_open_file(fds[1], INDEX_BYTES_MAX, &packages)) !=
		RB_OK ||
	    (rc = sources_find(sources.bytes, q->name, q->version, &s, why)) !=
		RB_OK ||
	    (rc = put_file_records(&records, &s)) != RB_OK ||
	    (rc = packages_of_source(packages.bytes, s.name, s.version,
		 q->architecture, &records, &npublished, why)) != RB_OK ||
	    (rc = file_write_fd(fds[2], buf_span(&records))) != RB_OK ||
	    (rc = file_write_fd(fds[3], s.stanza)) != RB_OK ||
	    (rc = put_source(body, &s, npublished)) != RB_OK)
		goto out;
out:
	mapping_close(&sources);
	mapping_close(&packages);
	buf_clear(&records);
	return rc;
}

enum rb_err
judge_source(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct fault why = FAULT_INIT;
	struct source_question q;
	struct msg answer;
	enum rb_err rc;

	(void)self;
	*state = DONE;
	if (question->nfds != 4)
		return RB_EFORMAT;
	if ((rc = take_source_question(buf_span(&question->body), &q)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_SOURCE_IS);
	rc = read_source(&q, question->fds, &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}
