/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_JOBS_H
#define RB_REBUILDER_JOBS_H

#include "rebuilder/job.h"
#include "rebuilder/queue.h"
#include "rebuilder/trip.h"

/*
 * The jobs of a node: kept in the journal, worked off by a fixed number of
 * threads, each on one try at one target at a time.  One target is one job,
 * however often it is asked for.  What a target means is known to those who
 * check and work alone.
 */
struct jobs;

/* One try. */
struct task {
	const char *target;
	bool again;
	const struct trip_ear *ear;
};

/* What else is known of it afterwards. */
struct report {
	struct fault why;
	struct maybe_digest log, inputs;
};

struct jobs_setting {
	struct journal *journal; /* borrowed */
	uint64_t threads;
	uint64_t seconds; /* of one try; 0: no bound */
	struct retry_policy retry;
	/* RB_OK: `work` will know what to do with such a target. */
	enum rb_err (*check)(void *self, const char *target, struct fault *why);
	/*
	 * Called by several threads.  RB_OK: each published file has its
	 * verdict.  Its waits go through leash_wait.
	 */
	enum rb_err (
	    *work)(void *self, const struct task *task, struct report *out);
	void *self; /* borrowed */
};

/* Takes up what the journal holds and starts the threads. */
enum rb_err jobs_start(const struct jobs_setting *setting, struct jobs **out)
    RB_CHECK;
/* Cuts off what runs, waits for it, and leaves the journal as after a crash. */
void jobs_stop(struct jobs **j);

/*
 * Adds a job for each wish, or finds the one that is there: all of them or
 * none.  A wish names what it waits for (queue_add).  `listener` is a socket
 * whose duplicate hears ADMIN_STAGE, ADMIN_RESULT and ADMIN_ENDED; -1: none.
 */
enum rb_err jobs_add(struct jobs *j, const struct wish *wishes, size_t n,
    int listener, struct fault *why) RB_CHECK;
/* Their next try is now.  NULL: of all that wait for it.  Says how many. */
enum rb_err jobs_retry(struct jobs *j, const char *target, uint32_t *n,
    struct fault *why) RB_CHECK;
/* RB_ENOTFOUND: no such job, or it is done. */
enum rb_err jobs_cancel(struct jobs *j, const char *target, struct fault *why)
    RB_CHECK;

/* While paused, for as long as the journal lasts, no try is begun. */
enum rb_err jobs_pause(struct jobs *j, bool pause) RB_CHECK;
/* The same for a while and by ourselves; `why` is static, NULL: go on. */
void jobs_hold(struct jobs *j, const char *why);

/* Of the records of job.h and frames.h, "ADMIN_JOBS_ARE"; NULL: of all. */
enum rb_err jobs_write(struct jobs *j, const char *target, bool all,
    struct buf *out, uint32_t *n) RB_CHECK;
/*
 * The log of a job as ADMIN_LOG_IS on `sock`; who follows hears of later ones
 * too.  RB_ENOTFOUND with a sentence.
 */
enum rb_err jobs_show_log(struct jobs *j, const char *target, bool follow,
    int sock, const struct depot *depot, struct fault *why) RB_CHECK;

/* It waits for others, which are not done. */
bool jobs_is_blocked(struct jobs *j, const char *target);

struct jobs_counts {
	struct queue_counts queue;
	bool is_paused;
	const char *held; /* static; NULL: is not */
	uint64_t tries, retries; /* begun since the start */
};
void jobs_count(struct jobs *j, struct jobs_counts *out);
/* The last record of a target.  RB_ENOTFOUND; `out` must be clear. */
enum rb_err jobs_record(struct jobs *j, const char *target,
    struct job_record *out) RB_CHECK;

#endif
