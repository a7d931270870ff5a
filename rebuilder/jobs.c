/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/jobs.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/listeners.h"
#include "rebuilder/target.h"

#define JOBS_MAX 100000

struct job {
	struct jobs *all;       /* borrowed */
	char text[TARGET_MAX];
	struct target target;
	bool again, is_running;
	const char *stage;      /* static */
	int64_t started;
	struct listeners listeners;
	struct job *next;       /* owned by the queue */
};

struct jobs {
	struct jobs_setting setting;
	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t added;
	struct job *first;    /* owned, in the order asked for */
	size_t n;
};

static void
lock(struct jobs *j)
{
	if (pthread_mutex_lock(&j->lock) != 0)
		abort();
}

static void
unlock(struct jobs *j)
{
	if (pthread_mutex_unlock(&j->lock) != 0)
		abort();
}

static struct job *
find(struct jobs *j, const char *text)
{
	struct job *job;

	for (job = j->first; job != NULL; job = job->next)
		if (strcmp(job->text, text) == 0)
			return job;
	return NULL;
}

/* The lock is held. */
static enum rb_err
append(struct jobs *j, const char *text, bool again, struct job **out,
    struct fault *why)
{
	struct job *job = NULL, **last;
	enum rb_err rc = RB_EINTERNAL;

	if (j->n == JOBS_MAX)
		return fault_set(why, RB_ELIMIT,
		    "%s: %d jobs are waiting; "
		    "ask again later",
		    text, JOBS_MAX);
	if ((job = calloc(1, sizeof(*job))) == NULL)
		return RB_ENOMEM;
	if ((rc = target_parse(text, &job->target, why)) != RB_OK) {
		free(job);
		return rc;
	}
	memcpy(job->text, text, strlen(text) + 1); /* target_parse bounds it */
	job->all = j;
	job->again = again;
	job->stage = "waiting";
	listeners_init(&job->listeners);
	for (last = &j->first; *last != NULL; last = &(*last)->next)
		;
	*last = job;
	j->n++;
	*out = job;
	return RB_OK;
}

/* The lock is held. */
static void
cut(struct jobs *j, struct job *job)
{
	struct job **at;

	for (at = &j->first; *at != NULL && *at != job; at = &(*at)->next)
		;
	if (*at == NULL)
		abort(); /* every job is in the queue until it is cut */
	*at = job->next;
	j->n--;
	listeners_clear(&job->listeners);
	free(job);
}

static void
hear_stage(void *self, const char *stage, uint64_t done, uint64_t total,
    const char *detail)
{
	struct job *job = self;

	lock(job->all);
	job->stage = stage;
	listeners_tell_stage(&job->listeners, job->text, stage, done, total,
	    detail);
	unlock(job->all);
}

static void
hear_result(void *self, const struct result *r)
{
	struct job *job = self;

	if (!r->is_recorded)
		note(NOTE_INFO, "%s: %s %s%s%s, leaf %llu", job->text, r->file,
		    verdict_name(r->verdict), r->reason == NULL ? "" : ": ",
		    r->reason == NULL ? "" : r->reason,
		    (unsigned long long)r->leaf);
	lock(job->all);
	listeners_tell_result(&job->listeners, job->text, r);
	unlock(job->all);
}

/* It ended by what is wrong with this machine, not with what was asked. */
static bool
is_worth_another_start(enum rb_err rc)
{
	return rc == RB_EIO || rc == RB_EPEER || rc == RB_ENOMEM ||
	    rc == RB_ETIME;
}

static void
work_off(struct jobs *j, struct job *job)
{
	const struct trip_ear ear = { job, hear_stage, hear_result, NULL };
	struct trip trip;
	enum rb_err rc = RB_EINTERNAL;

	trip_init(&trip);
	trip.node = j->setting.node;
	trip.settings = j->setting.settings;
	trip.depot = j->setting.depot;
	trip.journal = j->setting.journal;
	trip.program = &j->setting.program;
	trip.ear = &ear;
	trip.name = job->target.name;
	trip.version = job->target.version[0] == '\0' ? NULL :
							job->target.version;
	trip.again = job->again;

	if ((rc = trip_aim(&trip, NULL)) == RB_OK)
		rc = trip_run(&trip);
	if (rc == RB_EIO && trip.why.text[0] == '\0')
		fault_set(&trip.why, rc,
		    "a file below rebuilder/ cannot be written or read; is "
		    "its disk full?");
	if (rc != RB_OK && trip.why.text[0] == '\0')
		fault_set(&trip.why, rc,
		    "stopped by an error of this machine or this program (%s)",
		    err_name(rc));
	if (trip.why.text[0] != '\0')
		note(rc == RB_OK ? NOTE_WARN : NOTE_ERROR, "%s: %s", job->text,
		    trip.why.text);
	if (is_worth_another_start(rc))
		note(NOTE_WARN, "%s: is kept for the next start", job->text);
	else if (journal_job_end(j->setting.journal, job->text) != RB_OK)
		note(NOTE_ERROR,
		    "%s: the journal can't be written; the job "
		    "will run again after a restart",
		    job->text);

	lock(j);
	listeners_tell_end(&job->listeners, job->text, rc, trip.why.text);
	cut(j, job);
	unlock(j);
	trip_clear(&trip);
}

