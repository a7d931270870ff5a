/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <time.h>

#include "rebuilder/jobs_inside.h"

/* What is asked for: all of it gets into the queue and the journal, or none. */

/* The lock is held.  A job of our own making, or one that was here. */
static enum rb_err
add_one(struct jobs *j, const struct wish *w, bool *is_new, struct job **out,
    struct fault *why)
{
	struct job *job = queue_find(j->queue, w->target);

	*is_new = job == NULL || job->record.state == JOB_DONE;
	if (*is_new)
		return queue_add(j->queue, w, time(NULL), out, why);
	if (job->record.state == JOB_RUNNING && w->again && !job->record.again)
		return fault_set(why, RB_EREFUSED,
		    "%s: is being worked on without --again; ask when it has "
		    "ended",
		    w->target);
	if (job->record.state != JOB_RUNNING)
		queue_raise(j->queue, job, w);
	if (job->record.state == JOB_RETRYING)
		queue_wake(j->queue, job, time(NULL));
	*out = job;
	return RB_OK;
}

/* The lock is held.  What was added is not there, and never was. */
static void
take_back(struct jobs *j, struct job **added, size_t n)
{
	while (n > 0) {
		live_free(added[--n]->live);
		added[n]->live = NULL;
		queue_remove(j->queue, added[n]);
	}
}

struct saving {
	struct journal_write *writes; /* owned */
	struct buf *bytes; /* owned, each owned */
	size_t n;
};

static void
saving_clear(struct saving *s)
{
	size_t i;

	for (i = 0; i < s->n; i++)
		buf_clear(&s->bytes[i]);
	free(s->bytes);
	free(s->writes);
}

static enum rb_err
saving_add(struct saving *s, const struct job *job)
{
	enum rb_err rc = job_record_put(&s->bytes[s->n], &job->record);

	if (rc != RB_OK) {
		buf_clear(&s->bytes[s->n]);
		return rc;
	}
	s->writes[s->n] = (struct journal_write){ JOURNAL_PUT, JOURNAL_JOB,
		span_of_str(job->target), buf_span(&s->bytes[s->n]) };
	s->n++;
	return RB_OK;
}

static enum rb_err
add_listener(struct job *job, int listener, struct fault *why)
{
	struct live *live = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if (listener == -1)
		return RB_OK;
	if ((rc = live_of(job, &live)) != RB_OK)
		return rc;
	rc = listeners_add(&live->listeners, listener, false);
	if (rc == RB_ELIMIT)
		fault_set(why, rc,
		    "%s: %d others wait for it already; it goes on without you",
		    job->target, LISTENERS_MAX);
	return rc;
}

/* The lock is held. */
static enum rb_err
add_all(struct jobs *j, const struct wish *wishes, size_t n, int listener,
    struct job **added, struct saving *saving, struct fault *why)
{
	struct job *job = NULL;
	bool is_new = false;
	size_t nadded = 0, i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < n && rc == RB_OK; i++) {
		rc = add_one(j, &wishes[i], &is_new, &job, why);
		if (rc != RB_OK || job == NULL)
			break;
		if (is_new)
			added[nadded++] = job;
		rc = saving_add(saving, job);
	}
	if (rc == RB_OK &&
	    (rc = journal_write(j->setting.journal, saving->writes,
		 saving->n)) != RB_OK)
		fault_set(why, rc, "%s: the journal can't be written",
		    wishes[0].target);
	if (rc != RB_OK)
		take_back(j, added, nadded);
	for (i = 0; i < n && rc == RB_OK; i++)
		rc = add_listener(queue_find(j->queue, wishes[i].target),
		    listener, why);
	return rc;
}

/* Why nothing may be begun now; NULL: it may. */
static const char *
obstacle(const struct jobs *j)
{
	return j->is_paused ? "the node is paused" : j->held;
}

enum rb_err
jobs_add(struct jobs *j, const struct wish *wishes, size_t n, int listener,
    struct fault *why)
{
	struct saving saving = { NULL, NULL, 0 };
	struct job **added = NULL;
	const char *reason = NULL;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < n; i++)
		if ((rc = j->setting.check(j->setting.self, wishes[i].target,
			 why)) != RB_OK)
			return rc;
	added = calloc(n + 1, sizeof(*added));
	saving.writes = calloc(n + 1, sizeof(*saving.writes));
	saving.bytes = calloc(n + 1, sizeof(*saving.bytes));
	if (added == NULL || saving.writes == NULL || saving.bytes == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	jobs_lock(j);
	rc = add_all(j, wishes, n, listener, added, &saving, why);
	reason = obstacle(j);
	jobs_wake(j);
	jobs_unlock(j);
	for (i = 0; i < n && rc == RB_OK && listener != -1 && reason != NULL;
	    i++)
		rc = listener_send_stage(listener, wishes[i].target, "waiting",
		    0, 0, reason);
out:
	saving_clear(&saving);
	free(added);
	return rc;
}
