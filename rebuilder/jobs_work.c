/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "rebuilder/jobs_inside.h"

/*
 * What a thread of the jobs does: one try after the other.  Whoever listens
 * is told outside of the lock.
 */

#define LOOK_SECONDS 3600

/* One try, and whom its ear belongs to. */
struct attempt {
	struct jobs *jobs;
	struct job *job;
	struct live *live; /* borrowed of the job while it runs */
};

static void
hear_stage(void *self, const char *stage, uint64_t done, uint64_t total,
    const char *detail)
{
	struct attempt *a = self;

	jobs_lock(a->jobs);
	a->live->stage = stage;
	jobs_unlock(a->jobs);
	listeners_tell_stage(&a->live->listeners, a->job->target, stage, done,
	    total, detail);
}

/* Tomorrow it may come out otherwise. */
static bool
is_worth_retry(const struct result *r)
{
	if (r->verdict != VERDICT_FAILED && r->verdict != VERDICT_UNAVAILABLE)
		return false;
	return r->reason == NULL || strcmp(r->reason, "binnmu") != 0;
}

static void
hear_result(void *self, const struct result *r)
{
	struct attempt *a = self;

	if (!r->is_recorded)
		note(NOTE_INFO, "%s: %s %s%s%s, leaf %llu", a->job->target,
		    r->file, verdict_name(r->verdict),
		    r->reason == NULL ? "" : ": ",
		    r->reason == NULL ? "" : r->reason,
		    (unsigned long long)r->leaf);
	jobs_lock(a->jobs);
	a->live->verdicts[r->verdict - VERDICT_REPRODUCED]++;
	a->live->is_worth_retry = a->live->is_worth_retry || is_worth_retry(r);
	jobs_unlock(a->jobs);
	listeners_tell_result(&a->live->listeners, a->job->target, r);
}

/* Ours to read only: nobody who is shown a log can write into it. */
static int
open_again(int fd)
{
	char path[32];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	return open(path, O_RDONLY | O_CLOEXEC);
}

static void
hear_log(void *self, int fd)
{
	struct attempt *a = self;
	uint32_t n;
	int copy = open_again(fd);

	if (copy == -1) {
		note(NOTE_WARN, "%s: its log cannot be shown while it runs: %s",
		    a->job->target, strerror(errno));
		return;
	}
	jobs_lock(a->jobs);
	fd_close(&a->live->log);
	a->live->log = copy;
	n = ++a->live->nlog;
	jobs_unlock(a->jobs);
	/* Only this thread closes it. */
	listeners_tell_log(&a->live->listeners, a->job->target, n, copy);
}

/*
 * It ended by what is wrong with this machine, or with a repository that may
 * be whole again tomorrow, not with what was asked.
 */
static bool
is_worth_another_start(enum rb_err rc)
{
	return rc == RB_EIO || rc == RB_EPEER || rc == RB_ENOMEM ||
	    rc == RB_ETIME || rc == RB_ESTALE || rc == RB_ESIG ||
	    rc == RB_EDIGEST;
}

static void
say_why(const struct attempt *a, enum rb_err rc, struct fault *why)
{
	if (rc == RB_OK)
		return;
	if (leash_check() != RB_OK && !leash_is_cut(a->live->leash))
		fault_set(why, rc,
		    "was ended: it took longer than rebuilder.timeout allows "
		    "(%llu seconds)",
		    (unsigned long long)a->jobs->setting.seconds);
	else if (rc == RB_EIO && why->text[0] == '\0')
		fault_set(why, rc,
		    "a file below rebuilder/ cannot be written or read; is "
		    "its disk full?");
	else if (why->text[0] == '\0')
		fault_set(why, rc,
		    "stopped by an error of this machine or this program (%s)",
		    err_name(rc));
}

static uint32_t
draw(void)
{
	uint32_t n = 0;

	/* Without chance, a pause is merely a round one. */
	if (getrandom(&n, sizeof(n), GRND_NONBLOCK) != (ssize_t)sizeof(n))
		return UINT32_MAX / 2;
	return n;
}

/*
 * What becomes of the job; the lock is held.  Afterwards the attempt's live
 * is ours alone.
 */
static void
close_books(struct attempt *a, enum rb_err rc, struct report *report)
{
	struct jobs *j = a->jobs;
	struct job *oldest = NULL;
	struct job_end e;

	memset(&e, 0, sizeof(e));
	if (rc == RB_OK)
		e.outcome = JOB_TRIED;
	else
		e.outcome = a->live->is_cancelled ? JOB_CANCELLED :
						    JOB_NOT_TRIED;
	if (!a->live->is_cancelled)
		e.is_worth_retry = rc == RB_OK ? a->live->is_worth_retry :
						 is_worth_another_start(rc);
	memcpy(e.verdicts, a->live->verdicts, sizeof(e.verdicts));
	e.why = report->why.text;
	e.log = report->log;
	e.inputs = report->inputs;
	queue_end(j->queue, a->job, &e, &j->setting.retry, draw(),
	    steady_seconds(), time(NULL), &oldest);
	a->job->live = NULL;
	if (jobs_save(j, a->job) != RB_OK)
		note(NOTE_ERROR,
		    "%s: the journal can't be written; the job will run again "
		    "after a restart",
		    a->job->target);
	jobs_forget(j, oldest);
	/* Others may wait for this one; and the next retry may be nearer. */
	jobs_wake(j);
}

