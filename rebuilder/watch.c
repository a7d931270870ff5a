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
#include "rebuilder/component.h"
#include "rebuilder/leash.h"
#include "rebuilder/said.h"
#include "rebuilder/watch_jobs.h"
#include "rebuilder/watch_tell.h"

/* Rounds that a component is left out of after failures in a row: 2^n - 1. */
#define BACKOFF_MAX 6
#define TELL_SECONDS 30

/* What need not outlive the process of one component. */
struct watched {
	char *name; /* owned */
	unsigned int failures, leave_out;
};

struct watcher {
	struct watch_setting setting;
	struct watched *list; /* owned */
	size_t n;
	struct release release; /* owned; as it was read last */
	int64_t polled;         /* when a round was over; 0: never */
	uint64_t mark; /* of what is kept for later components; 0: none */
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

static void
watcher_clear(struct watcher *w)
{
	while (w->n > 0)
		free(w->list[--w->n].name);
	free(w->list);
	w->list = NULL;
	release_clear(&w->release);
}

/* One component in one round. */
struct look {
	struct watcher *w;
	const struct release *release;
	const struct component *component;
	struct fetch_context fetch;
	struct component_state state;
	bool is_changed; /* and must be put into the journal */
	bool is_unproven; /* nothing is left to judge what is accepted by */
	struct fault why;
};

static enum rb_err
raise_alarm(struct look *k, const char *sentence)
{
	bool is_new = false;
	enum rb_err rc = RB_EINTERNAL;

	rc = component_state_alarm(&k->state, (int64_t)time(NULL), sentence,
	    &is_new);
	if (rc == RB_OK && is_new) {
		note(NOTE_ALARM, "%s: %s", k->component->name, sentence);
		k->is_changed = true;
	}
	return rc;
}

static enum rb_err
set_refusal(struct look *k, const char *sentence)
{
	char *copy = NULL;

	if (k->state.refusal == NULL && sentence == NULL)
		return RB_OK;
	if (k->state.refusal != NULL && sentence != NULL &&
	    strcmp(k->state.refusal, sentence) == 0)
		return RB_OK;
	if (sentence != NULL) {
		if ((copy = strdup(sentence)) == NULL)
			return RB_ENOMEM;
		note(NOTE_WARN, "%s: not accepted: %s", k->component->name,
		    sentence);
	}
	free(k->state.refusal);
	k->state.refusal = copy;
	k->is_changed = true;
	return RB_OK;
}

/* What was accepted under other terms must stand under those of today too. */
static enum rb_err
judge_again(struct look *k)
{
	struct tag_question q;
	bool stands = false;
	enum rb_err rc = RB_EINTERNAL;

	component_question(k->component, k->w->setting.settings, NULL, NULL,
	    &q);
	rc = tag_stands(&q, &k->state.accepted.evidence, k->w->setting.depot,
	    &stands, &k->why);
	if (rc == RB_ENOTFOUND) {
		/* What it rested on is gone: only the server's can show it. */
		k->is_unproven = true;
		return RB_OK;
	}
	if (rc == RB_OK && !stands) {
		rc = raise_alarm(k, k->why.text);
		tagged_clear(&k->state.accepted);
		k->state.is_accepted = false;
		k->is_changed = true;
	}
	return rc;
}

static bool
smells_of_attack(enum tag_ruling v)
{
	return v == TAGS_BRANCH_BACK || v == TAGS_VERSION_BACK;
}

/* Signatures for the commit that is built already, or a tag less. */
static bool
is_known(const struct component_state *s, const struct tagged *t)
{
	return s->is_accepted && strcmp(s->accepted.commit, t->commit) == 0 &&
	    (t->tag == NULL || s->accepted.tag != NULL);
}

/* The jobs come first: a tag whose jobs were lost would not be looked at. */
static enum rb_err
build(struct look *k, const struct tagged *t)
{
	note(NOTE_INFO, "%s: accepted %s, %s, commit %s", k->component->name,
	    t->tag == NULL ? "a signed commit" : t->tag,
	    t->version[0] == '\0' ? "without a version" : t->version,
	    t->commit);
	return watch_add_jobs(&k->w->setting, k->release, k->component, t->tag,
	    &k->why);
}

static enum rb_err
accept(struct look *k, struct tagged *t, const struct digest *terms)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = set_refusal(k, NULL)) != RB_OK)
		return rc;
	if (!is_known(&k->state, t)) {
		if ((rc = build(k, t)) != RB_OK)
			return rc;
	} else if (t->tag == NULL || digest_equal(&k->state.terms, terms))
		return RB_OK;
	/* When terms change, it is judged again by this file. */
	if ((rc = said_pin(k->w->setting.journal, &t->evidence)) != RB_OK)
		return rc;
	tagged_clear(&k->state.accepted);
	k->state.accepted = *t;
	k->state.is_accepted = true;
	k->is_changed = true;
	k->is_unproven = false;
	tagged_init(t); /* now the state's */
	return RB_OK;
}

