/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/queue.h"

#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "rebuilder/target.h"

/* A try that ended with the daemon is begun again at once so many times. */
#define INTERRUPTED_MAX 3
#define INTERRUPTED_SECONDS 60

struct list {
	struct link end; /* its neighbours are the last and the first */
	size_t n;
};

struct queue {
	void *by_target; /* tsearch(3) over the jobs */
	struct list ready[JOB_PRIORITY_MAX + 1];
	struct list blocked, running, retrying, done;
	uint64_t order;
	/* Of all that are retrying; looked at once a second. */
	int64_t earliest, looked;
};

static void
list_init(struct list *l)
{
	l->end.before = l->end.behind = &l->end;
	l->n = 0;
}

static void
append(struct list *l, struct job *job)
{
	job->link.behind = &l->end;
	job->link.before = l->end.before;
	l->end.before->behind = &job->link;
	l->end.before = &job->link;
	l->n++;
}

static void
prepend(struct list *l, struct job *job)
{
	job->link.before = &l->end;
	job->link.behind = l->end.behind;
	l->end.behind->before = &job->link;
	l->end.behind = &job->link;
	l->n++;
}

static void
cut(struct list *l, struct job *job)
{
	job->link.before->behind = job->link.behind;
	job->link.behind->before = job->link.before;
	job->link.before = job->link.behind = NULL;
	l->n--;
}

static struct job *
job_of(struct link *link)
{
	return (struct job *)link;
}

static int
compare(const void *a, const void *b)
{
	return strcmp(((const struct job *)a)->target,
	    ((const struct job *)b)->target);
}

