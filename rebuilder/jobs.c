/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/jobs.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/msg.h"
#include "rebuilder/jobs_inside.h"

void
jobs_lock(struct jobs *j)
{
	if (pthread_mutex_lock(&j->lock) != 0)
		abort();
}

void
jobs_unlock(struct jobs *j)
{
	if (pthread_mutex_unlock(&j->lock) != 0)
		abort();
}

void
jobs_wake(struct jobs *j)
{
	if (pthread_cond_broadcast(&j->changed) != 0)
		abort();
}

enum rb_err
live_of(struct job *job, struct live **out)
{
	struct live *live = job->live;

	if (live == NULL) {
		if ((live = calloc(1, sizeof(*live))) == NULL)
			return RB_ENOMEM;
		listeners_init(&live->listeners);
		live->log = -1;
		live->stage = "";
		job->live = live;
	}
	*out = live;
	return RB_OK;
}

void
live_free(struct live *live)
{
	if (live == NULL)
		return;
	listeners_clear(&live->listeners);
	leash_free(&live->leash);
	fd_close(&live->log);
	free(live);
}

enum rb_err
jobs_save(struct jobs *j, const struct job *job)
{
	struct buf bytes = BUF_INIT;
	struct journal_write w = { JOURNAL_PUT, JOURNAL_JOB, SPAN_INIT,
		SPAN_INIT };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = job_record_put(&bytes, &job->record)) == RB_OK) {
		w.key = span_of_str(job->target);
		w.value = buf_span(&bytes);
		rc = journal_write(j->setting.journal, &w, 1);
	}
	buf_clear(&bytes);
	return rc;
}

void
jobs_forget(struct jobs *j, struct job *oldest)
{
	struct journal_write w = { JOURNAL_REMOVE, JOURNAL_JOB, SPAN_INIT,
		SPAN_INIT };

	if (oldest == NULL)
		return;
	w.key = span_of_str(oldest->target);
	if (journal_write(j->setting.journal, &w, 1) != RB_OK)
		note(NOTE_WARN, "%s: cannot be taken out of the journal",
		    oldest->target);
	live_free(oldest->live);
	oldest->live = NULL;
	queue_remove(j->queue, oldest);
}

static enum rb_err
free_live(void *self, struct job *job)
{
	(void)self;
	live_free(job->live);
	job->live = NULL;
	return RB_OK;
}

static void
jobs_free(struct jobs *j)
{
	if (j->queue != NULL && queue_each(j->queue, free_live, NULL) != RB_OK)
		abort(); /* free_live never fails */
	queue_free(&j->queue);
	free(j->threads);
	free(j);
}

static void
make_locks(struct jobs *j)
{
	pthread_condattr_t attr;

	if (pthread_mutex_init(&j->lock, NULL) != 0 ||
	    pthread_condattr_init(&attr) != 0 ||
	    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(&j->changed, &attr) != 0 ||
	    pthread_condattr_destroy(&attr) != 0)
		abort();
}

