/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/keeper.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/note.h"
#include "common/process/msg.h"
#include "common/told/status.h"
#include "common/told/told.h"
#include "rebuilder/collect.h"
#include "rebuilder/leash.h"
#include "rebuilder/said.h"

#define TICK_SECONDS 5
#define COLLECT_SECONDS 3600
/* Between two collections that are for want of room. */
#define SHORT_SECONDS 60
#define UPTIME SPAN("uptime")
#define DISK_SHORT \
	"the disk of the store has less left than store.reserve; jobs go on " \
	"when there is room"

struct keeper {
	struct keeper_setting setting;
	struct leash *leash; /* owned */
	pthread_t thread;
	bool has_thread;
	int64_t began;   /* steady */
	uint64_t uptime; /* of the node, before it began */
	int64_t collected; /* steady: when last; INT64_MIN: never */
	pthread_mutex_t lock; /* guards all that follows */
	struct status status; /* what only we know */
};

static void
lock(struct keeper *k)
{
	if (pthread_mutex_lock(&k->lock) != 0)
		abort();
}

static void
unlock(struct keeper *k)
{
	if (pthread_mutex_unlock(&k->lock) != 0)
		abort();
}

static uint64_t
uptime_of(const struct keeper *k)
{
	return k->uptime + (uint64_t)(steady_seconds() - k->began);
}

static enum rb_err
save_uptime(struct keeper *k)
{
	struct buf value = BUF_INIT;
	struct journal_write w = { JOURNAL_PUT, JOURNAL_STATE, UPTIME,
		SPAN_INIT };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_u64(&value, uptime_of(k))) == RB_OK) {
		w.value = buf_span(&value);
		rc = journal_write(k->setting.journal, &w, 1);
	}
	buf_clear(&value);
	return rc;
}

static void
run_collect(struct keeper *k, bool is_short)
{
	const struct settings *s = k->setting.settings;
	const struct collect_policy policy = {
		.keep = s->store.keep,
		.size = s->store.size,
		/* Some more, so that the next job does not stop at once. */
		.free = is_short ? s->store.reserve + s->store.reserve / 4 : 0,
	};
	struct collected c = { 0, 0, 0, 0 };
	enum rb_err rc = RB_EINTERNAL;

	k->collected = steady_seconds();
	if ((rc = save_uptime(k)) == RB_OK)
		rc = collect(k->setting.depot, k->setting.journal, &policy,
		    uptime_of(k), &c);
	if (rc != RB_OK) {
		note(NOTE_WARN, "the store could not be collected (%s)",
		    err_name(rc));
		return;
	}
	if (c.removed_files > 0)
		note(NOTE_INFO,
		    "collected %llu files of the store, %llu bytes; %llu files "
		    "are left, %llu bytes",
		    (unsigned long long)c.removed_files,
		    (unsigned long long)c.removed_bytes,
		    (unsigned long long)c.files, (unsigned long long)c.bytes);
	lock(k);
	k->status.collected_bytes += c.removed_bytes;
	unlock(k);
}

/* What lies in the store; when it cannot be told, what lay there before. */
static void
count_store(struct keeper *k)
{
	struct depot_file *list = NULL;
	uint64_t bytes = 0;
	size_t i, n = 0;

	if (depot_list(k->setting.depot, &list, &n) != RB_OK)
		return;
	for (i = 0; i < n; i++)
		bytes += list[i].size;
	free(list);
	lock(k);
	k->status.depot_files = n;
	k->status.depot_bytes = bytes;
	unlock(k);
}

/* Whether less is left than must be; in doubt it is not. */
static bool
look_at_disk(struct keeper *k)
{
	const uint64_t reserve = k->setting.settings->store.reserve;
	uint64_t left = 0;
	bool is_short;

	if (depot_free_bytes(k->setting.depot, &left) != RB_OK) {
		note(NOTE_WARN, "how full the store's disk is, is not known");
		return false;
	}
	is_short = left < reserve;
	lock(k);
	k->status.disk_free = left;
	k->status.disk_reserve = reserve;
	unlock(k);
	return is_short;
}

static void
set_short(struct keeper *k, bool is_short)
{
	bool was_short;

	lock(k);
	was_short = k->status.disk_short != 0;
	k->status.disk_short = is_short ? 1 : 0;
	unlock(k);
	if (was_short == is_short)
		return;
	if (is_short)
		note(NOTE_ERROR, "%s", DISK_SHORT);
	else
		note(NOTE_INFO, "the disk of the store has room again");
	jobs_hold(k->setting.jobs, is_short ? DISK_SHORT : NULL);
}