static void *
worker(void *arg)
{
	struct jobs *j = arg;
	struct job *job;

	for (;;) {
		lock(j);
		for (;;) {
			for (job = j->first; job != NULL && job->is_running;
			    job = job->next)
				;
			if (job != NULL)
				break;
			if (pthread_cond_wait(&j->added, &j->lock) != 0)
				abort();
		}
		job->is_running = true;
		job->started = time(NULL);
		unlock(j);
		work_off(j, job);
	}
	return NULL;
}

static enum rb_err
take_up(void *self, const char *target, bool again)
{
	struct jobs *j = self;
	struct job *job = NULL;
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	rc = append(j, target, again, &job, &why);
	if (rc != RB_OK)
		note(NOTE_WARN, "job %s from the journal is dropped: %s",
		    target, why.text);
	return rc == RB_ENOMEM ? rc : RB_OK;
}

enum rb_err
jobs_start(const struct jobs_setting *setting, struct jobs **out)
{
	struct jobs *j = NULL;
	pthread_t thread;
	uint64_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((j = calloc(1, sizeof(*j))) == NULL)
		return RB_ENOMEM;
	j->setting = *setting;
	if (pthread_mutex_init(&j->lock, NULL) != 0 ||
	    pthread_cond_init(&j->added, NULL) != 0)
		abort();
	if ((rc = journal_jobs(setting->journal, take_up, j)) != RB_OK)
		goto out;
	for (i = 0; i < setting->settings->rebuilder.jobs; i++) {
		/* Threads that run use j: from here on it is never freed. */
		if (pthread_create(&thread, NULL, worker, j) != 0) {
			if (i == 0) {
				rc = RB_ENOMEM;
				goto out;
			}
			break;
		}
		if (pthread_detach(thread) != 0)
			abort();
	}
	*out = j;
	j = NULL; /* now the caller's */
	rc = RB_OK;
out:
	while (j != NULL && j->first != NULL)
		cut(j, j->first);
	free(j);
	return rc;
}

enum rb_err
jobs_add(struct jobs *j, const char *target, bool again, int listener,
    struct fault *why)
{
	struct job *job;
	enum rb_err rc = RB_EINTERNAL;

	lock(j);
	if ((job = find(j, target)) == NULL) {
		if ((rc = append(j, target, again, &job, why)) != RB_OK)
			goto out;
		rc = journal_job_add(j->setting.journal, target, again);
		if (rc != RB_OK) {
			cut(j, job);
			fault_set(why, rc, "%s: the journal can't be written",
			    target);
			goto out;
		}
		if (pthread_cond_signal(&j->added) != 0)
			abort();
	} else if (again && !job->again && job->is_running) {
		rc = fault_set(why, RB_EREFUSED,
		    "%s: is being worked on without --again; ask when it has "
		    "ended",
		    target);
		goto out;
	} else if (again && !job->again) {
		rc = journal_job_add(j->setting.journal, target, true);
		if (rc != RB_OK)
			goto out;
		job->again = true;
	}
	rc = listeners_add(&job->listeners, listener);
	if (rc == RB_ELIMIT)
		fault_set(why, rc,
		    "%s: %d others wait for it already; it "
		    "goes on without you",
		    target, LISTENERS_MAX);
out:
	unlock(j);
	return rc;
}

enum rb_err
jobs_list(struct jobs *j, int sock)
{
	struct msg m;
	struct job *job;
	enum rb_err rc = RB_OK;

	lock(j);
	for (job = j->first; job != NULL && rc == RB_OK; job = job->next) {
		msg_init(&m, ADMIN_JOB);
		if ((rc = put_text(&m.body, job->text)) == RB_OK &&
		    (rc = put_text(&m.body, job->stage)) == RB_OK &&
		    (rc = put_u64(&m.body, (uint64_t)job->started)) == RB_OK)
			rc = msg_send(sock, &m);
		msg_clear(&m);
	}
	unlock(j);
	if (rc != RB_OK)
		return rc;
	msg_init(&m, ADMIN_END);
	rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}