enum rb_err
jobs_start(const struct jobs_setting *setting, struct jobs **out)
{
	struct jobs *j = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((j = calloc(1, sizeof(*j))) == NULL)
		return RB_ENOMEM;
	j->setting = *setting;
	make_locks(j);
	if ((rc = queue_new(&j->queue)) != RB_OK ||
	    (rc = jobs_restore(j)) != RB_OK)
		goto out;
	j->threads = calloc(setting->threads, sizeof(*j->threads));
	if (j->threads == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (; j->nthreads < setting->threads; j->nthreads++)
		if (pthread_create(&j->threads[j->nthreads], NULL, jobs_work,
			j) != 0)
			break;
	if (j->nthreads == 0 && setting->threads > 0) {
		rc = RB_ENOMEM;
		goto out;
	}
	*out = j;
	j = NULL; /* now the caller's */
	rc = RB_OK;
out:
	if (j != NULL)
		jobs_free(j);
	return rc;
}

static enum rb_err
cut_off(void *self, struct job *job)
{
	struct live *live = job->live;

	(void)self;
	if (live != NULL && live->leash != NULL)
		leash_cut(live->leash);
	return RB_OK;
}

void
jobs_stop(struct jobs **j)
{
	size_t i;

	if (*j == NULL)
		return;
	jobs_lock(*j);
	(*j)->is_ending = true;
	if (queue_each((*j)->queue, cut_off, NULL) != RB_OK)
		abort(); /* cut_off never fails */
	jobs_wake(*j);
	jobs_unlock(*j);
	for (i = 0; i < (*j)->nthreads; i++)
		if (pthread_join((*j)->threads[i], NULL) != 0)
			abort();
	jobs_free(*j);
	*j = NULL;
}

/* The lock is held. */
static enum rb_err
wake_one(struct jobs *j, struct job *job)
{
	queue_wake(j->queue, job, time(NULL));
	return jobs_save(j, job);
}

struct found {
	struct job **list; /* owned */
	size_t n;
};

static enum rb_err
find_retrying(void *self, struct job *job)
{
	struct found *f = self;

	if (job->record.state == JOB_RETRYING)
		f->list[f->n++] = job;
	return RB_OK;
}

/* The lock is held. */
static enum rb_err
wake_all(struct jobs *j, uint32_t *n)
{
	struct found f = { NULL, 0 };
	struct queue_counts c;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	queue_count(j->queue, &c);
	if ((f.list = calloc(c.retrying + 1, sizeof(struct job *))) == NULL)
		return RB_ENOMEM;
	rc = queue_each(j->queue, find_retrying, &f);
	for (i = 0; i < f.n && rc == RB_OK; i++)
		rc = wake_one(j, f.list[i]);
	*n = (uint32_t)i;
	free(f.list);
	return rc;
}

enum rb_err
jobs_retry(struct jobs *j, const char *target, uint32_t *n, struct fault *why)
{
	struct job *job = NULL;
	enum rb_err rc = RB_EINTERNAL;

	jobs_lock(j);
	if (target == NULL) {
		rc = wake_all(j, n);
		goto out;
	}
	job = queue_find(j->queue, target);
	if (job == NULL) {
		rc = fault_set(why, RB_ENOTFOUND,
		    "%s: no such job; see qubes-rebuilder queue --all, or ask "
		    "with qubes-rebuilder rebuild",
		    target);
		goto out;
	}
	if (job->record.state == JOB_WAITING ||
	    job->record.state == JOB_RUNNING) {
		rc = fault_set(why, RB_EREFUSED, "%s: is %s already", target,
		    job_state_name(job->record.state));
		goto out;
	}
	rc = wake_one(j, job);
	*n = 1;
out:
	if (rc != RB_OK && why->text[0] == '\0')
		fault_set(why, rc, "the journal can't be written (%s)",
		    err_name(rc));
	jobs_wake(j);
	jobs_unlock(j);
	return rc;
}

enum rb_err
jobs_cancel(struct jobs *j, const char *target, struct fault *why)
{
	struct live *live = NULL;
	struct job *job, *oldest = NULL;
	enum rb_err rc = RB_OK;

	jobs_lock(j);
	job = queue_find(j->queue, target);
	if (job == NULL || job->record.state == JOB_DONE) {
		rc = fault_set(why, RB_ENOTFOUND,
		    "%s: there is no job to cancel; see qubes-rebuilder queue",
		    target);
		goto out;
	}
	if (job->record.state == JOB_RUNNING) {
		/* Its thread does the rest. */
		live = job->live;
		live->is_cancelled = true;
		leash_cut(live->leash);
		live = NULL;
		goto out;
	}
	live = job->live;
	job->live = NULL; /* now ours */
	queue_cancel(j->queue, job, time(NULL), &oldest);
	if ((rc = jobs_save(j, job)) != RB_OK)
		fault_set(why, rc,
		    "%s: is cancelled, but the journal can't be written: it "
		    "will run after a restart",
		    target);
	jobs_forget(j, oldest);
out:
	jobs_wake(j);
	jobs_unlock(j);
	if (live != NULL)
		listeners_tell_end(&live->listeners, target, JOB_CANCELLED,
		    "cancelled by an operator");
	live_free(live);
	return rc;
}

enum rb_err
jobs_pause(struct jobs *j, bool pause)
{
	struct buf value = BUF_INIT;
	struct journal_write w = { JOURNAL_PUT, JOURNAL_STATE, JOBS_PAUSED,
		SPAN_INIT };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_u64(&value, pause ? 1 : 0)) != RB_OK)
		return rc;
	w.value = buf_span(&value);
	jobs_lock(j);
	if ((rc = journal_write(j->setting.journal, &w, 1)) == RB_OK)
		j->is_paused = pause;
	jobs_wake(j);
	jobs_unlock(j);
	buf_clear(&value);
	return rc;
}

void
jobs_hold(struct jobs *j, const char *why)
{
	jobs_lock(j);
	j->held = why;
	jobs_wake(j);
	jobs_unlock(j);
}
