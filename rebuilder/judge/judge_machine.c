/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a machine left: an output stream and what lies in it. */
#include "rebuilder/judge/judge.h"

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/judge/changelog_entry.h"
#include "rebuilder/judge/layer.h"
#include "rebuilder/judge/mapping.h"
#include "rebuilder/judge/outputs.h"
#include "rebuilder/judge/resolution.h"

#define INDEX_BYTES_MAX (1024u * 1024 * 1024)
#define NAME_MAX_LEN 512

static enum rb_err
read_outputs(int stream, uint64_t len, int records_fd, struct buf *body,
    struct fault *why)
{
	struct outputs o = OUTPUTS_INIT;
	struct buf records = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = outputs_read(stream, len, &o, why)) != RB_OK)
		goto out;
	for (i = 0; i < o.n; i++) {
		if ((rc = put_text(&records, o.files[i].name)) != RB_OK ||
		    (rc = put_u64(&records, o.files[i].offset)) != RB_OK ||
		    (rc = put_u64(&records, o.files[i].len)) != RB_OK)
			goto out;
	}
	if ((rc = file_write_fd(records_fd, buf_span(&records))) != RB_OK ||
	    (rc = put_u32(body, o.status)) != RB_OK)
		goto out;
	rc = put_u32(body, (uint32_t)o.n);
out:
	outputs_clear(&o);
	buf_clear(&records);
	return rc;
}

enum rb_err
judge_outputs(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct fault why = FAULT_INIT;
	struct msg answer;
	enum rb_err rc;
	uint64_t len;

	(void)self;
	*state = DONE;
	if (question->nfds != 2)
		return RB_EFORMAT;
	if ((rc = take_u64(&in, &len)) != RB_OK || (rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_OUTPUTS_ARE);
	rc = read_outputs(question->fds[0], len, question->fds[1], &answer.body,
	    &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

/* fds: output stream, out records, out base, out build, n times Packages. */
static enum rb_err
read_resolution(uint64_t offset, uint64_t len, const int *fds, size_t nfds,
    struct buf *body, struct fault *why)
{
	struct mapping member = MAPPING_INIT;
	struct mapping packages[RESOLUTION_INDICES_MAX] = { MAPPING_INIT };
	struct span indices[RESOLUTION_INDICES_MAX] = { SPAN_INIT };
	const size_t n = nfds - 4;
	struct resolution wanted = RESOLUTION_INIT;
	struct resolved found = RESOLVED_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < n; i++) {
		if ((rc = mapping_open_file(fds[4 + i], INDEX_BYTES_MAX,
			 &packages[i])) != RB_OK)
			goto out;
		indices[i] = packages[i].bytes;
	}
	if ((rc = mapping_open(fds[0], offset, len, RESOLUTION_BYTES_MAX,
		 &member)) != RB_OK ||
	    (rc = resolution_parse(member.bytes, &wanted, why)) != RB_OK ||
	    (rc = resolution_look_up(&wanted, indices, n, &found, why)) !=
		RB_OK ||
	    (rc = file_write_fd(fds[1], buf_span(&found.records))) != RB_OK ||
	    (rc = file_write_fd(fds[2], buf_span(&found.base))) != RB_OK ||
	    (rc = file_write_fd(fds[3], buf_span(&found.build))) != RB_OK)
		goto out;
	rc = put_u32(body, (uint32_t)wanted.n);
out:
	mapping_close(&member);
	for (i = 0; i < RESOLUTION_INDICES_MAX; i++)
		mapping_close(&packages[i]);
	resolution_clear(&wanted);
	resolved_clear(&found);
	return rc;
}

enum rb_err
judge_resolution(void *self, unsigned int *state, int sock,
    struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct fault why = FAULT_INIT;
	uint64_t offset, len;
	struct msg answer;
	enum rb_err rc;

	(void)self;
	*state = DONE;
	if (question->nfds < 5 || question->nfds > 4 + RESOLUTION_INDICES_MAX)
		return RB_EFORMAT;
	if ((rc = take_u64(&in, &offset)) != RB_OK ||
	    (rc = take_u64(&in, &len)) != RB_OK || (rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_RESOLUTION_IS);
	rc = read_resolution(offset, len, question->fds, question->nfds,
	    &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

enum rb_err
judge_layer(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body);
	uint64_t offset, len, newest, size;
	struct fault why = FAULT_INIT;
	struct digest digest;
	struct msg answer;
	enum rb_err rc;

	(void)self;
	*state = DONE;
	if (question->nfds != 2)
		return RB_EFORMAT;
	if ((rc = take_u64(&in, &offset)) != RB_OK ||
	    (rc = take_u64(&in, &len)) != RB_OK ||
	    (rc = take_u64(&in, &newest)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_OK);
	rc = layer_write(question->fds[0], offset, len, newest,
	    question->fds[1], &size, &digest, &why);
	if (rc == RB_OK && (rc = put_u64(&answer.body, size)) == RB_OK)
		rc = put_digest(&answer.body, &digest);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}

static enum rb_err
read_changelog(int stream, uint64_t offset, uint64_t len, struct span source,
    struct span version, struct buf *body, struct fault *why)
{
	struct mapping entry = MAPPING_INIT;
	struct digest digest;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = mapping_open(stream, offset, len, CHANGELOG_ENTRY_MAX,
		 &entry)) != RB_OK ||
	    (rc = changelog_entry_check(entry.bytes, source, version, why)) !=
		RB_OK ||
	    (rc = digest_of(entry.bytes, &digest)) != RB_OK ||
	    (rc = put_u64(body, len)) != RB_OK)
		goto out;
	rc = put_digest(body, &digest);
out:
	mapping_close(&entry);
	return rc;
}

enum rb_err
judge_changelog(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct span in = buf_span(&question->body), source, version;
	struct fault why = FAULT_INIT;
	uint64_t offset, len;
	struct msg answer;
	enum rb_err rc;

	(void)self;
	*state = DONE;
	if (question->nfds != 1)
		return RB_EFORMAT;
	if ((rc = take_bytes(&in, NAME_MAX_LEN, &source)) != RB_OK ||
	    (rc = take_bytes(&in, NAME_MAX_LEN, &version)) != RB_OK ||
	    (rc = take_u64(&in, &offset)) != RB_OK ||
	    (rc = take_u64(&in, &len)) != RB_OK || (rc = take_end(in)) != RB_OK)
		return rc;
	msg_init(&answer, JUDGE_OK);
	rc = read_changelog(question->fds[0], offset, len, source, version,
	    &answer.body, &why);
	rc = judge_answer(sock, rc, &why, &answer);
	msg_clear(&answer);
	return rc;
}
