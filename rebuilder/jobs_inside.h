/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_JOBS_INSIDE_H
#define RB_REBUILDER_JOBS_INSIDE_H

#include <pthread.h>

#include "rebuilder/jobs.h"
#include "rebuilder/leash.h"
#include "rebuilder/listeners.h"

/* For jobs*.c alone. */

/*
 * Of a job that runs or is listened to.  Belongs to the job while that has
 * it; whoever ends the try takes it away first and frees it.
 */
struct live {
	struct listeners listeners;
	/* The rest is guarded by the lock of the jobs. */
	struct leash *leash; /* owned; NULL: does not run */
	bool is_cancelled;
	int log;             /* owned: of the machine that runs; or -1 */
	uint32_t nlog;
	const char *stage;   /* static */
	uint32_t verdicts[JOB_VERDICTS];
	bool is_worth_retry;
};

struct jobs {
	struct jobs_setting setting;
	pthread_t *threads; /* owned */
	size_t nthreads;
	pthread_mutex_t lock; /* guards all that follows */
	pthread_cond_t changed;
	struct queue *queue; /* owned */
	bool is_paused, is_ending;
	const char *held; /* static */
	uint64_t tries, retries;
};

/* Its name in the journal's table `state`. */
#define JOBS_PAUSED SPAN("paused")

void jobs_lock(struct jobs *j);
void jobs_unlock(struct jobs *j);
void jobs_wake(struct jobs *j);

/* The lock is held in all of these. */
enum rb_err live_of(struct job *job, struct live **out) RB_CHECK;
void live_free(struct live *live); /* no lock needed */
enum rb_err jobs_save(struct jobs *j, const struct job *job) RB_CHECK;
/* Forgets a done job that is one too many; NULL is none. */
void jobs_forget(struct jobs *j, struct job *oldest);

/* Before there are threads. */
enum rb_err jobs_restore(struct jobs *j) RB_CHECK;

/* Body of a thread. */
void *jobs_work(void *jobs);

#endif
