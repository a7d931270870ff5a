/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/watch.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/told/told.h"
#include "rebuilder/built.h"
#include "rebuilder/watch_calls.h"
#include "rebuilder/watch_jobs.h"
#include "rebuilder/watch_look.h"
#include "rebuilder/watch_tell.h"

/* Rounds that a component is left out of after failures in a row: 2^n - 1. */
#define BACKOFF_MAX 6
#define TELL_SECONDS 30

/* What need not outlive the process of one component. */
struct watched {
	char *name; /* owned */
	unsigned int failures, leave_out;
	char *trouble; /* owned: how it failed last; NULL: it did not */
};

struct watcher {
	struct watch_setting setting;
	struct watched *list; /* owned */
	size_t n;
	struct release release; /* owned; as it was read last */
	int64_t polled;         /* when a round was over; 0: never */
	uint64_t mark; /* of what is kept for later components; 0: none */
	struct calls calls;
};

static struct watched *
watched_find(struct watcher *w, const char *name)
{
	struct watched *grown;
	size_t i;

	for (i = 0; i < w->n; i++)
		if (strcmp(w->list[i].name, name) == 0)
			return &w->list[i];
	grown = reallocarray(w->list, w->n + 1, sizeof(*grown));
	if (grown == NULL)
		return NULL;
	w->list = grown;
	memset(&w->list[w->n], 0, sizeof(w->list[0]));
	if ((w->list[w->n].name = strdup(name)) == NULL)
		return NULL;
	return &w->list[w->n++];
}

/* What fails alike is said once, and asked again later and later. */
static enum rb_err
fail(struct watched *x, const char *sentence)
{
	if (x->trouble == NULL || strcmp(x->trouble, sentence) != 0) {
		free(x->trouble);
		if ((x->trouble = strdup(sentence)) == NULL)
			return RB_ENOMEM;
		note(NOTE_WARN, "%s: %s", x->name, sentence);
	}
	if (x->failures < BACKOFF_MAX)
		x->failures++;
	x->leave_out = (1u << x->failures) - 1;
	return RB_OK;
}

static void
succeed(struct watched *x)
{
	free(x->trouble);
	x->trouble = NULL;
	x->failures = x->leave_out = 0;
}

static enum rb_err
look(struct watcher *w, const struct release *r, const struct component *c,
    struct advert *a)
{
	struct fault why = FAULT_INIT;
	struct watched *x;
	enum rb_err rc = RB_EINTERNAL;

	if ((x = watched_find(w, c->name)) == NULL)
		return RB_ENOMEM;
	if ((rc = watch_look(&w->setting, r, c, a, &why)) == RB_ENOMEM)
		return rc;
	if (rc != RB_OK)
		return fail(x, why.text[0] != '\0' ? why.text : err_name(rc));
	if (a != NULL)
		succeed(x);
	return RB_OK;
}

/* One round: what is asked, and what came. */
struct round {
	const struct component **due; /* owned; those that never failed first */
	struct advert *adverts; /* owned */
	size_t n;
	uint32_t looked; /* of how many nothing failed */
};

static void
round_clear(struct round *o)
{
	if (o->adverts != NULL)
		adverts_clear(o->adverts, o->n);
	free(o->adverts);
	free(o->due);
}

/*
 * In its turn, or left out for its failures.  Who calls wants all: he may
 * have mended what failed.
 */
static bool
is_due(struct watched *x, bool is_called)
{
	if (is_called || x->leave_out == 0)
		return true;
	x->leave_out--;
	return false;
}

/* Whoever failed before is asked last, and keeps nobody waiting. */
static enum rb_err
choose(struct watcher *w, const struct release *r, bool is_called,
    struct round *o)
{
	const struct component *c;
	struct watched *x;
	int pass;

