/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/trip.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/msg.h"
#include "rebuilder/buildinfo.h"
#include "rebuilder/built.h"
#include "rebuilder/changelog.h"
#include "rebuilder/component_state.h"
#include "rebuilder/job_alarms.h"
#include "rebuilder/published.h"
#include "rebuilder/source_owner.h"
#include "rebuilder/verdict.h"

void
result_clear(struct result *r)
{
	free(r->file);
	free(r->package);
	free(r->version);
	free(r->arch);
	free(r->reason);
	memset(r, 0, sizeof(*r));
}

void
trip_init(struct trip *t)
{
	memset(t, 0, sizeof(*t));
	t->build.fd = -1;
	tagged_init(&t->of.tagged);
	t->started = time(NULL);
}

/* What belongs to one pass. */
static void
pass_clear(struct trip *t)
{
	size_t i;

	free(t->buildinfo.path);
	memset(&t->buildinfo, 0, sizeof(t->buildinfo));
	memset(&t->changelog, 0, sizeof(t->changelog));
	listing_clear(&t->inputs.list);
	memset(&t->inputs, 0, sizeof(t->inputs));
	memset(&t->environment, 0, sizeof(t->environment));
	for (i = 0; i < t->build.noutputs; i++)
		free(t->build.outputs[i].name);
	free(t->build.outputs);
	free(t->build.kind);
	free(t->build.clock);
	fd_close(&t->build.fd);
	memset(&t->build, 0, sizeof(t->build));
	t->build.fd = -1;
}

void
trip_clear(struct trip *t)
{
	size_t i;

	pass_clear(t);
	repository_clear(&t->base);
	for (i = 0; i < t->nsuites; i++)
		repository_clear(&t->suites[i]);
	free(t->suites);
	for (i = 0; i < t->nold; i++)
		repository_clear(&t->old[i]);
	free(t->old);
	repository_clear(&t->built);
	buf_clear(&t->overrides);
	tagged_clear(&t->of.tagged);
	for (i = 0; i < t->of.nothers; i++) {
		free(t->of.others[i].name);
		free(t->of.others[i].version);
		free(t->of.others[i].origin);
	}
	free(t->of.others);
	free(t->source.name);
	free(t->source.version);
	free(t->source.directory);
	free(t->source.dsc);
	listing_clear(&t->source.files);
	listing_clear(&t->published);
	trip_init(t);
}

static enum rb_err
aim_at_old(struct trip *t, const char *distribution)
{
	const size_t n = t->settings->archive.old.n;
	enum rb_err rc = RB_OK;

	if (n == 0)
		return RB_OK;
	if ((t->old = calloc(n, sizeof(*t->old))) == NULL)
		return RB_ENOMEM;
	while (t->nold < n && rc == RB_OK) {
		rc = repository_of_old(t->settings, distribution, t->nold,
		    &t->old[t->nold]);
		if (rc == RB_OK)
			t->nold++;
	}
	return rc;
}

static enum rb_err
aim_at_suites(struct trip *t, const char *distribution)
{
	const size_t n = t->settings->published.suffixes.n;
	enum rb_err rc = RB_OK;

	if (t->settings->published.name == NULL)
		return fault_set(&t->why, RB_EREFUSED,
		    "%s: node.yml has no section published: where this "
		    "release publishes is not known",
		    t->name);
	if ((t->suites = calloc(n, sizeof(*t->suites))) == NULL)
		return RB_ENOMEM;
	while (t->nsuites < n && rc == RB_OK) {
		rc = repository_of_published(t->settings, distribution,
		    t->nsuites, &t->suites[t->nsuites]);
		if (rc == RB_OK)
			t->nsuites++;
	}
	return rc;
}

enum rb_err
trip_aim(struct trip *t, const char *distribution)
{
	enum rb_err rc = RB_EINTERNAL;

	rc = repository_of_archive(t->settings, distribution, &t->base);
	if (rc != RB_OK || (rc = aim_at_old(t, distribution)) != RB_OK ||
	    distribution == NULL)
		return rc;
	return aim_at_suites(t, distribution);
}

struct fetch_context
trip_fetch(struct trip *t)
{
	const struct fetch_context c = { t->node, t->settings, t->depot,
		&t->why, t->ear };

	return c;
}

enum rb_err
trip_obstacle(struct trip *t, enum verdict verdict, const char *reason)
{
	t->obstacle = verdict;
	t->reason = reason;
	return RB_EREFUSED;
}

void
trip_tell(struct trip *t, const char *stage, uint64_t done, uint64_t total,
    const char *detail)
{
	t->ear->stage(t->ear->self, stage, done, total, detail);
}