/* What stays accepted is what the server of today has, too. */
static bool
is_there(const struct component_state *s, const struct tag_refs *refs)
{
	return !s->is_accepted || s->accepted.tag == NULL ||
	    tag_refs_change(refs, s->accepted.tag, s->accepted.tag_object) ==
	    TAG_STAYS;
}

/* The server says something that it did not say before, or terms changed. */
static enum rb_err
judge_refs(struct look *k, struct advert *a, const struct digest *terms)
{
	struct tag_question q;
	struct tag_refs refs = TAG_REFS_INIT;
	struct tagged t;
	enum rb_err rc = RB_EINTERNAL;

	tagged_init(&t);
	component_question(k->component, k->w->setting.settings, NULL,
	    &k->state, &q);
	if ((rc = tag_refs(a->fd, &q, &refs, &k->why)) != RB_OK)
		goto out;
	rc = component_state_refs(&k->state, &refs, &k->why);
	if (rc == RB_EREFUSED)
		rc = raise_alarm(k, k->why.text);
	if (rc != RB_OK)
		goto out;
	k->why.text[0] = '\0';
	if ((rc = component_verify(&k->fetch, &q, &refs, &t)) != RB_OK)
		goto out;
	if (tagged_is_accepted(&t)) {
		if ((rc = accept(k, &t, terms)) != RB_OK)
			goto out;
	} else {
		if (smells_of_attack(t.ruling) &&
		    (rc = raise_alarm(k, k->why.text)) != RB_OK)
			goto out;
		if ((rc = set_refusal(k, k->why.text)) != RB_OK)
			goto out;
	}
	/* Only now: whatever failed before is looked at again. */
	k->state.advertisement = a->sha256;
	if (!k->is_unproven && is_there(&k->state, &refs))
		k->state.terms = *terms;
	k->is_changed = true;
out:
	tagged_clear(&t);
	tag_refs_clear(&refs);
	return rc;
}

static enum rb_err
judge_news(struct look *k, struct advert *a)
{
	struct digest terms = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = component_terms(k->component, k->w->setting.settings, &terms,
		 &k->why)) != RB_OK)
		return rc;
	if (!digest_equal(&terms, &k->state.terms)) {
		if (k->state.is_accepted && (rc = judge_again(k)) != RB_OK)
			return rc;
	} else if (digest_equal(&a->sha256, &k->state.advertisement))
		return RB_OK;
	return judge_refs(k, a, &terms);
}

static enum rb_err
look_at(struct look *k, struct advert *a)
{
	struct journal *j = k->w->setting.journal;
	enum rb_err rc = RB_EINTERNAL, kept = RB_OK;

	rc = component_state_get(j, k->component->name, &k->state);
	if (rc != RB_OK)
		return rc;
	rc = judge_news(k, a);
	/* What was found out before something failed is not lost. */
	if (k->is_changed)
		kept = component_state_put(j, k->component->name, &k->state);
	return rc != RB_OK ? rc : kept;
}

/* What fails is said once, and asked again later and later. */
static void
fail(struct watched *x, const char *sentence)
{
	if (x->failures == 0)
		note(NOTE_WARN, "%s: %s", x->name, sentence);
	if (x->failures < BACKOFF_MAX)
		x->failures++;
	x->leave_out = (1u << x->failures) - 1;
}

static enum rb_err
look(struct watcher *w, const struct release *r, const struct component *c,
    struct advert *a)
{
	struct look k;
	struct watched *x;
	enum rb_err rc = RB_EINTERNAL;

	if ((x = watched_find(w, c->name)) == NULL)
		return RB_ENOMEM;
	if (a->fd == -1) {
		fail(x, a->why.text);
		return RB_OK;
	}
	memset(&k, 0, sizeof(k));
	k.w = w;
	k.release = r;
	k.component = c;
	k.fetch = (struct fetch_context){ w->setting.node, w->setting.settings,
		w->setting.depot, &k.why, NULL };
	component_state_init(&k.state);
	rc = look_at(&k, a);
	if (rc == RB_OK) {
		x->failures = 0;
	} else {
		fail(x, k.why.text[0] != '\0' ? k.why.text : err_name(rc));
		rc = rc == RB_ENOMEM ? rc : RB_OK;
	}
	component_state_clear(&k.state);
	return rc;
}

