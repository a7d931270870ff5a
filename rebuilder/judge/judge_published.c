/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a repository publishes beside its own sources. */
#include "rebuilder/judge/judge.h"

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/judge/debversion.h"
#include "rebuilder/judge/mapping.h"
#include "rebuilder/judge/packages.h"

#define INDEX_BYTES_MAX (1024u * 1024 * 1024)
#define TEXT_MAX 1024

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
