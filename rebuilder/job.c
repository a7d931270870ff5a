/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/job.h"

#include <stdlib.h>
#include <string.h>

#include "common/process/msg.h"
#include "rebuilder/target.h"

#define VERSION 1

void
job_record_init(struct job_record *r)
{
	memset(r, 0, sizeof(*r));
}

void
job_record_clear(struct job_record *r)
{
	size_t i;

	free(r->why);
	for (i = 0; i < r->nafter; i++)
		free(r->after[i]);
	free(r->after);
	job_record_init(r);
}

static enum rb_err
put_maybe(struct buf *out, const struct maybe_digest *d)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_u8(out, d->is_set ? 1 : 0)) != RB_OK || !d->is_set)
		return rc;
	return put_digest(out, &d->value);
}

static enum rb_err
take_flag(struct span *in, bool *out)
{
	uint8_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(in, &n)) != RB_OK)
		return rc;
	if (n > 1)
		return RB_EFORMAT;
	*out = n == 1;
	return RB_OK;
}

static enum rb_err
take_maybe(struct span *in, struct maybe_digest *out)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_flag(in, &out->is_set)) != RB_OK || !out->is_set)
		return rc;
	return take_digest(in, &out->value);
}

static enum rb_err
put_time(struct buf *out, int64_t t)
{
	return put_u64(out, t < 0 ? 0 : (uint64_t)t);
}

static enum rb_err
take_time(struct span *in, int64_t *out)
{
	uint64_t t = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u64(in, &t)) != RB_OK)
		return rc;
	if (t > INT64_MAX)
		return RB_EFORMAT;
	*out = (int64_t)t;
	return RB_OK;
}

static enum rb_err
put_after(struct buf *out, const struct job_record *r)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if (r->nafter > JOB_AFTER_MAX)
		return RB_ELIMIT;
	if ((rc = put_u16(out, (uint16_t)r->nafter)) != RB_OK)
		return rc;
	for (i = 0; i < r->nafter && rc == RB_OK; i++)
		rc = put_text(out, r->after[i]);
	return rc;
}

static enum rb_err
take_after(struct span *in, struct job_record *out)
{
	uint16_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u16(in, &n)) != RB_OK || n == 0)
		return rc;
	if (n > JOB_AFTER_MAX)
		return RB_ELIMIT;
	if ((out->after = calloc(n, sizeof(*out->after))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++) {
		rc = take_text(in, TARGET_MAX - 1, &out->after[i]);
		if (rc != RB_OK)
			return rc;
		out->nafter++;
	}
	return RB_OK;
}

enum rb_err
job_record_put(struct buf *out, const struct job_record *r)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_u8(out, VERSION)) != RB_OK ||
	    (rc = put_u8(out, (uint8_t)r->state)) != RB_OK ||
	    (rc = put_u8(out, r->priority)) != RB_OK ||
	    (rc = put_u8(out, r->again ? 1 : 0)) != RB_OK ||
	    (rc = put_u64(out, r->order)) != RB_OK ||
	    (rc = put_time(out, r->asked)) != RB_OK ||
	    (rc = put_time(out, r->started)) != RB_OK ||
	    (rc = put_time(out, r->ended)) != RB_OK ||
	    (rc = put_time(out, r->retry_at)) != RB_OK ||
	    (rc = put_u32(out, r->tries)) != RB_OK ||
	    (rc = put_u32(out, r->interrupted)) != RB_OK ||
	    (rc = put_u8(out, (uint8_t)r->outcome)) != RB_OK)
		return rc;
	for (i = 0; i < JOB_VERDICTS; i++)
		if ((rc = put_u32(out, r->verdicts[i])) != RB_OK)
			return rc;
	if ((rc = put_text(out, r->why == NULL ? "" : r->why)) != RB_OK ||
	    (rc = put_maybe(out, &r->log)) != RB_OK ||
	    (rc = put_maybe(out, &r->inputs)) != RB_OK)
		return rc;
	return put_after(out, r);
}

static enum rb_err
take_head(struct span *in, struct job_record *r)
{
	uint8_t version = 0, state = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(in, &version)) != RB_OK ||
	    (rc = take_u8(in, &state)) != RB_OK ||
	    (rc = take_u8(in, &r->priority)) != RB_OK ||
	    (rc = take_flag(in, &r->again)) != RB_OK)
		return rc;
	if (version != VERSION || state > JOB_DONE ||
	    r->priority > JOB_PRIORITY_MAX)
		return RB_EFORMAT;
	r->state = (enum job_state)state;
	return take_u64(in, &r->order);
}

static enum rb_err
take_end_of_try(struct span *in, struct job_record *r)
{
	uint8_t outcome = 0;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(in, &outcome)) != RB_OK)
		return rc;
	if (outcome > JOB_CANCELLED)
		return RB_EFORMAT;
	r->outcome = (enum job_outcome)outcome;
	for (i = 0; i < JOB_VERDICTS; i++)
		if ((rc = take_u32(in, &r->verdicts[i])) != RB_OK)
			return rc;
	if ((rc = take_text(in, FAULT_MAX, &r->why)) != RB_OK)
		return rc;
	if (r->why[0] == '\0') {
		free(r->why);
		r->why = NULL;
	}
	if ((rc = take_maybe(in, &r->log)) != RB_OK)
		return rc;
	return take_maybe(in, &r->inputs);
}

enum rb_err
job_record_take(struct span *in, struct job_record *out)
{
	struct job_record r;
	struct span rest = *in;
	enum rb_err rc = RB_EINTERNAL;

	job_record_init(&r);
	if ((rc = take_head(&rest, &r)) != RB_OK ||
	    (rc = take_time(&rest, &r.asked)) != RB_OK ||
	    (rc = take_time(&rest, &r.started)) != RB_OK ||
	    (rc = take_time(&rest, &r.ended)) != RB_OK ||
	    (rc = take_time(&rest, &r.retry_at)) != RB_OK ||
	    (rc = take_u32(&rest, &r.tries)) != RB_OK ||
	    (rc = take_u32(&rest, &r.interrupted)) != RB_OK ||
	    (rc = take_end_of_try(&rest, &r)) != RB_OK ||
	    (rc = take_after(&rest, &r)) != RB_OK)
		goto out;
	*in = rest;
	*out = r;
	job_record_init(&r); /* now the caller's */
	rc = RB_OK;
out:
	job_record_clear(&r);
	return rc;
}

const char *
job_state_name(enum job_state s)
{
	switch (s) {
	case JOB_WAITING:
		return "waiting";
	case JOB_RUNNING:
		return "running";
	case JOB_RETRYING:
		return "retrying";
	case JOB_DONE:
		return "done";
	}
	return "";
}

const char *
job_outcome_name(enum job_outcome o)
{
	switch (o) {
	case JOB_TRIED:
		return "tried";
	case JOB_NOT_TRIED:
		return "not-tried";
	case JOB_CANCELLED:
		return "cancelled";
	}
	return "";
}