static void
tell(struct keeper *k)
{
	struct buf text = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (k->setting.told == -1)
		return;
	if ((rc = keeper_status(k, &text)) == RB_OK)
		rc = told_write(k->setting.told, buf_span(&text));
	if (rc != RB_OK)
		note(NOTE_WARN, "httpd could not be told how we are (%s)",
		    err_name(rc));
	buf_clear(&text);
}

static void
tick(struct keeper *k)
{
	const int64_t now = steady_seconds();
	const int64_t pause = look_at_disk(k) ? SHORT_SECONDS : COLLECT_SECONDS;

	if (k->collected == INT64_MIN || now - k->collected >= pause)
		run_collect(k, pause == SHORT_SECONDS);
	set_short(k, look_at_disk(k));
	count_store(k);
	tell(k);
}

static void *
keep(void *arg)
{
	struct keeper *k = arg;

	leash_wear(k->leash, 0);
	while (leash_check() == RB_OK) {
		tick(k);
		/* Time passes, or the leash is cut: both end the wait. */
		if (leash_wait(-1, TICK_SECONDS * 1000) == RB_EIO)
			break;
	}
	leash_take_off();
	return NULL;
}

enum rb_err
keeper_start(const struct keeper_setting *setting, struct keeper **out)
{
	struct keeper *k = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((k = calloc(1, sizeof(*k))) == NULL)
		return RB_ENOMEM;
	k->setting = *setting;
	k->began = steady_seconds();
	k->collected = INT64_MIN;
	k->status.started = (uint64_t)time(NULL);
	if (pthread_mutex_init(&k->lock, NULL) != 0)
		abort();
	if ((rc = leash_new(&k->leash)) != RB_OK ||
	    (rc = journal_number(setting->journal, JOURNAL_STATE, UPTIME,
		 &k->uptime)) != RB_OK)
		goto out;
	set_short(k, look_at_disk(k));
	if (pthread_create(&k->thread, NULL, keep, k) != 0) {
		rc = RB_ENOMEM;
		goto out;
	}
	k->has_thread = true;
	*out = k;
	k = NULL; /* now the caller's */
	rc = RB_OK;
out:
	keeper_stop(&k);
	return rc;
}

void
keeper_stop(struct keeper **k)
{
	if (*k == NULL)
		return;
	if ((*k)->has_thread) {
		leash_cut((*k)->leash);
		if (pthread_join((*k)->thread, NULL) != 0)
			abort();
	}
	leash_free(&(*k)->leash);
	free(*k);
	*k = NULL;
}

static enum rb_err
count_said(struct keeper *k, struct status *s)
{
	const struct {
		enum verdict verdict;
		uint64_t *to;
	} kinds[] = {
		{ VERDICT_REPRODUCED, &s->reproduced },
		{ VERDICT_DIFFERS, &s->differs },
		{ VERDICT_FAILED, &s->failed },
		{ VERDICT_UNAVAILABLE, &s->unavailable },
	};
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && rc == RB_OK; i++)
		rc = said_count(k->setting.journal, kinds[i].verdict,
		    kinds[i].to);
	return rc;
}

enum rb_err
keeper_status(void *self, struct buf *out)
{
	struct keeper *k = self;
	struct jobs_counts c;
	struct status s;
	enum rb_err rc = RB_EINTERNAL;

	lock(k);
	s = k->status;
	unlock(k);
	if ((rc = count_said(k, &s)) != RB_OK)
		return rc;
	jobs_count(k->setting.jobs, &c);
	s.time = (uint64_t)time(NULL);
	s.waiting = c.queue.waiting;
	s.blocked = c.queue.blocked;
	s.running = c.queue.running;
	s.retrying = c.queue.retrying;
	s.done = c.queue.done;
	s.tries = c.tries;
	s.retries = c.retries;
	s.paused = c.is_paused ? 1 : 0;
	return status_write(&s, out);
}

void
keeper_polled(struct keeper *k, int64_t time_, uint64_t alarms)
{
	lock(k);
	k->status.polled = time_ < 0 ? 0 : (uint64_t)time_;
	k->status.alarms = alarms;
	unlock(k);
}