void
memory_key_text(struct memory_key *k, const char *s)
{
	if (k->rc == RB_OK)
		k->rc = put_text(&k->bytes, s);
}

void
memory_key_digest(struct memory_key *k, const struct digest *d)
{
	if (k->rc == RB_OK)
		k->rc = put_digest(&k->bytes, d);
}

void
memory_key_number(struct memory_key *k, uint64_t n)
{
	if (k->rc == RB_OK)
		k->rc = put_u64(&k->bytes, n);
}

enum rb_err
memory_key_end(struct memory_key *k, struct digest *out)
{
	enum rb_err rc = k->rc;

	if (rc == RB_OK)
		rc = digest_of(buf_span(&k->bytes), out);
	buf_clear(&k->bytes);
	k->rc = RB_OK;
	return rc;
}

bool
trip_concerns(const struct trip *t, const struct listed *item)
{
	return item->is_binnmu == (t->pass == PASS_BINNMU);
}

/* Whether it is the commit that the node accepted last. */
static enum rb_err
is_newest(struct trip *t, bool *out)
{
	struct component_state state;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = component_state_get(t->journal, t->of.component->name,
		 &state)) != RB_OK)
		return rc;
	*out = state.is_accepted &&
	    strcmp(state.accepted.commit, t->of.tagged.commit) == 0;
	component_state_clear(&state);
	return RB_OK;
}

/* Whether what this pass builds may be an input of later components. */
static enum rb_err
is_kept(struct trip *t, bool *out)
{
	*out = false;
	if (t->of.release == NULL || t->pass != PASS_SOURCE)
		return RB_OK;
	/* An older tag that was asked for by name takes no newer's place. */
	return is_newest(t, out);
}

static struct built_place
place_of(const struct trip *t)
{
	return (struct built_place){ t->of.release->name, t->of.distribution,
		t->of.component->name, t->of.build, t->of.tagged.commit };
}

/*
 * What nobody can describe is no input of others, for good; its own verdicts
 * do not need it.  Another failure is this node's, and the trip's.
 */
static enum rb_err
keep_built(struct trip *t)
{
	struct built_place place;
	struct fault before = t->why;
	bool is_wanted = false;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = is_kept(t, &is_wanted)) != RB_OK || !is_wanted)
		return rc;
	place = place_of(t);
	rc = built_add(t, &place);
	if (rc != RB_EREFUSED)
		return rc;
	rc = job_alarms_raise(t->journal, place.component, t->why.text);
	t->why = before;
	return rc;
}

/* A verdict that is known spares no build that later components need. */
static enum rb_err
recall(struct trip *t)
{
	struct built_place place;
	bool is_wanted = false, is_whole = true;
	enum rb_err rc = RB_EINTERNAL;

	if (t->again)
		return RB_ENOTFOUND;
	if ((rc = is_kept(t, &is_wanted)) != RB_OK)
		return rc;
	if (is_wanted) {
		place = place_of(t);
		rc = built_is_whole(t, &place, &is_whole);
		if (rc != RB_OK)
			return rc;
	}
	return is_whole ? verdict_recall(t) : RB_ENOTFOUND;
}

/* Places of one component; none for a commit that is accepted no more. */
static enum rb_err
add_places(struct trip *t, const struct component *c,
    struct component_state *state, struct built_place *places, size_t *n)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = component_state_see(t->journal, c->name, state)) != RB_OK)
		return rc;
	for (i = 0; i < BUILT_BUILDS_MAX && state->is_accepted; i++)
		places[(*n)++] = (struct built_place){ t->of.release->name,
			t->of.distribution, c->name, i,
			state->accepted.commit };
	return RB_OK;
}

/* What components before this one in the release were built to. */
static enum rb_err
offer_built(struct trip *t)
{
	const struct release *r = t->of.release;
	struct built_place *places = NULL;
	struct component_state *states = NULL;
	size_t i, n = 0, nstates = 0;
	enum rb_err rc = RB_OK;

	places = calloc(r->n * BUILT_BUILDS_MAX + 1, sizeof(*places));
	states = calloc(r->n + 1, sizeof(*states));
	if (places == NULL || states == NULL)
		rc = RB_ENOMEM;
	for (i = 0; rc == RB_OK && &r->list[i] != t->of.component; i++)
		if (r->list[i].packages) {
			component_state_init(&states[nstates]);
			rc = add_places(t, &r->list[i], &states[nstates++],
			    places, &n);
		}
	if (rc == RB_OK)
		rc = built_offer(t, places, n);
	while (nstates > 0)
		component_state_clear(&states[--nstates]);
	free(states);
	free(places);
	return rc;
}

