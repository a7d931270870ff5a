/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which commit is meant. */
#include "rebuilder/tag_parts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/ask.h"

/* A large pack is unpacked from end to end. */
#define PACK_SECONDS 1800
/* TAG_OBJECTS_MAX of the judge, again for gpgv, and what stands around it. */
#define RECORDS_MAX (256u * 1024 * 1024)
#define VERSION_LIMIT 100

void
tag_ground_clear(struct tag_ground *g)
{
	free(g->version);
	free(g->release);
	buf_clear(&g->candidates);
	memset(g, 0, sizeof(*g));
}

enum rb_err
tag_take_id(struct span *in, char out[TAG_ID_LEN + 1])
{
	struct span text;
	enum rb_err rc;

	if ((rc = take_bytes(in, TAG_ID_LEN, &text)) != RB_OK)
		return rc;
	if (text.len != 0 && text.len != TAG_ID_LEN)
		return RB_EPEER;
	memset(out, 0, TAG_ID_LEN + 1);
	if (text.len != 0)
		memcpy(out, text.p, text.len);
	return RB_OK;
}

enum rb_err
tag_output(int *fd)
{
	*fd = memfd_create("records", MFD_CLOEXEC);
	return *fd == -1 ? RB_EIO : RB_OK;
}

enum rb_err
tag_output_read(int fd, struct buf *out)
{
	if (lseek(fd, 0, SEEK_SET) != 0)
		return RB_EIO;
	return file_read_fd(fd, RECORDS_MAX, out);
}

static enum rb_err
take_ground(struct span in, struct tag_ground *g)
{
	enum rb_err rc;

	if ((rc = tag_take_id(&in, g->commit)) != RB_OK ||
	    (rc = take_text(&in, VERSION_LIMIT, &g->version)) != RB_OK ||
	    (rc = take_text(&in, VERSION_LIMIT, &g->release)) != RB_OK ||
	    (rc = take_u8(&in, &g->has_version)) != RB_OK ||
	    (rc = take_u64(&in, &g->time)) != RB_OK ||
	    (rc = take_u8(&in, &g->relation)) != RB_OK ||
	    (rc = take_u32(&in, &g->ncandidates)) != RB_OK)
		return rc;
	if (g->commit[0] == '\0' || g->relation > COMMIT_BACK ||
	    g->time > INT64_MAX)
		return RB_EPEER;
	return take_end(in);
}

enum rb_err
tag_ask_commit(const struct tag_question *q, const struct tag_refs *refs,
    bool all, int pack, int index, struct tag_ground *g, struct fault *why)
{
	struct msg question, answer;
	int candidates = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_COMMIT);
	msg_init(&answer, 0);
	if ((rc = tag_output(&candidates)) != RB_OK ||
	    (rc = put_text(&question.body, refs->head)) != RB_OK ||
	    (rc = put_text(&question.body, q->tag == NULL ? "" : q->tag)) !=
		RB_OK ||
	    (rc = put_u8(&question.body, q->versions_only ? 1 : 0)) != RB_OK ||
	    (rc = put_u8(&question.body, q->commit_suffices ? 1 : 0)) !=
		RB_OK ||
	    (rc = put_u8(&question.body, all ? 1 : 0)) != RB_OK ||
	    (rc = put_text(&question.body,
		 q->accepted == NULL ? "" : q->accepted)) != RB_OK ||
	    (rc = ask_add_copy(&question, pack)) != RB_OK ||
	    (rc = ask_add_copy(&question, refs->records)) != RB_OK ||
	    (rc = ask_add_copy(&question, candidates)) != RB_OK ||
	    (rc = ask_add_copy(&question, index)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_COMMIT_IS,
		 PACK_SECONDS, &answer, why)) != RB_OK ||
	    (rc = take_ground(buf_span(&answer.body), g)) != RB_OK)
		goto out;
	rc = tag_output_read(candidates, &g->candidates);
out:
	fd_close(&candidates);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

enum rb_err
tag_evidence_keep(const struct tag_ground *g, struct depot *depot,
    struct digest *out)
{
	struct buf b = BUF_INIT;
	enum rb_err rc;

	if ((rc = put_text(&b, g->commit)) == RB_OK &&
	    (rc = put_text(&b, g->version)) == RB_OK &&
	    (rc = put_text(&b, g->release)) == RB_OK &&
	    (rc = put_u8(&b, g->has_version)) == RB_OK &&
	    (rc = put_u32(&b, g->ncandidates)) == RB_OK &&
	    (rc = put_bytes(&b, buf_span(&g->candidates))) == RB_OK)
		rc = depot_add_bytes(depot, buf_span(&b), out);
	buf_clear(&b);
	return rc;
}

enum rb_err
tag_evidence_take(struct span in, struct tag_ground *g)
{
	struct span candidates;
	enum rb_err rc;

	if ((rc = tag_take_id(&in, g->commit)) != RB_OK ||
	    (rc = take_text(&in, VERSION_LIMIT, &g->version)) != RB_OK ||
	    (rc = take_text(&in, VERSION_LIMIT, &g->release)) != RB_OK ||
	    (rc = take_u8(&in, &g->has_version)) != RB_OK ||
	    (rc = take_u32(&in, &g->ncandidates)) != RB_OK ||
	    (rc = take_bytes(&in, RECORDS_MAX, &candidates)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	g->relation = COMMIT_FIRST;
	return buf_put(&g->candidates, candidates);
}
