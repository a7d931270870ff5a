/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/command/job_view.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/command/asking.h"
#include "rebuilder/command/showing.h"
#include "rebuilder/target.h"

#define STAGE_LIMIT 64
#define TEXT_LIMIT 1024
#define RECORDS_MAX (1024ul * 1024 * 1024)

void
job_view_init(struct job_view *v)
{
	memset(v, 0, sizeof(*v));
	job_record_init(&v->record);
}

void
job_view_clear(struct job_view *v)
{
	size_t i;

	free(v->target);
	free(v->stage);
	job_record_clear(&v->record);
	for (i = 0; i < v->nblocks; i++)
		free(v->blocks[i]);
	free(v->blocks);
	job_view_init(v);
}

static enum rb_err
take_blocks(struct span *in, struct job_view *v)
{
	uint16_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u16(in, &n)) != RB_OK || n == 0)
		return rc;
	if ((v->blocks = calloc(n, sizeof(*v->blocks))) == NULL)
		return RB_ENOMEM;
	for (; v->nblocks < n; v->nblocks++)
		if ((rc = take_text(in, TARGET_MAX, &v->blocks[v->nblocks])) !=
		    RB_OK)
			return rc;
	return RB_OK;
}

enum rb_err
job_view_take(struct span *in, struct job_view *out)
{
	struct job_view v;
	enum rb_err rc = RB_EINTERNAL;

	job_view_init(&v);
	if ((rc = take_text(in, TARGET_MAX, &v.target)) != RB_OK ||
	    (rc = job_record_take(in, &v.record)) != RB_OK ||
	    (rc = take_text(in, STAGE_LIMIT, &v.stage)) != RB_OK ||
	    (rc = take_u64(in, &v.left)) != RB_OK ||
	    (rc = take_blocks(in, &v)) != RB_OK)
		goto out;
	*out = v;
	job_view_init(&v); /* now the caller's */
	rc = RB_OK;
out:
	job_view_clear(&v);
	return rc;
}

enum rb_err
job_views_read(struct msg *answer, struct buf *records, uint32_t *n)
{
	struct span in = buf_span(&answer->body);
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u32(&in, n)) == RB_OK && (rc = take_end(in)) == RB_OK &&
	    (rc = msg_take_fd(answer, 0, &fd)) == RB_OK)
		rc = file_read_fd(fd, RECORDS_MAX, records);
	fd_close(&fd);
	return rc;
}

void
said_view_clear(struct said_view *v)
{
	free(v->file);
	free(v->reason);
	memset(v, 0, sizeof(*v));
}

enum rb_err
said_view_take(struct span *in, struct said_view *out)
{
	struct said_view v;
	uint8_t verdict = 0;
	enum rb_err rc = RB_EINTERNAL;

	memset(&v, 0, sizeof(v));
	if ((rc = take_u64(in, &v.leaf)) != RB_OK ||
	    (rc = take_text(in, TEXT_LIMIT, &v.file)) != RB_OK ||
	    (rc = take_u8(in, &verdict)) != RB_OK ||
	    (rc = take_text(in, TEXT_LIMIT, &v.reason)) != RB_OK)
		goto out;
	if (verdict < VERDICT_REPRODUCED || verdict > VERDICT_UNAVAILABLE) {
		rc = RB_EFORMAT;
		goto out;
	}
	v.verdict = (enum verdict)verdict;
	*out = v;
	memset(&v, 0, sizeof(v)); /* now the caller's */
	rc = RB_OK;
out:
	said_view_clear(&v);
	return rc;
}

enum rb_err
said_views_ask(const char *conf, const char *target, struct buf *records,
    uint32_t *n, struct fault *why)
{
	struct msg question, answer;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, ADMIN_SAID);
	msg_init(&answer, 0);
	if ((rc = put_text(&question.body, target)) == RB_OK &&
	    (rc = asking_call(conf, &question, ADMIN_SAID_IS, &answer, why)) ==
		RB_OK)
		rc = job_views_read(&answer, records, n);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

const char *
job_view_state(const struct job_view *v)
{
	if (v->record.state == JOB_WAITING && v->nblocks > 0)
		return "blocked";
	if (v->record.state == JOB_DONE)
		return job_outcome_name(v->record.outcome);
	return job_state_name(v->record.state);
}

void
job_view_verdicts(FILE *to, const char *begin, const struct job_view *v)
{
	const char *between = begin;
	size_t i;

	for (i = 0; i < JOB_VERDICTS; i++) {
		if (v->record.verdicts[i] == 0)
			continue;
		fprintf(to, "%s%" PRIu32 " %s", between, v->record.verdicts[i],
		    verdict_name((enum verdict)(VERDICT_REPRODUCED + (int)i)));
		between = ", ";
	}
}

static json_t *
time_json(int64_t t)
{
	return t == 0 ? json_null() : json_integer(t);
}

static json_t *
blocks_json(const struct job_view *v)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < v->nblocks && list != NULL; i++)
		(void)json_array_append_new(list, show_json_text(v->blocks[i]));
	return list;
}

static json_t *
verdicts_json(const struct job_view *v)
{
	json_t *map = json_object();
	size_t i;

	for (i = 0; i < JOB_VERDICTS && map != NULL; i++)
		(void)json_object_set_new(map,
		    verdict_name((enum verdict)(VERDICT_REPRODUCED + (int)i)),
		    json_integer(v->record.verdicts[i]));
	return map;
}

json_t *
job_view_json(const struct job_view *v)
{
	const struct job_record *r = &v->record;

	return json_pack(
	    "{s:o, s:s, s:i, s:o, s:o, s:o, s:o, s:I, s:o, s:I, s:o, s:o, s:o}",
	    "target", show_json_text(v->target), "state", job_view_state(v),
	    "priority", (int)r->priority, "stage",
	    show_json_text(v->stage[0] == '\0' ? NULL : v->stage), "asked",
	    time_json(r->asked), "started", time_json(r->started), "ended",
	    time_json(r->ended), "tries", (json_int_t)r->tries, "waits_for",
	    blocks_json(v), "next_try_seconds", (json_int_t)v->left, "outcome",
	    r->ended == 0 ? json_null() :
			    json_string(job_outcome_name(r->outcome)),
	    "verdicts", verdicts_json(v), "why", show_json_text(r->why));
}