/* What a listener, or the notes, should know beside the reason. */
static void
add_retry(const struct job *job, struct fault *why)
{
	const char *begin = why->text[0] == '\0' ? "" : "; ";
	char text[FAULT_MAX];
	int64_t pause = job->record.retry_at - job->record.ended;

	if (job->record.state != JOB_RETRYING)
		return;
	snprintf(text, sizeof(text), "%.400s%sis tried again in %lld min",
	    why->text, begin, (long long)((pause + 59) / 60));
	fault_set(why, RB_OK, "%s", text);
}

/* Without a verdict there was nothing to do. */
static enum note_level
level_of(const struct attempt *a, enum rb_err rc, bool is_cancelled)
{
	size_t i;

	if (is_cancelled)
		return NOTE_INFO;
	if (rc != RB_OK)
		return NOTE_ERROR;
	for (i = 0; i < JOB_VERDICTS; i++)
		if (a->live->verdicts[i] != 0)
			return NOTE_WARN;
	return NOTE_INFO;
}

static void
end_attempt(struct attempt *a, enum rb_err rc, struct report *report)
{
	struct fault *why = &report->why;
	char *target;
	enum job_outcome outcome;
	bool is_cancelled;

	jobs_lock(a->jobs);
	if (a->jobs->is_ending) {
		/* As after a crash: the journal says that it runs. */
		a->job->live = NULL;
		jobs_unlock(a->jobs);
		return;
	}
	/* What was done before the cut arrived is done. */
	is_cancelled = a->live->is_cancelled && rc != RB_OK;
	if (is_cancelled)
		fault_set(why, RB_OK, "cancelled by an operator");
	else
		say_why(a, rc, why);
	close_books(a, rc, report);
	add_retry(a->job, why);
	outcome = a->job->record.outcome;
	/* Without the lock it may be gone at once. */
	target = strdup(a->job->target);
	jobs_unlock(a->jobs);
	if (target == NULL)
		return; /* who listens is told by the closed socket */
	if (why->text[0] != '\0')
		note(level_of(a, rc, is_cancelled), "%s: %s", target,
		    why->text);
	listeners_tell_end(&a->live->listeners, target, outcome, why->text);
	free(target);
}

static void
work_off(struct jobs *j, struct job *job)
{
	struct attempt a = { j, job, job->live };
	const struct trip_ear ear = { &a, hear_stage, hear_result, hear_log };
	const struct task task = { job->target, job->record.again, &ear };
	struct report report;
	enum rb_err rc = RB_EINTERNAL;

	memset(&report, 0, sizeof(report));
	leash_wear(a.live->leash, j->setting.seconds);
	rc = j->setting.work(j->setting.self, &task, &report);
	end_attempt(&a, rc, &report);
	leash_take_off();
	live_free(a.live);
}

/* The lock is held, and given up meanwhile. */
static void
wait_for_work(struct jobs *j)
{
	struct timespec t;
	int64_t due = queue_due(j->queue, steady_seconds());
	int r;

	if (clock_gettime(CLOCK_MONOTONIC, &t) == -1)
		abort();
	/* Paused or held: what is due must wait as well. */
	if (due == -1 || due > LOOK_SECONDS || j->is_paused || j->held != NULL)
		due = LOOK_SECONDS;
	t.tv_sec += due == 0 ? 1 : due;
	r = pthread_cond_timedwait(&j->changed, &j->lock, &t);
	(void)r; /* by time or by news, one looks again */
}

/* The lock is held.  What is needed to run it is there, or it waits on. */
static struct job *
begin_next(struct jobs *j)
{
	struct job *job;
	struct live *live = NULL;
	struct leash *leash = NULL;

	if (j->is_paused || j->held != NULL || leash_new(&leash) != RB_OK)
		return NULL;
	job = queue_next(j->queue, steady_seconds(), time(NULL));
	if (job == NULL) {
		leash_free(&leash);
		return NULL;
	}
	if (live_of(job, &live) != RB_OK)
		abort(); /* some hundred bytes: nothing can be done without */
	live->leash = leash;
	live->stage = "starting";
	j->tries++;
	if (job->record.tries > 1)
		j->retries++;
	if (jobs_save(j, job) != RB_OK)
		note(NOTE_WARN, "%s: the journal can't be written",
		    job->target);
	return job;
}

void *
jobs_work(void *jobs)
{
	struct jobs *j = jobs;
	struct job *job;

	jobs_lock(j);
	while (!j->is_ending) {
		if ((job = begin_next(j)) == NULL) {
			wait_for_work(j);
			continue;
		}
		jobs_unlock(j);
		work_off(j, job);
		jobs_lock(j);
	}
	jobs_unlock(j);
	return NULL;
}