enum rb_err
queue_new(struct queue **out)
{
	struct queue *q;
	size_t i;

	if ((q = calloc(1, sizeof(*q))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i <= JOB_PRIORITY_MAX; i++)
		list_init(&q->ready[i]);
	list_init(&q->blocked);
	list_init(&q->running);
	list_init(&q->retrying);
	list_init(&q->done);
	q->earliest = INT64_MAX;
	*out = q;
	return RB_OK;
}

static void
job_free(struct job *job)
{
	if (job == NULL)
		return;
	job_record_clear(&job->record);
	free(job->target);
	free(job);
}

struct job *
queue_find(struct queue *q, const char *target)
{
	struct job key;
	struct job **found;

	memset(&key, 0, sizeof(key));
	key.target = (char *)(uintptr_t)target; /* only compared */
	found = tfind(&key, &q->by_target, compare);
	return found == NULL ? NULL : *found;
}

static struct list *
list_of(struct queue *q, const struct job *job)
{
	switch (job->record.state) {
	case JOB_WAITING:
		return job->nblock > 0 ? &q->blocked :
					 &q->ready[job->record.priority];
	case JOB_RUNNING:
		return &q->running;
	case JOB_RETRYING:
		return &q->retrying;
	case JOB_DONE:
		return &q->done;
	}
	abort();
}

static void
be_retrying(struct queue *q, struct job *job, int64_t due, int64_t now,
    int64_t pause)
{
	job->record.state = JOB_RETRYING;
	job->record.retry_at = now + pause;
	job->due = due;
	if (due < q->earliest)
		q->earliest = due;
}

bool
queue_is_block(struct queue *q, const struct job *job, const char *target)
{
	const struct job *other = queue_find(q, target);

	/* Only for older ones: no two can ever wait for each other. */
	return other != NULL && other->record.order < job->record.order &&
	    (other->record.state == JOB_WAITING ||
		other->record.state == JOB_RUNNING);
}

static void
count_blocks(struct queue *q, struct job *job)
{
	size_t i;

	job->nblock = 0;
	for (i = 0; i < job->record.nafter; i++)
		if (queue_is_block(q, job, job->record.after[i]))
			job->nblock++;
}

/* Who waited for it may have nobody left to wait for. */
static void
unblock(struct queue *q, const char *target)
{
	struct link *at = q->blocked.end.behind, *behind;
	struct job *job;
	size_t i;

	for (; at != &q->blocked.end; at = behind) {
		behind = at->behind;
		job = job_of(at);
		for (i = 0; i < job->record.nafter; i++)
			if (strcmp(job->record.after[i], target) == 0)
				break;
		if (i == job->record.nafter)
			continue;
		count_blocks(q, job);
		if (job->nblock > 0)
			continue;
		cut(&q->blocked, job);
		append(&q->ready[job->record.priority], job);
	}
}

static enum rb_err
enter(struct queue *q, const char *target, struct job **out)
{
	struct job *job;

	if ((job = calloc(1, sizeof(*job))) == NULL)
		return RB_ENOMEM;
	if ((job->target = strdup(target)) == NULL ||
	    tsearch(job, &q->by_target, compare) == NULL) {
		job_free(job);
		return RB_ENOMEM;
	}
	*out = job;
	return RB_OK;
}

enum rb_err
queue_restore(struct queue *q, const char *target, struct job_record *record,
    int64_t steady, int64_t now)
{
	struct job *job = NULL;
	int64_t pause;
	enum rb_err rc = RB_EINTERNAL;

	if (queue_find(q, target) != NULL)
		return RB_EFORMAT;
	if ((rc = enter(q, target, &job)) != RB_OK)
		return rc;
	job->record = *record;
	job_record_init(record); /* now the job's */
	if (job->record.order > q->order)
		q->order = job->record.order;
	if (job->record.state == JOB_RUNNING) {
		job->record.state = JOB_WAITING;
		if (++job->record.interrupted > INTERRUPTED_MAX) {
			pause = INTERRUPTED_SECONDS *
			    (int64_t)(job->record.interrupted -
				INTERRUPTED_MAX);
			if (pause > RETRY_PAUSE_MAX)
				pause = RETRY_PAUSE_MAX;
			be_retrying(q, job, steady + pause, now, pause);
		}
	} else if (job->record.state == JOB_RETRYING) {
		/* Whatever the clock did meanwhile. */
		pause = job->record.retry_at - now;
		if (pause < 0)
			pause = 0;
		if (pause > RETRY_PAUSE_MAX)
			pause = RETRY_PAUSE_MAX;
		be_retrying(q, job, steady + pause, now, pause);
	}
	if (job->record.state == JOB_WAITING)
		count_blocks(q, job);
	append(list_of(q, job), job);
	return RB_OK;
}

static bool
is_among(const char *text, char *const *list, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (list[i] != NULL && strcmp(list[i], text) == 0)
			return true;
	return false;
}

static enum rb_err
copy_after(const struct wish *w, struct job_record *r, struct fault *why)
{
	size_t n = 0, i;

	while (w->after != NULL && w->after[n] != NULL)
		n++;
	if (n > JOB_AFTER_MAX)
		return fault_set(why, RB_ELIMIT, "%s: waits for over %d others",
		    w->target, JOB_AFTER_MAX);
	if (n == 0)
		return RB_OK;
	if ((r->after = calloc(n, sizeof(*r->after))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++) {
		if (is_among(w->after[i], r->after, r->nafter))
			continue;
		if ((r->after[r->nafter] = strdup(w->after[i])) == NULL)
			return RB_ENOMEM;
		r->nafter++;
	}
	return RB_OK;
}

static size_t
count_undone(const struct queue *q)
{
	struct queue_counts c;

	queue_count(q, &c);
	return c.waiting + c.blocked + c.running + c.retrying;
}

enum rb_err
queue_add(struct queue *q, const struct wish *w, int64_t now, struct job **out,
    struct fault *why)
{
	struct job_record r;
	struct job *job = queue_find(q, w->target);
	enum rb_err rc = RB_EINTERNAL;

	job_record_init(&r);
	if (strlen(w->target) >= TARGET_MAX)
		return fault_set(why, RB_ELIMIT, "target: over %d bytes",
		    TARGET_MAX - 1);
	if (job != NULL && job->record.state != JOB_DONE)
		return RB_EREFUSED;
	if (count_undone(q) >= QUEUE_MAX)
		return fault_set(why, RB_ELIMIT,
		    "%s: %d jobs are waiting; ask again later", w->target,
		    QUEUE_MAX);
	if ((rc = copy_after(w, &r, why)) != RB_OK)
		goto out;
	if (job == NULL) {
		if ((rc = enter(q, w->target, &job)) != RB_OK)
			goto out;
	} else {
		cut(&q->done, job);
		r.log = job->record.log;
		r.inputs = job->record.inputs;
		job_record_clear(&job->record);
	}
	r.state = JOB_WAITING;
	r.priority = w->priority > JOB_PRIORITY_MAX ? JOB_PRIORITY_MAX :
						      w->priority;
	r.again = w->again;
	r.asked = now;
	r.order = ++q->order;
	job->record = r;
	job_record_init(&r); /* now the job's */
	count_blocks(q, job);
	append(list_of(q, job), job);
	*out = job;
	rc = RB_OK;
out:
	job_record_clear(&r);
	return rc;
}

void
queue_raise(struct queue *q, struct job *job, const struct wish *w)
{
	job->record.again = job->record.again || w->again;
	if (w->priority <= job->record.priority ||
	    w->priority > JOB_PRIORITY_MAX)
		return;
	cut(list_of(q, job), job);
	job->record.priority = w->priority;
	append(list_of(q, job), job);
}

void
queue_remove(struct queue *q, struct job *job)
{
	cut(list_of(q, job), job);
	(void)tdelete(job, &q->by_target, compare);
	unblock(q, job->target);
	job_free(job);
}

static void
look_for_due(struct queue *q, int64_t steady)
{
	struct link *at = q->retrying.end.behind, *behind;
	struct job *job;

	if (steady < q->earliest || steady == q->looked)
		return;
	q->looked = steady;
	q->earliest = INT64_MAX;
	for (; at != &q->retrying.end; at = behind) {
		behind = at->behind;
		job = job_of(at);
		if (job->due > steady) {
			if (job->due < q->earliest)
				q->earliest = job->due;
			continue;
		}
		cut(&q->retrying, job);
		job->record.state = JOB_WAITING;
		append(&q->ready[job->record.priority], job);
	}
}

struct job *
queue_next(struct queue *q, int64_t steady, int64_t now)
{
	struct job *job;
	size_t i;

	look_for_due(q, steady);
	for (i = JOB_PRIORITY_MAX + 1; i-- > 0;) {
		if (q->ready[i].n == 0)
			continue;
		job = job_of(q->ready[i].end.behind);
		cut(&q->ready[i], job);
		job->record.state = JOB_RUNNING;
		job->record.started = now;
		job->record.retry_at = 0;
		if (job->record.tries < UINT32_MAX)
			job->record.tries++;
		append(&q->running, job);
		return job;
	}
	return NULL;
}

int64_t
queue_due(const struct queue *q, int64_t steady)
{
	if (q->retrying.n == 0)
		return -1;
	if (q->earliest > steady)
		return q->earliest - steady;
	/* What this second let pass is due in the next. */
	return steady == q->looked ? 1 : 0;
}

int64_t
retry_pause(const struct retry_policy *p, uint32_t tries, uint32_t chance)
{
	const uint64_t max = RETRY_PAUSE_MAX;
	uint64_t pause = p->seconds > max ? max : p->seconds;

	for (; tries > 1 && pause < max; tries--)
		pause *= 2;
	if (pause > max)
		pause = max;
	/* Three quarters, and up to a half by chance. */
	pause = pause * 3 / 4 + (pause / 2) * (chance >> 8) / (1u << 24);
	if (pause > max)
		pause = max;
	return pause == 0 ? 1 : (int64_t)pause;
}

static void
be_done(struct queue *q, struct job *job, int64_t now, struct job **oldest)
{
	job->record.state = JOB_DONE;
	job->record.ended = now;
	job->record.retry_at = 0;
	job->record.order = ++q->order;
	job->nblock = 0;
	append(&q->done, job);
	unblock(q, job->target);
	*oldest = q->done.n > QUEUE_DONE_MAX ? job_of(q->done.end.behind) :
					       NULL;
}

/* Without memory there is no sentence; all else is true. */
static void
set_why(struct job_record *r, const char *why)
{
	free(r->why);
	r->why = why == NULL || why[0] == '\0' ? NULL : strdup(why);
}

void
queue_end(struct queue *q, struct job *job, const struct job_end *e,
    const struct retry_policy *p, uint32_t chance, int64_t steady, int64_t now,
    struct job **oldest)
{
	struct job_record *r = &job->record;
	int64_t pause;

	cut(&q->running, job);
	r->outcome = e->outcome;
	memcpy(r->verdicts, e->verdicts, sizeof(r->verdicts));
	set_why(r, e->why);
	/* A try that needed no machine leaves what is known of the last one. */
	if (e->log.is_set)
		r->log = e->log;
	if (e->inputs.is_set)
		r->inputs = e->inputs;
	r->interrupted = 0;
	*oldest = NULL;
	if (!e->is_worth_retry || r->tries > p->retries) {
		be_done(q, job, now, oldest);
		return;
	}
	pause = retry_pause(p, r->tries, chance);
	r->ended = now;
	be_retrying(q, job, steady + pause, now, pause);
	append(&q->retrying, job);
	unblock(q, job->target);
}

void
queue_cancel(struct queue *q, struct job *job, int64_t now, struct job **oldest)
{
	cut(list_of(q, job), job);
	job->record.outcome = JOB_CANCELLED;
	set_why(&job->record, NULL);
	be_done(q, job, now, oldest);
}

void
queue_wake(struct queue *q, struct job *job, int64_t now)
{
	cut(list_of(q, job), job);
	if (job->record.state == JOB_DONE)
		job->record.order = ++q->order;
	job->record.state = JOB_WAITING;
	job->record.tries = 0;
	job->record.retry_at = 0;
	job->record.asked = now;
	count_blocks(q, job);
	/* What was promised a turn before gets it before. */
	if (job->nblock == 0)
		prepend(list_of(q, job), job);
	else
		append(list_of(q, job), job);
}

void
queue_count(const struct queue *q, struct queue_counts *out)
{
	size_t i;

	memset(out, 0, sizeof(*out));
	for (i = 0; i <= JOB_PRIORITY_MAX; i++)
		out->waiting += q->ready[i].n;
	out->blocked = q->blocked.n;
	out->running = q->running.n;
	out->retrying = q->retrying.n;
	out->done = q->done.n;
}

static enum rb_err
each_of(struct list *l, enum rb_err (*each)(void *self, struct job *job),
    void *self)
{
	struct link *at;
	enum rb_err rc = RB_OK;

	for (at = l->end.behind; at != &l->end && rc == RB_OK; at = at->behind)
		rc = each(self, job_of(at));
	return rc;
}

enum rb_err
queue_each(struct queue *q, enum rb_err (*each)(void *self, struct job *job),
    void *self)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = each_of(&q->running, each, self)) != RB_OK)
		return rc;
	for (i = JOB_PRIORITY_MAX + 1; i-- > 0;)
		if ((rc = each_of(&q->ready[i], each, self)) != RB_OK)
			return rc;
	if ((rc = each_of(&q->blocked, each, self)) != RB_OK ||
	    (rc = each_of(&q->retrying, each, self)) != RB_OK)
		return rc;
	return each_of(&q->done, each, self);
}

static void
keep_node(void *node)
{
	(void)node;
}

static void
free_all(struct list *l)
{
	struct link *at = l->end.behind, *behind;

	for (; at != &l->end; at = behind) {
		behind = at->behind;
		job_free(job_of(at));
	}
	list_init(l);
}

void
queue_free(struct queue **q)
{
	size_t i;

	if (*q == NULL)
		return;
	tdestroy((*q)->by_target, keep_node);
	for (i = 0; i <= JOB_PRIORITY_MAX; i++)
		free_all(&(*q)->ready[i]);
	free_all(&(*q)->blocked);
	free_all(&(*q)->running);
	free_all(&(*q)->retrying);
	free_all(&(*q)->done);
	free(*q);
	*q = NULL;
}