/* From the inputs to the verdicts about one pass's files. */
static enum rb_err
pass_run(struct trip *t)
{
	enum rb_err rc = RB_OK;

	if (t->obstacle != 0)
		return stage_verdict(t);
	rc = buildinfo_find(t);
	if (rc == RB_OK && t->pass == PASS_BINNMU)
		rc = changelog_take(t);
	if (rc == RB_OK)
		rc = stage_inputs(t);
	if (rc == RB_OK) {
		rc = recall(t);
		if (rc != RB_ENOTFOUND)
			return rc;
		rc = RB_OK;
	}
	if (rc == RB_OK)
		rc = stage_environment(t);
	if (rc == RB_OK)
		rc = stage_build(t);
	if (rc == RB_OK)
		rc = keep_built(t);
	if (rc == RB_OK)
		rc = buildinfo_compare(t);
	if (rc != RB_OK && t->obstacle == 0)
		return rc;
	return stage_verdict(t);
}

static bool
has_pass(struct trip *t, enum pass pass)
{
	size_t i;

	t->pass = pass;
	for (i = 0; i < t->published.n; i++)
		if (trip_concerns(t, &t->published.list[i]))
			return true;
	return false;
}

/* What built_offer goes by: the base system as the archive alone has it. */
static enum rb_err
note_base(struct trip *t)
{
	const struct conf_list *sources = &t->settings->release.overrides;
	const struct listed *item;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < t->inputs.list.n && rc == RB_OK; i++) {
		item = &t->inputs.list.list[i];
		if (item->is_base)
			rc = buf_printf(&t->overrides, "base %s\n", item->name);
	}
	for (i = 0; i < sources->n && rc == RB_OK; i++)
		rc = buf_printf(&t->overrides, "source %s\n",
		    settings_source(sources->items[i]));
	return rc;
}

/*
 * Nobody is attested under a source name that is another's; `rc` is of
 * source_owner.h.
 */
static enum rb_err
alarm_of_owner(struct trip *t, enum rb_err rc)
{
	const char *component = t->of.component->name;
	const size_t len = strlen(component) + strlen(": ");
	enum rb_err raised;

	if (rc != RB_EREFUSED)
		return rc;
	/* The sentence names the component, before which it will stand. */
	raised = job_alarms_raise(t->journal, component, t->why.text + len);
	return raised == RB_OK ? rc : raised;
}

/* A component's source is made by us, in the base system of the build. */
static enum rb_err
prepare_source(struct trip *t)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = stage_tag(t)) != RB_OK)
		return rc;
	t->pass = PASS_PREPARE;
	if ((rc = stage_inputs(t)) == RB_OK && (rc = note_base(t)) == RB_OK &&
	    (rc = stage_environment(t)) == RB_OK)
		rc = stage_prepare(t);
	pass_clear(t);
	if (rc != RB_OK) {
		/* What was published of it is not known: nothing is said. */
		t->obstacle = 0;
		return rc;
	}
	if (t->of.nbuilds == 0) {
		/* That is how it should be, and all that there is to say. */
		fault_set(&t->why, RB_OK, "nothing of it is built for %s",
		    t->of.distribution);
		return RB_OK;
	}
	if ((rc = published_find(t)) != RB_OK)
		return rc;
	if ((rc = source_owner_claim(t->journal, t->settings, t->of.release,
		 t->of.component, t->name, &t->why)) != RB_OK)
		return alarm_of_owner(t, rc);
	if ((rc = offer_built(t)) != RB_OK)
		return rc;
	/* From here on every published file gets a statement. */
	return published_fetch(t);
}

enum rb_err
trip_run(struct trip *t)
{
	static const enum pass passes[] = { PASS_SOURCE, PASS_BINNMU };
	enum verdict obstacle;
	const char *reason;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	/* Without these two there is no published file to speak about. */
	if ((rc = stage_index(t)) != RB_OK)
		return rc;
	rc = t->of.release == NULL ? stage_source(t) : prepare_source(t);
	if (rc != RB_OK && t->obstacle == 0)
		return rc;
	/* What stops one pass does not stop the other. */
	obstacle = t->obstacle;
	reason = t->reason;
	for (i = 0; i < sizeof(passes) / sizeof(passes[0]); i++) {
		if (!has_pass(t, passes[i]))
			continue;
		pass_clear(t);
		t->obstacle = obstacle;
		t->reason = reason;
		if ((rc = pass_run(t)) != RB_OK)
			return rc;
	}
	return RB_OK;
}