	o->adverts = calloc(r->n + 1, sizeof(*o->adverts));
	o->due = calloc(r->n + 1, sizeof(*o->due));
	if (o->adverts == NULL || o->due == NULL)
		return RB_ENOMEM;
	for (pass = 0; pass < 2; pass++)
		for (c = r->list; c != r->list + r->n; c++) {
			if (c->mode == VERIFY_NOTHING)
				continue;
			if ((x = watched_find(w, c->name)) == NULL)
				return RB_ENOMEM;
			if ((x->failures != 0) != (pass == 1) ||
			    !is_due(x, is_called))
				continue;
			o->due[o->n] = c;
			o->adverts[o->n].fd = -1;
			o->adverts[o->n++].url = c->url;
		}
	return RB_OK;
}

/* What came of a component; NULL: it was not asked. */
static struct advert *
advert_of(struct round *o, const struct component *c)
{
	size_t i;

	for (i = 0; i < o->n; i++)
		if (o->due[i] == c)
			return &o->adverts[i];
	return NULL;
}

/* In the order of the release: a job waits for those that are there. */
static enum rb_err
look_at_all(struct watcher *w, const struct release *r, struct round *o)
{
	const struct component *c;
	struct advert *a;
	enum rb_err rc = RB_OK;

	for (c = r->list; c != r->list + r->n && rc == RB_OK; c++) {
		if (c->mode == VERIFY_NOTHING)
			continue; /* never attested: nothing to find */
		a = advert_of(o, c);
		rc = look(w, r, c, a);
		if (rc == RB_OK && a != NULL &&
		    watched_find(w, c->name)->failures == 0)
			o->looked++;
	}
	return rc;
}

static enum rb_err
go_round(struct watcher *w, bool is_called, uint32_t *looked, struct fault *why)
{
	const struct fetch_context fetch = { w->setting.node,
		w->setting.settings, w->setting.depot, why, NULL };
	struct release release = RELEASE_INIT;
	struct round round = { NULL, NULL, 0, 0 };
	uint64_t mark = 0;
	enum rb_err rc = RB_EINTERNAL;

	/* What a round brings must not be collected under its hands. */
	if ((rc = depot_enter(w->setting.depot, &mark)) != RB_OK)
		return rc;
	if ((rc = release_read(w->setting.settings, &release, why)) != RB_OK ||
	    (rc = choose(w, &release, is_called, &round)) != RB_OK ||
	    (rc = fetch_adverts(&fetch, round.adverts, round.n)) != RB_OK ||
	    (rc = look_at_all(w, &release, &round)) != RB_OK)
		goto out;
	w->polled = (int64_t)time(NULL);
	*looked = round.looked;
	rc = watch_renew_jobs(&w->setting, &release, w->polled);
out:
	/* What is left of the one before is what this one took its place of. */
	round_clear(&round);
	if (release.name != NULL) {
		release_clear(&w->release);
		w->release = release;
		release = (struct release)RELEASE_INIT; /* now the watcher's */
	}
	release_clear(&release);
	depot_leave(w->setting.depot, mark);
	return rc;
}

/* Not all nodes at the same moment: a tenth more or less. */
static uint64_t
pause_of(uint64_t seconds)
{
	uint32_t random = 0;

	if (getrandom(&random, sizeof(random), GRND_NONBLOCK) !=
	    (ssize_t)sizeof(random))
		random = 0;
	return seconds - seconds / 10 + random % (seconds / 5 + 1);
}

static enum rb_err
touch(void *self, const struct digest *d)
{
	/* Being asked for is a use; what is gone can't be kept. */
	(void)depot_has(self, d);
	return RB_OK;
}

static void
keep_place(struct watcher *w, struct built_place *place)
{
	enum rb_err rc = RB_OK;

	/* What is not there is not used; the rest is tried again soon. */
	for (place->build = 0; place->build < BUILT_BUILDS_MAX; place->build++)
		rc = built_each(w->setting.journal, place, touch,
		    w->setting.depot);
	(void)rc;
}

