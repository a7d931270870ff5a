/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/budget.h"

#include <pthread.h>
#include <stdlib.h>
#include <time.h>

#include "rebuilder/leash.h"

/* Between two looks at the leash of who waits. */
#define LOOK_MS 250

/* Who waits; lives on the stack of its thread. */
struct waiter {
	struct waiter *next;
};

struct budget {
	uint64_t memory, cpus; /* UINT64_MAX: without a bound */
	pthread_mutex_t lock;  /* guards all that follows */
	pthread_cond_t changed;
	uint64_t memory_used, cpus_used;
	struct waiter *first; /* borrowed, in the order of coming */
};

static void
lock(struct budget *b)
{
	if (pthread_mutex_lock(&b->lock) != 0)
		abort();
}

static void
unlock(struct budget *b)
{
	if (pthread_mutex_unlock(&b->lock) != 0)
		abort();
}

enum rb_err
budget_new(uint64_t memory, uint64_t cpus, struct budget **out)
{
	pthread_condattr_t attr;
	struct budget *b;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		return RB_ENOMEM;
	b->memory = memory == 0 ? UINT64_MAX : memory;
	b->cpus = cpus == 0 ? UINT64_MAX : cpus;
	if (pthread_mutex_init(&b->lock, NULL) != 0 ||
	    pthread_condattr_init(&attr) != 0 ||
	    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC) != 0 ||
	    pthread_cond_init(&b->changed, &attr) != 0 ||
	    pthread_condattr_destroy(&attr) != 0)
		abort();
	*out = b;
	return RB_OK;
}

void
budget_free(struct budget **b)
{
	free(*b);
	*b = NULL;
}

static void
line_up(struct budget *b, struct waiter *w)
{
	struct waiter **at;

	for (at = &b->first; *at != NULL; at = &(*at)->next)
		;
	*at = w;
	w->next = NULL;
}

static void
step_out(struct budget *b, struct waiter *w)
{
	struct waiter **at;

	for (at = &b->first; *at != w; at = &(*at)->next)
		;
	*at = w->next;
}

/* The lock is held, and given up meanwhile. */
static void
wait_a_moment(struct budget *b)
{
	struct timespec t;
	int r;

	if (clock_gettime(CLOCK_MONOTONIC, &t) == -1)
		abort();
	t.tv_nsec += LOOK_MS * 1000000;
	if (t.tv_nsec >= 1000000000) {
		t.tv_sec++;
		t.tv_nsec -= 1000000000;
	}
	/* By time or by news: whoever waits looks again. */
	r = pthread_cond_timedwait(&b->changed, &b->lock, &t);
	(void)r;
}

enum rb_err
budget_take(struct budget *b, uint64_t memory, uint64_t cpus)
{
	struct waiter self;
	enum rb_err rc = RB_OK;

	if (memory > b->memory || cpus > b->cpus)
		return RB_ELIMIT;
	lock(b);
	line_up(b, &self);
	while ((rc = leash_check()) == RB_OK &&
	    (b->first != &self || memory > b->memory - b->memory_used ||
		cpus > b->cpus - b->cpus_used))
		wait_a_moment(b);
	step_out(b, &self);
	if (rc == RB_OK) {
		b->memory_used += memory;
		b->cpus_used += cpus;
	}
	/* The next one may fit too. */
	if (pthread_cond_broadcast(&b->changed) != 0)
		abort();
	unlock(b);
	return rc;
}

void
budget_give(struct budget *b, uint64_t memory, uint64_t cpus)
{
	lock(b);
	if (memory > b->memory_used || cpus > b->cpus_used)
		abort(); /* only what was taken can be given */
	b->memory_used -= memory;
	b->cpus_used -= cpus;
	if (pthread_cond_broadcast(&b->changed) != 0)
		abort();
	unlock(b);
}
