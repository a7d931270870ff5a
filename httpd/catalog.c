/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/catalog.h"

#include <pthread.h>
#include <search.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/note.h"

/* All packages of one component in one distribution. */
struct cell {
	char *component, *distribution; /* owned */
	struct catalog_entry *first;    /* owned */
};

struct catalog {
	pthread_mutex_t lock; /* guards all that follows */
	void *cells; /* tsearch(3) over struct cell, owned */
	size_t n;
	uint64_t leaves;
	bool was_full; /* and a note says so */
};

static int
compare(const void *a, const void *b)
{
	const struct cell *x = a, *y = b;
	int r = strcmp(x->component, y->component);

	return r != 0 ? r : strcmp(x->distribution, y->distribution);
}

static void
entry_free(struct catalog_entry *e)
{
	free(e->package);
	free(e->arch);
	free(e->suite);
	free(e->version);
	free(e->tag);
	free(e->reason);
	free(e);
}

static void
cell_free(void *p)
{
	struct cell *cell = p;
	struct catalog_entry *e;

	if (cell == NULL)
		return;
	while ((e = cell->first) != NULL) {
		cell->first = e->next;
		entry_free(e);
	}
	free(cell->component);
	free(cell->distribution);
	free(cell);
}

enum rb_err
catalog_new(struct catalog **out)
{
	struct catalog *c = calloc(1, sizeof(*c));

	if (c == NULL)
		return RB_ENOMEM;
	if (pthread_mutex_init(&c->lock, NULL) != 0)
		abort();
	*out = c;
	return RB_OK;
}

void
catalog_free(struct catalog **c)
{
	if (*c == NULL)
		return;
	tdestroy((*c)->cells, cell_free);
	free(*c);
	*c = NULL;
}

void
catalog_lock(struct catalog *c)
{
	if (pthread_mutex_lock(&c->lock) != 0)
		abort();
}

void
catalog_unlock(struct catalog *c)
{
	if (pthread_mutex_unlock(&c->lock) != 0)
		abort();
}

static struct cell *
find_cell(const struct catalog *c, const char *component,
    const char *distribution)
{
	const struct cell key = { (char *)(uintptr_t)component,
		(char *)(uintptr_t)distribution, NULL }; /* only compared */
	struct cell **found = tfind(&key, &c->cells, compare);

	return found == NULL ? NULL : *found;
}

static enum rb_err
get_cell(struct catalog *c, const struct statement *s, struct cell **out)
{
	struct cell *cell = find_cell(c, s->source.name,
	    s->environment.distribution);

	if (cell == NULL) {
		if ((cell = calloc(1, sizeof(*cell))) == NULL)
			return RB_ENOMEM;
		cell->component = strdup(s->source.name);
		cell->distribution = strdup(s->environment.distribution);
		if (cell->component == NULL || cell->distribution == NULL ||
		    tsearch(cell, &c->cells, compare) == NULL) {
			cell_free(cell);
			return RB_ENOMEM;
		}
	}
	*out = cell;
	return RB_OK;
}

static char *
copy(const char *text)
{
	return strdup(text == NULL ? "" : text);
}

static enum rb_err
entry_new(uint64_t leaf, const struct statement *s, struct catalog_entry **out)
{
	struct catalog_entry *e = calloc(1, sizeof(*e));

	if (e == NULL)
		return RB_ENOMEM;
	e->leaf = leaf;
	e->package = copy(s->published.name);
	e->arch = copy(s->published.arch);
	e->suite = copy(s->published.suite);
	e->version = copy(s->published.version);
	e->tag = copy(s->source.tag);
	e->verdict = s->verdict;
	e->reason = s->reason == NULL ? NULL : strdup(s->reason);
	e->finished = s->finished;
	if (e->package == NULL || e->arch == NULL || e->suite == NULL ||
	    e->version == NULL || e->tag == NULL ||
	    (s->reason != NULL && e->reason == NULL)) {
		entry_free(e);
		return RB_ENOMEM;
	}
	*out = e;
	return RB_OK;
}

static bool
is_same(const struct catalog_entry *a, const struct catalog_entry *b)
{
	return strcmp(a->package, b->package) == 0 &&
	    strcmp(a->arch, b->arch) == 0 && strcmp(a->suite, b->suite) == 0;
}

/* The lock is held. */
static enum rb_err
add(struct catalog *c, uint64_t leaf, const struct statement *s)
{
	struct catalog_entry *e = NULL, **at;
	struct cell *cell = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if (s->source.tag == NULL || s->source.name == NULL ||
	    s->environment.distribution == NULL)
		return RB_OK;
	if ((rc = get_cell(c, s, &cell)) != RB_OK ||
	    (rc = entry_new(leaf, s, &e)) != RB_OK)
		return rc;
	for (at = &cell->first; *at != NULL && !is_same(*at, e);
	    at = &(*at)->next)
		;
	if (*at == NULL && c->n == CATALOG_MAX) {
		if (!c->was_full)
			note(NOTE_WARN,
			    "the release table leaves out what came behind %d "
			    "packages",
			    CATALOG_MAX);
		c->was_full = true;
		entry_free(e);
		return RB_OK;
	}
	if (*at == NULL) {
		c->n++;
	} else {
		e->next = (*at)->next;
		entry_free(*at);
	}
	*at = e;
	return RB_OK;
}

enum rb_err
catalog_add(struct catalog *c, uint64_t leaf, const struct statement *s)
{
	enum rb_err rc = RB_EINTERNAL;

	catalog_lock(c);
	rc = add(c, leaf, s);
	catalog_unlock(c);
	return rc;
}

/* The lock is held.  A leaf that cannot be read is on its own page. */
static enum rb_err
read_one(struct catalog *c, const struct view *v)
{
	struct statement s;
	enum rb_err rc = RB_EINTERNAL;

	statement_init(&s);
	rc = view_statement(v, c->leaves, &s, NULL);
	if (rc == RB_OK)
		rc = add(c, c->leaves, &s);
	else if (rc != RB_ENOMEM)
		rc = RB_OK;
	statement_clear(&s);
	if (rc == RB_OK)
		c->leaves++;
	return rc;
}

enum rb_err
catalog_read(struct catalog *c, struct store *store, size_t max, bool *more)
{
	struct view v = VIEW_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = view_open(store, &v)) != RB_OK)
		return rc;
	catalog_lock(c);
	while (rc == RB_OK && max-- > 0 && c->leaves < v.head.size)
		rc = read_one(c, &v);
	*more = rc == RB_OK && c->leaves < v.head.size;
	catalog_unlock(c);
	view_close(&v);
	return rc;
}

const struct catalog_entry *
catalog_find(const struct catalog *c, const char *component,
    const char *distribution)
{
	const struct cell *cell = find_cell(c, component, distribution);

	return cell == NULL ? NULL : cell->first;
}

uint64_t
catalog_leaves(const struct catalog *c)
{
	return c->leaves;
}