/* In its turn, or left out for its failures. */
static bool
is_due(struct watcher *w, const struct component *c)
{
	struct watched *x = watched_find(w, c->name);

	if (c->mode == VERIFY_NOTHING)
		return false; /* never attested: nothing to look for */
	if (x == NULL || x->leave_out == 0)
		return true;
	x->leave_out--;
	return false;
}

static enum rb_err
go_round(struct watcher *w, struct fault *why)
{
	const struct fetch_context fetch = { w->setting.node,
		w->setting.settings, w->setting.depot, why, NULL };
	struct release release = RELEASE_INIT;
	struct advert *adverts = NULL;
	const struct component **due = NULL;
	uint64_t mark = 0;
	size_t i, n = 0;
	enum rb_err rc = RB_EINTERNAL;

	/* What a round brings must not be collected under its hands. */
	if ((rc = depot_enter(w->setting.depot, &mark)) != RB_OK)
		return rc;
	if ((rc = release_read(w->setting.settings, &release, why)) != RB_OK)
		goto out;
	adverts = calloc(release.n + 1, sizeof(*adverts));
	due = calloc(release.n + 1, sizeof(*due));
	if (adverts == NULL || due == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (i = 0; i < release.n; i++) {
		if (!is_due(w, &release.list[i]))
			continue;
		due[n] = &release.list[i];
		adverts[n].fd = -1;
		adverts[n++].url = release.list[i].url;
	}
	if ((rc = fetch_adverts(&fetch, adverts, n)) != RB_OK)
		goto out;
	for (i = 0; i < n; i++)
		if ((rc = look(w, &release, due[i], &adverts[i])) != RB_OK)
			goto out;
	w->polled = (int64_t)time(NULL);
	rc = watch_renew_jobs(&w->setting, &release, w->polled);
out:
	/* What is left of the one before is what this one took its place of. */
	if (release.name != NULL) {
		release_clear(&w->release);
		w->release = release;
		release = (struct release)RELEASE_INIT; /* now the watcher's */
	}
	if (adverts != NULL)
		adverts_clear(adverts, n);
	free(adverts);
	free(due);
	release_clear(&release);
	depot_leave(w->setting.depot, mark);
	return rc;
}

enum rb_err
watch_round(const struct watch_setting *setting, struct fault *why)
{
	struct watcher w = { *setting, NULL, 0, RELEASE_INIT, 0, 0 };
	enum rb_err rc = RB_EINTERNAL;

	rc = go_round(&w, why);
	watcher_clear(&w);
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

/* Jobs go on between two rounds: httpd is told of that, too. */
static void
tell(struct watcher *w)
{
	struct release_doc doc;
	struct buf text = BUF_INIT;
	uint64_t alarms = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (w->release.name == NULL)
		return;
	keep_built(w);
	release_doc_init(&doc);
	if ((rc = watch_doc(&w->setting, &w->release, &doc, &alarms)) ==
	    RB_OK) {
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

static void
pause_and_tell(struct watcher *w, uint64_t seconds)
{
	uint64_t step;

	for (; seconds > 0; seconds -= step) {
		tell(w);
		step = seconds < TELL_SECONDS ? seconds : TELL_SECONDS;
		/* Nothing comes there but the end of the time. */
		if (leash_wait(-1, step * 1000) != RB_ETIME)
			return;
	}
}

static void *
watch(void *arg)
{
	struct watcher *w = arg;
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	for (;;) {
		why.text[0] = '\0';
		if ((rc = go_round(w, &why)) != RB_OK)
			note(NOTE_ERROR, "watching the release: %s",
			    why.text[0] != '\0' ? why.text : err_name(rc));
		pause_and_tell(w, pause_of(w->setting.settings->release.poll));
	}
	return NULL;
}

enum rb_err
watch_start(const struct watch_setting *setting)
{
	struct watcher *w;
	pthread_t thread;

	if ((w = calloc(1, sizeof(*w))) == NULL)
		return RB_ENOMEM;
	w->setting = *setting;
	w->release = (struct release)RELEASE_INIT;
	/* The thread uses it until the process ends. */
	if (pthread_create(&thread, NULL, watch, w) != 0) {
		free(w);
		return RB_ENOMEM;
	}
	if (pthread_detach(thread) != 0)
		abort();
	return RB_OK;
}
