/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/release_table.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

const struct catalog_entry *
release_entry(const struct release_component *c, const struct catalog_entry *at)
{
	while (at != NULL && (c->tag == NULL || strcmp(at->tag, c->tag) != 0))
		at = at->next;
	return at;
}

/* jansson sticks on nothing: a NULL that is set makes the call fail. */
static void
set(json_t *object, const char *key, json_t *value, enum rb_err *rc)
{
	if (json_object_set_new(object, key, value) != 0)
		*rc = RB_ENOMEM;
}

static void
append(json_t *array, json_t *value, enum rb_err *rc)
{
	if (json_array_append_new(array, value) != 0)
		*rc = RB_ENOMEM;
}

static json_t *
text_or_null(const char *text)
{
	return text == NULL ? json_null() : json_string(text);
}

static json_t *
texts(char *const *list, size_t n, enum rb_err *rc)
{
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < n; i++)
		append(array, json_string(list[i]), rc);
	return array;
}

static json_t *
packages(const struct release_table *t, const struct release_component *c,
    const char *distribution, enum rb_err *rc)
{
	const struct catalog_entry *e;
	json_t *array = json_array(), *o;

	e = release_entry(c, catalog_find(t->catalog, c->name, distribution));
	for (; e != NULL; e = release_entry(c, e->next)) {
		o = json_object();
		set(o, "name", json_string(e->package), rc);
		set(o, "version", json_string(e->version), rc);
		set(o, "arch", json_string(e->arch), rc);
		set(o, "suite", json_string(e->suite), rc);
		set(o, "verdict", json_string(verdict_name(e->verdict)), rc);
		set(o, "reason", text_or_null(e->reason), rc);
		set(o, "finished", json_integer(e->finished), rc);
		set(o, "leaf", json_integer((json_int_t)e->leaf), rc);
		append(array, o, rc);
	}
	return array;
}

static json_t *
component(const struct release_table *t, const struct release_component *c,
    enum rb_err *rc)
{
	json_t *o = json_object(), *builds = json_array(), *b;
	size_t i;

	for (i = 0; i < c->nbuilds; i++) {
		b = json_object();
		set(b, "distribution", json_string(c->builds[i].distribution),
		    rc);
		set(b, "state", json_string(c->builds[i].state), rc);
		set(b, "note", text_or_null(c->builds[i].note), rc);
		set(b, "packages",
		    packages(t, c, c->builds[i].distribution, rc), rc);
		append(builds, b, rc);
	}
	set(o, "name", json_string(c->name), rc);
	set(o, "tag", text_or_null(c->tag), rc);
	set(o, "state", json_string(c->state), rc);
	set(o, "note", text_or_null(c->note), rc);
	set(o, "alarms", texts(c->alarms, c->nalarms, rc), rc);
	set(o, "builds", builds, rc);
	return o;
}

enum rb_err
release_table_json(const struct release_table *t, struct buf *out)
{
	const struct release_doc *d = t->doc;
	json_t *o = json_object(), *components = json_array();
	char *text = NULL;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < d->ncomponents; i++)
		append(components, component(t, &d->components[i], &rc), &rc);
	set(o, "name", json_string(d->name), &rc);
	set(o, "told", json_integer((json_int_t)d->time), &rc);
	set(o, "leaves", json_integer((json_int_t)catalog_leaves(t->catalog)),
	    &rc);
	set(o, "distributions", texts(d->distributions, d->ndistributions, &rc),
	    &rc);
	set(o, "components", components, &rc);
	if (rc == RB_OK && (text = json_dumps(o, JSON_COMPACT)) == NULL)
		rc = RB_ENOMEM;
	if (rc == RB_OK)
		rc = buf_put_str(out, text);
	free(text);
	json_decref(o);
	return rc;
}
