/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/watch_jobs.h"

#include <stdlib.h>

#include "rebuilder/component_state.h"

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
		rc = component_state_get(s->journal, before->name, &state);
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
