/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_QUEUE_H
#define RB_REBUILDER_QUEUE_H

#include "rebuilder/job.h"

/*
 * The jobs of a node by target, and which of them is next.  Knows no thread,
 * no disk and no clock: whoever asks says what time it is, `steady` in seconds
 * of a clock that nobody sets, `now` in seconds since 1970.  So a clock that
 * jumps moves no job, but for what one reads of it.
 */
#define QUEUE_MAX 100000        /* jobs that are not done */
#define QUEUE_DONE_MAX 10000    /* that are kept to be told about */

struct link {
	struct link *before, *behind;
};

struct job {
	struct link link; /* first: a link is its job */
	char *target;     /* owned */
	struct job_record record;
	int64_t due;      /* steady; of a job that is retrying */
	size_t nblock;    /* jobs that it waits for */
	void *live;       /* the caller's */
};

struct queue;

enum rb_err queue_new(struct queue **out) RB_CHECK;
/* `live` of each job must be NULL by then. */
void queue_free(struct queue **q);

struct job *queue_find(struct queue *q, const char *target);

/*
 * Puts a job back that a journal kept.  Takes the record over.  What ran when
 * the daemon ended waits again; what keeps ending the daemon waits longer each
 * time.  In the order of record.order.
 */
enum rb_err queue_restore(struct queue *q, const char *target,
    struct job_record *record, int64_t steady, int64_t now) RB_CHECK;

struct wish {
	const char *target;
	bool again;
	uint8_t priority;
	const char *const *after; /* up to NULL; NULL: for nobody */
};

/*
 * A new job, or one that was done and is asked for again.  It waits for those
 * of `after` that wait or run, which are all older than itself: no two ever
 * wait for each other.  For one that is to be tried again nobody waits: what
 * always fails would hold up all others for days.
 */
enum rb_err queue_add(struct queue *q, const struct wish *w, int64_t now,
    struct job **out, struct fault *why) RB_CHECK;
/* Asked for once more: a higher priority counts, a lower one does not. */
void queue_raise(struct queue *q, struct job *job, const struct wish *w);
/*
 * Takes it out and frees it, with `live` NULL; the jobs that waited for it do
 * so no more.
 */
void queue_remove(struct queue *q, struct job *job);

/* The next job, now running; NULL: none is ready. */
struct job *queue_next(struct queue *q, int64_t steady, int64_t now);
/* In how many seconds a retrying job is due; -1: there is none. */
int64_t queue_due(const struct queue *q, int64_t steady);

/* What became of a try; the texts and digests are copied. */
struct job_end {
	enum job_outcome outcome;
	bool is_worth_retry;
	uint32_t verdicts[JOB_VERDICTS];
	const char *why;
	struct maybe_digest log, inputs;
};

struct retry_policy {
	uint64_t retries; /* beside the first try */
	uint64_t seconds; /* before the first of them */
};
#define RETRY_PAUSE_MAX 86400

/*
 * Seconds before the next try after that many: twice as long each time, a
 * quarter more or less by `chance`, and never over RETRY_PAUSE_MAX.
 */
int64_t retry_pause(const struct retry_policy *p, uint32_t tries,
    uint32_t chance);

/*
 * A running job is done or retrying; then *oldest is a done job that is one
 * too many, for queue_remove, or NULL.
 */
void queue_end(struct queue *q, struct job *job, const struct job_end *e,
    const struct retry_policy *p, uint32_t chance, int64_t steady, int64_t now,
    struct job **oldest);
/* A job that waits or retries is done, as cancelled. */
void queue_cancel(struct queue *q, struct job *job, int64_t now,
    struct job **oldest);
/* A retrying or done job waits for its turn again, with all its tries. */
void queue_wake(struct queue *q, struct job *job, int64_t now);

struct queue_counts {
	size_t waiting, blocked, running, retrying, done;
};
void queue_count(const struct queue *q, struct queue_counts *out);

/*
 * Running, then waiting in their order, blocked, retrying, done.  Returns at
 * the first answer that is not RB_OK.
 */
enum rb_err queue_each(struct queue *q,
    enum rb_err (*each)(void *self, struct job *job), void *self) RB_CHECK;
/* Whether `job` waits for this one of its `after`. */
bool queue_is_block(struct queue *q, const struct job *job, const char *target);

#endif
