/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a repository publishes beside its own sources. */
#include "rebuilder/judge/judge.h"

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/judge/buildinfo.h"
#include "rebuilder/judge/clearsigned.h"
#include "rebuilder/judge/debversion.h"
#include "rebuilder/judge/gpgv_status.h"
#include "rebuilder/judge/mapping.h"
#include "rebuilder/judge/packages.h"

#define INDEX_BYTES_MAX (1024u * 1024 * 1024)
#define TEXT_MAX 1024
#define STATUS_BYTES_MAX (256u * 1024)

/* One version of one source, for one architecture; borrowed. */
struct source_name {
	struct span name, version, architecture;
};

static enum rb_err
take_source_name(struct span *in, struct source_name *out)
{
	struct source_name s;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_bytes(in, TEXT_MAX, &s.name)) != RB_OK ||
	    (rc = take_bytes(in, TEXT_MAX, &s.version)) != RB_OK ||
	    (rc = take_bytes(in, TEXT_MAX, &s.architecture)) != RB_OK)
		return rc;
	if (!package_name_is_valid(s.name) || !debversion_is_valid(s.version) ||
	    !package_name_is_valid(s.architecture))
		return RB_EFORMAT;
	*out = s;
	return RB_OK;
}

/* fds: Packages, out records. */
static enum rb_err
read_published(const struct source_name *s, const int fds[2], struct buf *body,
    struct fault *why)
{
	struct mapping packages = MAPPING_INIT;
	struct buf records = BUF_INIT;
	uint32_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = mapping_open_file(fds[0], INDEX_BYTES_MAX, &packages)) !=
		RB_OK ||
	    (rc = packages_of_source(packages.bytes, s->name, s->version,
		 s->architecture, &records, &n, why)) != RB_OK ||
	    (rc = file_write_fd(fds[1], buf_span(&records))) != RB_OK)
		goto out;
	rc = put_u32(body, n);
out:
	mapping_close(&packages);
	buf_clear(&records);
	return rc;
}

enum rb_err
judge_published(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct fault why = FAULT_INIT;
	struct source_name s;
	struct msg answer;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	if (question->nfds != 2)
		return RB_EFORMAT;
	if ((rc = take_source_name(&in, &s)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_PUBLISHED_IS);
	rc = read_published(&s, question->fds, &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

/* The descriptors of JUDGE_BUILDINFO, in order. */
enum { SIGNED, TEXT, STATUS, NREAD, RECORDS = NREAD, PINS, NBUILDINFO };

static enum rb_err
put_buildinfo_records(const struct buildinfo *b, struct buf *out)
{
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < b->nfiles && rc == RB_OK; i++)
		if ((rc = put_bytes(out, b->files[i].path)) == RB_OK &&
		    (rc = put_u64(out, b->files[i].size)) == RB_OK)
			rc = put_digest(out, &b->files[i].digest);
	for (i = 0; i < b->nenvironment && rc == RB_OK; i++)
		if ((rc = put_bytes(out, b->environment[i].name)) == RB_OK)
			rc = put_bytes(out, b->environment[i].value);
	return rc;
}

static enum rb_err
put_buildinfo(const struct buildinfo *b, struct buf *body)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_bytes(body, b->version)) != RB_OK ||
	    (rc = put_bytes(body, b->build_architecture)) != RB_OK ||
	    (rc = put_bytes(body, b->build_path)) != RB_OK ||
	    (rc = put_u64(body, b->build_date)) != RB_OK ||
	    (rc = put_u8(body, buildinfo_built_for_one(b) ? 1 : 0)) != RB_OK ||
	    (rc = put_u8(body, buildinfo_built_for_all(b) ? 1 : 0)) != RB_OK ||
	    (rc = put_u32(body, (uint32_t)b->nfiles)) != RB_OK ||
	    (rc = put_u32(body, (uint32_t)b->ninstalled)) != RB_OK)
		return rc;
	return put_u32(body, (uint32_t)b->nenvironment);
}

static enum rb_err
read_buildinfo(uint32_t exit_status, const struct source_name *s,
    const int fds[NBUILDINFO], struct buf *body, struct fault *why)
{
	static const size_t limits[NREAD] = { 2 * BUILDINFO_BYTES_MAX,
		BUILDINFO_BYTES_MAX, STATUS_BYTES_MAX };
	struct mapping files[NREAD] = { MAPPING_INIT, MAPPING_INIT,
		MAPPING_INIT };
	struct buildinfo b = BUILDINFO_INIT;
	struct buf records = BUF_INIT, pins = BUF_INIT;
	struct gpgv_status status;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < NREAD; i++)
		if ((rc = mapping_open_file(fds[i], limits[i], &files[i])) !=
		    RB_OK)
			goto out;
	/* Not a byte of the text is looked at before its signatures hold. */
	if ((rc = gpgv_status_read(files[STATUS].bytes, exit_status, &status,
		 why)) != RB_OK ||
	    (rc = clearsigned_check(files[SIGNED].bytes, files[TEXT].bytes,
		 why)) != RB_OK ||
	    (rc = buildinfo_parse(files[TEXT].bytes, &b, why)) != RB_OK ||
	    (rc = buildinfo_check(&b, s->name, s->version, why)) != RB_OK ||
	    (rc = put_buildinfo_records(&b, &records)) != RB_OK ||
	    (rc = buildinfo_write_pins(&b, &pins)) != RB_OK ||
	    (rc = file_write_fd(fds[RECORDS], buf_span(&records))) != RB_OK ||
	    (rc = file_write_fd(fds[PINS], buf_span(&pins))) != RB_OK)
		goto out;
	rc = put_buildinfo(&b, body);
out:
	for (i = 0; i < NREAD; i++)
		mapping_close(&files[i]);
	buildinfo_clear(&b);
	buf_clear(&records);
	buf_clear(&pins);
	return rc;
}

enum rb_err
judge_buildinfo(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct fault why = FAULT_INIT;
	struct source_name s = { SPAN_INIT, SPAN_INIT, SPAN_INIT };
	uint32_t exit_status = 0;
	struct msg answer;
	enum rb_err rc = RB_EINTERNAL;

	(void)self;
	*state = DONE;
	if (question->nfds != NBUILDINFO)
		return RB_EFORMAT;
	if ((rc = take_u32(&in, &exit_status)) != RB_OK ||
	    (rc = take_bytes(&in, TEXT_MAX, &s.name)) != RB_OK ||
	    (rc = take_bytes(&in, TEXT_MAX, &s.version)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_BUILDINFO_IS);
	rc = read_buildinfo(exit_status, &s, question->fds, &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}
