/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "rebuilder/verdict.h"

/* Copies texts; the first that fails sticks. */
struct copier {
	enum rb_err rc;
};

static void
copy(struct copier *c, char **to, const char *from)
{
	if (c->rc == RB_OK && from != NULL && (*to = strdup(from)) == NULL)
		c->rc = RB_ENOMEM;
}

static void
set_digest(struct maybe_digest *to, const struct digest *from)
{
	to->is_set = true;
	to->value = *from;
}

static void
fill_published(struct copier *c, const struct listed *item, struct statement *s)
{
	const char *slash = strrchr(item->path, '/');

	copy(c, &s->published.file, slash == NULL ? item->path : slash + 1);
	copy(c, &s->published.repository, item->from->name);
	copy(c, &s->published.suite, item->from->suite);
	copy(c, &s->published.path, item->path);
	copy(c, &s->published.name, item->name);
	copy(c, &s->published.version, item->version);
	copy(c, &s->published.arch, item->arch);
	s->published.size = item->size;
	s->published.sha256 = item->sha256;
	s->published.metadata = item->from->index.metadata;
	s->published.seen = item->from->index.seen;
}

static int
compare_texts(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static void
fill_tag(struct copier *c, const struct trip *t, struct statement *s)
{
	const struct tagged *g = &t->of.tagged;
	size_t i;

	copy(c, &s->source.kind, "git-tag");
	copy(c, &s->source.repository, t->of.component->url);
	copy(c, &s->source.name, t->of.component->name);
	copy(c, &s->source.version, t->source.version);
	copy(c, &s->source.tag, g->tag);
	copy(c, &s->source.tag_object, g->tag_object);
	copy(c, &s->source.commit, g->commit);
	set_digest(&s->source.tag_sha256, &g->tag_sha256);
	set_digest(&s->source.tree_sha256, &g->tree_sha256);
	/* More than fit are named by the first; the threshold is below. */
	for (i = 0; i < g->nsigners && i < STATEMENT_SIGNERS_MAX; i++)
		copy(c, &s->source.signers[i], g->signers[i]);
	s->source.nsigners = i;
	if (c->rc == RB_OK)
		qsort(s->source.signers, i, sizeof(s->source.signers[0]),
		    compare_texts);
	s->source.threshold = g->threshold;
}

static void
fill_source(struct copier *c, const struct trip *t, struct statement *s)
{
	if (t->of.release != NULL) {
		fill_tag(c, t, s);
		return;
	}
	copy(c, &s->source.kind, "debian-source");
	copy(c, &s->source.repository, t->base.name);
	copy(c, &s->source.name, t->name);
	copy(c, &s->source.version, t->source.version);
	set_digest(&s->source.dsc, &t->source.dsc_sha256);
}

static void
fill_environment(struct copier *c, const struct trip *t, struct statement *s)
{
	copy(c, &s->environment.release,
	    t->of.release == NULL ? t->base.suite : t->of.release->name);
	copy(c, &s->environment.distribution,
	    t->of.release == NULL ? t->base.name : t->of.distribution);
	copy(c, &s->environment.arch, t->base.architecture);
	copy(c, &s->environment.recipe, "deb");
	if (t->inputs.are_known) {
		set_digest(&s->inputs.sha256, &t->inputs.text);
		s->inputs.count = t->inputs.count;
	}
	if (t->environment.is_known)
		set_digest(&s->environment.layer, &t->environment.layer);
	if (t->buildinfo.is_known) {
		set_digest(&s->environment.buildinfo, &t->buildinfo.sha256);
		copy(c, &s->environment.equal,
		    t->buildinfo.is_equal ? "yes" : "no");
	}
	if (!t->build.is_known)
		return;
	set_digest(&s->environment.recipe_sha256, &t->environment.recipe);
	copy(c, &s->machine.kind, t->build.kind);
	copy(c, &s->machine.clock, t->build.clock);
	copy(c, &s->machine.network, "none");
	s->machine.image = t->build.image;
	s->machine.kernel = t->build.kernel;
}

enum rb_err
verdict_statement(const struct trip *t, const struct finding *f,
    uint64_t attempt, struct statement *out)
{
	struct copier c = { RB_OK };

	statement_init(out);
	out->verdict = f->verdict;
	out->attempt = attempt;
	copy(&c, &out->reason, f->reason);
	fill_published(&c, f->published, out);
	if (f->verdict == VERDICT_REPRODUCED || f->verdict == VERDICT_DIFFERS) {
		if (f->verdict == VERDICT_REPRODUCED)
			out->rebuilt.compared = COMPARED_IDENTICAL;
		set_digest(&out->rebuilt.sha256, &f->rebuilt);
		out->rebuilt.size = f->rebuilt_size;
	}
	fill_source(&c, t, out);
	fill_environment(&c, t, out);
	copy(&c, &out->builder.node, t->node->name);
	copy(&c, &out->builder.version, RB_VERSION);
	out->builder.program = *t->program;
	out->started = t->started;
	out->finished = time(NULL);
	/* A clock that was set back must not make a statement nonsense. */
	if (out->finished < out->started)
		out->finished = out->started;
	out->log = t->build.log;
	out->difference = f->difference;
	return c.rc;
}
