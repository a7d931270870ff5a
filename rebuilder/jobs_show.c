/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "common/process/msg.h"
#include "rebuilder/jobs_inside.h"

/* What an operator is shown of the jobs. */

struct showing {
	struct jobs *jobs;
	struct buf *out;
	bool all;
	uint32_t n;
};

static enum rb_err
put_blocks(struct jobs *j, const struct job *job, struct buf *out)
{
	uint16_t n = 0;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if (job->record.state != JOB_WAITING || job->nblock == 0)
		return put_u16(out, 0);
	for (i = 0; i < job->record.nafter; i++)
		if (queue_is_block(j->queue, job, job->record.after[i]))
			n++;
	if ((rc = put_u16(out, n)) != RB_OK)
		return rc;
	for (i = 0; i < job->record.nafter && rc == RB_OK; i++)
		if (queue_is_block(j->queue, job, job->record.after[i]))
			rc = put_text(out, job->record.after[i]);
	return rc;
}

static enum rb_err
show(void *self, struct job *job)
{
	struct showing *s = self;
	const struct live *live = job->live;
	int64_t left = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (!s->all && job->record.state == JOB_DONE)
		return RB_OK;
	if (job->record.state == JOB_RETRYING)
		left = job->due - steady_seconds();
	if ((rc = put_text(s->out, job->target)) != RB_OK ||
	    (rc = job_record_put(s->out, &job->record)) != RB_OK ||
	    (rc = put_text(s->out,
		 job->record.state != JOB_RUNNING || live == NULL ?
		     "" :
		     live->stage)) != RB_OK ||
	    (rc = put_u64(s->out, left < 0 ? 0 : (uint64_t)left)) != RB_OK ||
	    (rc = put_blocks(s->jobs, job, s->out)) != RB_OK)
		return rc;
	s->n++;
	return RB_OK;
}

enum rb_err
jobs_write(struct jobs *j, const char *target, bool all, struct buf *out,
    uint32_t *n)
{
	struct showing s = { j, out, all || target != NULL, 0 };
	struct job *job;
	enum rb_err rc = RB_ENOTFOUND;

	jobs_lock(j);
	if (target == NULL)
		rc = queue_each(j->queue, show, &s);
	else if ((job = queue_find(j->queue, target)) != NULL)
		rc = show(&s, job);
	jobs_unlock(j);
	if (rc == RB_OK)
		*n = s.n;
	return rc;
}

enum rb_err
jobs_record(struct jobs *j, const char *target, struct job_record *out)
{
	struct buf bytes = BUF_INIT;
	struct span in;
	struct job *job;
	enum rb_err rc = RB_ENOTFOUND;

	jobs_lock(j);
	if ((job = queue_find(j->queue, target)) != NULL)
		rc = job_record_put(&bytes, &job->record);
	jobs_unlock(j);
	in = buf_span(&bytes);
	if (rc == RB_OK)
		rc = job_record_take(&in, out);
	buf_clear(&bytes);
	return rc;
}

bool
jobs_is_blocked(struct jobs *j, const char *target)
{
	const struct job *job;
	bool is_blocked;

	jobs_lock(j);
	job = queue_find(j->queue, target);
	is_blocked = job != NULL && job->record.state == JOB_WAITING &&
	    job->nblock > 0;
	jobs_unlock(j);
	return is_blocked;
}

/* Of a job that does not run: the last try's, out of the depot. */
static enum rb_err
show_kept_log(const struct job_record *r, const char *target, int sock,
    const struct depot *depot, struct fault *why)
{
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if (!r->log.is_set)
		return fault_set(why, RB_ENOTFOUND,
		    "%s: no machine printed anything for it yet", target);
	if ((rc = depot_get(depot, &r->log.value, &fd)) != RB_OK)
		return fault_set(why, RB_ENOTFOUND,
		    "%s: its log is not in the depot any more; the node serves "
		    "it beside its verdict",
		    target);
	rc = listener_send_log(sock, target, LOG_PACKED, 0, fd);
	fd_close(&fd);
	return rc;
}

/* The lock is held. */
static enum rb_err
follow_job(struct job *job, int sock, struct fault *why)
{
	struct live *live = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = live_of(job, &live)) != RB_OK)
		return rc;
	rc = listeners_add(&live->listeners, sock, true);
	if (rc == RB_ELIMIT)
		fault_set(why, rc, "%s: %d others listen to it already",
		    job->target, LISTENERS_MAX);
	return rc;
}

enum rb_err
jobs_show_log(struct jobs *j, const char *target, bool follow, int sock,
    const struct depot *depot, struct fault *why)
{
	struct job_record record;
	const struct live *live;
	struct job *job;
	uint32_t nlog = 0;
	int log = -1;
	bool is_undone;
	enum rb_err rc = RB_EINTERNAL;

	job_record_init(&record);
	if ((rc = jobs_record(j, target, &record)) != RB_OK)
		return fault_set(why, rc, "%s: no such job", target);
	jobs_lock(j);
	job = queue_find(j->queue, target);
	is_undone = job != NULL && job->record.state != JOB_DONE;
	if (is_undone && follow)
		rc = follow_job(job, sock, why);
	if (rc == RB_OK && is_undone && (live = job->live) != NULL &&
	    live->log != -1) {
		nlog = live->nlog;
		log = fcntl(live->log, F_DUPFD_CLOEXEC, 0);
	}
	jobs_unlock(j);
	if (rc != RB_OK)
		goto out;
	if (log != -1)
		rc = listener_send_log(sock, target, LOG_PLAIN, nlog, log);
	else if (!is_undone || !follow)
		rc = show_kept_log(&record, target, sock, depot, why);
	if (rc == RB_OK && !is_undone && follow)
		rc = listener_send_end(sock, target, record.outcome, "");
out:
	fd_close(&log);
	job_record_clear(&record);
	return rc;
}

void
jobs_count(struct jobs *j, struct jobs_counts *out)
{
	jobs_lock(j);
	queue_count(j->queue, &out->queue);
	out->is_paused = j->is_paused;
	out->held = j->held;
	out->tries = j->tries;
	out->retries = j->retries;
	jobs_unlock(j);
}