/*
 * What was built is an input of later components: as long as the release is
 * watched, collection leaves it alone.
 */
static void
keep_built(struct watcher *w)
{
	const struct release *r = &w->release;
	const struct depot *depot = w->setting.depot;
	struct built_place place = { r->name, NULL, NULL, 0, NULL };
	uint64_t mark = 0;
	size_t i, k;

	if (depot_enter(depot, &mark) != RB_OK)
		return; /* the mark of before goes on */
	for (i = 0; i < r->n; i++)
		for (k = 0; k < r->ndistributions; k++) {
			place.component = r->list[i].name;
			place.distribution = r->distributions[k];
			keep_place(w, &place);
		}
	if (w->mark != 0)
		depot_leave(depot, w->mark);
	w->mark = mark;
}

static const char *
trouble_of(void *self, const char *component)
{
	struct watched *x = watched_find(self, component);

	return x == NULL ? NULL : x->trouble;
}

/* Jobs go on between two rounds: httpd is told of that, too. */
static void
tell(struct watcher *w)
{
	const struct watch_trouble trouble = { trouble_of, w };
	struct release_doc doc;
	struct buf text = BUF_INIT;
	uint64_t alarms = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (w->release.name == NULL)
		return;
	keep_built(w);
	release_doc_init(&doc);
	if ((rc = watch_doc(&w->setting, &w->release, &trouble, &doc,
		 &alarms)) == RB_OK) {
		if (w->setting.keeper != NULL)
			keeper_polled(w->setting.keeper, w->polled, alarms);
		if (w->setting.told != -1 &&
		    (rc = release_doc_write(&doc, &text)) == RB_OK)
			rc = told_write(w->setting.told, buf_span(&text));
	}
	if (rc != RB_OK)
		note(NOTE_WARN, "httpd could not be told of the release (%s)",
		    err_name(rc));
	release_doc_clear(&doc);
	buf_clear(&text);
}

/* Until it is time for the next round, or somebody calls. */
static void
pause_and_tell(struct watcher *w, uint64_t seconds)
{
	uint64_t step;

	for (; seconds > 0; seconds -= step) {
		step = seconds < TELL_SECONDS ? seconds : TELL_SECONDS;
		if (calls_wait(&w->calls, step))
			return;
		tell(w);
	}
}

static void *
watch(void *arg)
{
	struct watcher *w = arg;
	struct callers callers;
	struct fault why = FAULT_INIT;
	uint32_t looked = 0;
	enum rb_err rc = RB_EINTERNAL;

	for (;;) {
		why.text[0] = '\0';
		calls_take(&w->calls, &callers);
		rc = go_round(w, callers.n > 0, &looked, &why);
		if (rc != RB_OK && why.text[0] == '\0')
			fault_set(&why, rc, "%s", err_name(rc));
		if (rc != RB_OK)
			note(NOTE_ERROR, "watching the release: %s", why.text);
		/* Who called finds what he asked for. */
		tell(w);
		callers_tell(&callers, looked, rc == RB_OK ? NULL : why.text);
		pause_and_tell(w, pause_of(w->setting.settings->release.poll));
	}
	return NULL;
}

enum rb_err
watch_start(const struct watch_setting *setting, struct watcher **out)
{
	struct watcher *w;
	pthread_t thread;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		return RB_ENOMEM;
	w->setting = *setting;
	w->release = (struct release)RELEASE_INIT;
	calls_init(&w->calls);
	/* The thread uses it until the process ends. */
	if (pthread_create(&thread, NULL, watch, w) != 0) {
		calls_clear(&w->calls);
		free(w);
		return RB_ENOMEM;
	}
	if (pthread_detach(thread) != 0)
		abort();
	*out = w;
	return RB_OK;
}

enum rb_err
watch_call(struct watcher *w, int sock)
{
	return calls_add(&w->calls, sock);
}
