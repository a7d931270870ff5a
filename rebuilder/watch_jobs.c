/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/watch_jobs.h"

#include <stdlib.h>

#include "rebuilder/component_state.h"
#include "rebuilder/target.h"

/* Between two looks at what had not been published yet. */
#define AGAIN_SECONDS (6 * 3600)

/* The targets of one job's predecessors; ended by NULL. */
struct names {
	char **list; /* owned, each owned */
	size_t n;
};

static void
names_clear(struct names *x)
{
	while (x->n > 0)
		free(x->list[--x->n]);
	free(x->list);
	x->list = NULL;
}

static enum rb_err
name_target(const char *component, const char *tag, const char *distribution,
    char **out)
{
	struct buf text = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(&text, "%s@%s/%s", component, tag,
		 distribution)) == RB_OK)
		rc = str_dup_span(buf_span(&text), out);
	buf_clear(&text);
	return rc;
}

enum rb_err
watch_check_jobs(const struct release *r, const struct component *c,
    const char *tag, struct fault *why)
{
	struct target target;
	char *name = NULL;
	size_t i;
	enum rb_err rc = RB_OK;

	if (!c->packages || tag == NULL)
		return RB_OK;
	for (i = 0; i < r->ndistributions && rc == RB_OK; i++) {
		rc = name_target(c->name, tag, r->distributions[i], &name);
		if (rc == RB_OK &&
		    (rc = target_parse(name, &target, NULL)) != RB_OK)
			rc = fault_set(why, RB_EREFUSED,
			    "%s: tag %s is signed, but no job can have this "
			    "name: letters, digits and + - . _ ~ alone, and "
			    "%d bytes with component and distribution",
			    c->name, tag, TARGET_MAX - 1);
		free(name);
		name = NULL;
	}
	return rc;
}

static enum rb_err
name_predecessors(const struct watch_setting *s, const struct release *r,
    const struct component *c, const char *distribution, struct names *out)
{
	struct component_state state;
	const struct component *before;
	enum rb_err rc = RB_OK;

	out->list = calloc(r->n + 1, sizeof(*out->list));
	if (out->list == NULL)
		return RB_ENOMEM;
	for (before = r->list; before != c && rc == RB_OK; before++) {
		if (!before->packages)
			continue;
		rc = component_state_see(s->journal, before->name, &state);
		if (rc != RB_OK)
			return rc;
		if (state.is_accepted && state.accepted.tag != NULL &&
		    (rc = name_target(before->name, state.accepted.tag,
			 distribution, &out->list[out->n])) == RB_OK)
			out->n++;
		component_state_clear(&state);
	}
	return rc;
}

static enum rb_err
add_job(const struct watch_setting *s, const struct release *r,
    const struct component *c, const char *tag, const char *distribution,
    struct fault *why)
{
	struct names before = { NULL, 0 };
	struct wish wish = { NULL, false, JOB_PRIORITY_WATCH, NULL };
	char *target = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = name_predecessors(s, r, c, distribution, &before)) != RB_OK ||
	    (rc = name_target(c->name, tag, distribution, &target)) != RB_OK)
		goto out;
	wish.target = target;
	wish.after = (const char *const *)before.list;
	rc = jobs_add(s->jobs, &wish, 1, -1, why);
out:
	names_clear(&before);
	free(target);
	return rc;
}

enum rb_err
watch_add_jobs(const struct watch_setting *s, const struct release *r,
    const struct component *c, const char *tag, struct fault *why)
{
	size_t i;
	enum rb_err rc = RB_OK;

	if (!c->packages || tag == NULL)
		return RB_OK;
	for (i = 0; i < r->ndistributions && rc == RB_OK; i++)
		rc = add_job(s, r, c, tag, r->distributions[i], why);
	return rc;
}

/* Whether no job of that name does what it is for, or has done it. */
static enum rb_err
is_missing(const struct watch_setting *s, const char *component,
    const char *tag, const char *distribution, int64_t now, bool *out)
{
	struct job_record job;
	char *target = NULL;
	enum rb_err rc = RB_EINTERNAL;

	job_record_init(&job);
	*out = false;
	if ((rc = name_target(component, tag, distribution, &target)) != RB_OK)
		return rc;
	rc = jobs_record(s->jobs, target, &job);
	if (rc == RB_ENOTFOUND) {
		*out = true;
		rc = RB_OK;
	} else if (rc == RB_OK)
		/* A clock that was set back makes nobody wait. */
		*out = job.state == JOB_DONE && job.outcome == JOB_NOT_TRIED &&
		    (job.ended > now || now - job.ended >= AGAIN_SECONDS);
	job_record_clear(&job);
	free(target);
	return rc;
}

static enum rb_err
renew_jobs(const struct watch_setting *s, const struct release *r,
    const struct component *c, const char *tag, int64_t now)
{
	struct fault why = FAULT_INIT;
	bool missing = false;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < r->ndistributions && rc == RB_OK; i++) {
		rc = is_missing(s, c->name, tag, r->distributions[i], now,
		    &missing);
		if (rc == RB_OK && missing)
			rc = add_job(s, r, c, tag, r->distributions[i], &why);
	}
	return rc;
}

enum rb_err
watch_renew_jobs(const struct watch_setting *s, const struct release *r,
    int64_t now)
{
	struct component_state state;
	const struct component *c;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < r->n; i++) {
		c = &r->list[i];
		if (!c->packages || c->mode == VERIFY_NOTHING)
			continue;
		rc = component_state_get(s->journal, c->name, &state);
		if (rc == RB_ENOMEM)
			return rc;
		if (rc != RB_OK)
			continue; /* its own round says so */
		if (state.is_accepted && state.accepted.tag != NULL)
			rc = renew_jobs(s, r, c, state.accepted.tag, now);
		component_state_clear(&state);
		if (rc == RB_ENOMEM)
			return rc;
	}
	return RB_OK;
}
