/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/watch_tell.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rebuilder/component_state.h"
#include "rebuilder/job_alarms.h"

static enum rb_err
copy(const char *text, char **out)
{
	*out = strdup(text);
	return *out == NULL ? RB_ENOMEM : RB_OK;
}

static const char *
state_of(const struct component *c, const struct component_state *s,
    const char *trouble)
{
	if (c->mode == VERIFY_NOTHING)
		return "unchecked";
	if (s->refusal != NULL)
		return "unverified";
	if (trouble != NULL)
		return "unreachable";
	return c->packages ? "watched" : "source-only";
}

static enum rb_err
fill_job(const struct watch_setting *s, const char *target,
    struct release_build *b)
{
	struct job_record r;
	enum rb_err rc = RB_EINTERNAL;

	job_record_init(&r);
	rc = jobs_record(s->jobs, target, &r);
	if (rc == RB_ENOTFOUND)
		return copy("idle", &b->state);
	if (rc == RB_OK)
		rc = copy(jobs_is_blocked(s->jobs, target) ?
			"blocked" :
			job_state_name(r.state),
		    &b->state);
	if (rc == RB_OK && r.why != NULL)
		rc = copy(r.why, &b->note);
	job_record_clear(&r);
	return rc;
}

static enum rb_err
fill_build(const struct watch_setting *s, const struct component *c,
    const char *tag, const char *distribution, struct release_build *b)
{
	struct buf target = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = copy(distribution, &b->distribution)) != RB_OK)
		return rc;
	if (tag == NULL)
		return copy("none", &b->state);
	if ((rc = buf_printf(&target, "%s@%s/%s", c->name, tag,
		 distribution)) == RB_OK &&
	    (rc = buf_put_byte(&target, 0)) == RB_OK)
		rc = fill_job(s, (const char *)target.p, b);
	buf_clear(&target);
	return rc;
}

static enum rb_err
fill_builds(const struct watch_setting *s, const struct release *r,
    const struct component *c, struct release_component *out)
{
	size_t i;
	enum rb_err rc = RB_OK;

	if (!c->packages)
		return RB_OK;
	out->builds = calloc(r->ndistributions + 1, sizeof(*out->builds));
	if (out->builds == NULL)
		return RB_ENOMEM;
	for (i = 0; i < r->ndistributions && rc == RB_OK; i++) {
		out->nbuilds++;
		rc = fill_build(s, c, out->tag, r->distributions[i],
		    &out->builds[i]);
	}
	return rc;
}

static enum rb_err
copy_alarm(const char *sentence, struct release_component *out)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = copy(sentence, &out->alarms[out->nalarms])) == RB_OK)
		out->nalarms++;
	return rc;
}

static enum rb_err
copy_alarms(const struct alarms *a, struct release_component *out)
{
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < a->n && rc == RB_OK; i++)
		rc = copy_alarm(a->list[i].sentence, out);
	if (rc == RB_OK && a->has_more)
		rc = copy_alarm("and more, which are not kept here: see the "
				"system's journal",
		    out);
	return rc;
}

/* Those that its refs raised, and those of its jobs. */
static enum rb_err
fill_alarms(struct journal *j, const struct component_state *s,
    struct release_component *out)
{
	struct alarms jobs = ALARMS_INIT;
	bool is_new;
	enum rb_err rc = RB_EINTERNAL;

	rc = job_alarms_get(j, out->name, &jobs);
	if (rc == RB_EFORMAT || rc == RB_ELIMIT)
		rc = alarms_add(&jobs, 0,
		    "the alarms that its jobs raised cannot be read; put the "
		    "node's journal back from a copy",
		    &is_new);
	if (rc != RB_OK)
		return rc;
	/* Of either, one more may say that there were more. */
	out->alarms = calloc(s->alarms.n + jobs.n + 2, sizeof(*out->alarms));
	if (out->alarms == NULL)
		rc = RB_ENOMEM;
	if (rc == RB_OK)
		rc = copy_alarms(&s->alarms, out);
	if (rc == RB_OK)
		rc = copy_alarms(&jobs, out);
	alarms_clear(&jobs);
	return rc;
}

static enum rb_err
fill_component(const struct watch_setting *s, const struct release *r,
    const struct component *c, const char *trouble,
    struct release_component *out)
{
	struct component_state state;
	enum rb_err rc = RB_EINTERNAL;

	component_state_init(&state);
	if ((rc = component_state_see(s->journal, c->name, &state)) != RB_OK)
		return rc;
	if ((rc = copy(c->name, &out->name)) == RB_OK &&
	    (rc = copy(state_of(c, &state, trouble), &out->state)) == RB_OK &&
	    state.is_accepted && state.accepted.tag != NULL)
		rc = copy(state.accepted.tag, &out->tag);
	if (rc == RB_OK && state.refusal != NULL)
		rc = copy(state.refusal, &out->note);
	else if (rc == RB_OK && trouble != NULL)
		rc = copy(trouble, &out->note);
	if (rc == RB_OK && (rc = fill_alarms(s->journal, &state, out)) == RB_OK)
		rc = fill_builds(s, r, c, out);
	component_state_clear(&state);
	return rc;
}

static enum rb_err
fill_distributions(const struct release *r, struct release_doc *out)
{
	enum rb_err rc = RB_OK;

	out->distributions = calloc(r->ndistributions + 1,
	    sizeof(*out->distributions));
	if (out->distributions == NULL)
		return RB_ENOMEM;
	while (out->ndistributions < r->ndistributions && rc == RB_OK) {
		rc = copy(r->distributions[out->ndistributions],
		    &out->distributions[out->ndistributions]);
		if (rc == RB_OK)
			out->ndistributions++;
	}
	return rc;
}

enum rb_err
watch_doc(const struct watch_setting *s, const struct release *r,
    const struct watch_trouble *t, struct release_doc *out, uint64_t *alarms)
{
	struct release_doc d;
	uint64_t n = 0;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	release_doc_init(&d);
	d.time = (uint64_t)time(NULL);
	if ((rc = copy(r->name, &d.name)) != RB_OK ||
	    (rc = fill_distributions(r, &d)) != RB_OK)
		goto out;
	if ((d.components = calloc(r->n + 1, sizeof(*d.components))) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (i = 0; i < r->n; i++) {
		d.ncomponents++;
		rc = fill_component(s, r, &r->list[i],
		    t->of(t->self, r->list[i].name), &d.components[i]);
		if (rc != RB_OK)
			goto out;
		n += d.components[i].nalarms;
	}
	*alarms = n;
	*out = d;
	release_doc_init(&d); /* now the caller's */
	rc = RB_OK;
out:
	release_doc_clear(&d);
	return rc;
}
