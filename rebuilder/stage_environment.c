/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/log_keep.h"
#include "rebuilder/recipe.h"
#include "rebuilder/run.h"
#include "rebuilder/trip.h"

/*
 * environment: a root file system made of the inputs alone, as a layer
 * known by digest.  The base group is one layer that all builds share; what
 * a build adds makes another layer above it.  Each is made once.
 */

#define JUDGE_SECONDS 1800
#define NUMBER_LEN 24

/* What one layer is made of. */
struct making {
	const struct digest *below; /* NULL: from nothing */
	const struct digest *index; /* stanzas of its packages */
	bool is_base;
};

static enum rb_err
layer_key(const struct trip *t, const struct making *m, struct digest *out)
{
	struct memory_key k = MEMORY_KEY_INIT;
	struct digest recipe = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = recipe_digest("environment", &recipe)) != RB_OK)
		return rc;
	memory_key_text(&k, "layer");
	memory_key_digest(&k, t->program);
	memory_key_digest(&k, &recipe);
	memory_key_digest(&k, m->index);
	if (m->below != NULL)
		memory_key_digest(&k, m->below);
	memory_key_text(&k, t->settings->machine.kind);
	memory_key_text(&k, t->base.architecture);
	memory_key_text(&k, t->base.suite);
	memory_key_number(&k, (uint64_t)t->base.index.date);
	return memory_key_end(&k, out);
}

static enum rb_err
recall(struct trip *t, const struct digest *key, struct digest *layer)
{
	struct digest found = DIGEST_INIT;
	struct buf value = BUF_INIT;
	struct span in;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = journal_recall(t->journal, key, &value)) != RB_OK)
		return rc;
	in = buf_span(&value);
	if ((rc = take_digest(&in, &found)) == RB_OK &&
	    (rc = take_end(in)) == RB_OK) {
		if (depot_has(t->depot, &found))
			*layer = found;
		else
			rc = RB_ENOTFOUND;
	}
	buf_clear(&value);
	return rc;
}

/* Has the judge write the root out again in canonical form. */
static enum rb_err
take_layer(struct trip *t, const struct run_result *r, const struct output *tar,
    struct digest *layer)
{
	struct msg question, answer;
	struct digest said = DIGEST_INIT, found = DIGEST_INIT;
	struct span in;
	uint64_t size = 0;
	int out = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_LAYER);
	msg_init(&answer, 0);
	if ((rc = put_u64(&question.body, tar->offset)) != RB_OK ||
	    (rc = put_u64(&question.body, tar->len)) != RB_OK ||
	    (rc = put_u64(&question.body, (uint64_t)t->base.index.date)) !=
		RB_OK ||
	    (rc = depot_scratch(t->depot, &out)) != RB_OK ||
	    (rc = ask_add_copy(&question, r->output)) != RB_OK ||
	    (rc = ask_add_copy(&question, out)) != RB_OK)
		goto out;
	if ((rc = ask_role("rebuilder-judge", &question, JUDGE_OK,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	in = buf_span(&answer.body);
	if ((rc = take_u64(&in, &size)) != RB_OK ||
	    (rc = take_digest(&in, &said)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK ||
	    (rc = depot_add(t->depot, out, &found)) != RB_OK)
		goto out;
	if (!digest_equal(&said, &found)) {
		rc = fault_set(&t->why, RB_EDIGEST,
		    "rebuilder-judge wrote "
		    "another layer than it said");
		goto out;
	}
	*layer = found;
	rc = RB_OK;
out:
	fd_close(&out);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* The index and the packages of one group, as files of the machine. */
static enum rb_err
list_files(const struct trip *t, const struct making *m, struct run_file **out,
    size_t *n)
{
	const struct listed *item;
	struct run_file *files;
	const char *slash;
	size_t i, used = 0;

	files = calloc(t->inputs.list.n + 1, sizeof(*files));
	if (files == NULL)
		return RB_ENOMEM;
	files[used].name = "Packages";
	files[used++].sha256 = *m->index;
	for (i = 0; i < t->inputs.list.n; i++) {
		item = &t->inputs.list.list[i];
		if (item->is_base != m->is_base)
			continue;
		slash = strrchr(item->path, '/');
		files[used].name = slash == NULL ? item->path : slash + 1;
		files[used++].sha256 = item->sha256;
	}
	*out = files;
	*n = used;
	return RB_OK;
}

static enum rb_err
make(struct trip *t, const struct making *m, struct digest *layer)
{
	char epoch[NUMBER_LEN];
	const char *parameters[] = {
		"suite",
		t->base.suite,
		"arch",
		t->base.architecture,
		"epoch",
		epoch,
		NULL,
	};
	struct run run = { "environment", m->below, parameters, NULL, 0, 0 };
	struct run_file *files = NULL;
	struct run_result r;
	const struct output *tar;
	enum rb_err rc = RB_EINTERNAL;

	run_result_init(&r);
	snprintf(epoch, sizeof(epoch), "%" PRId64, t->base.index.date);
	if ((rc = list_files(t, m, &files, &run.nfiles)) != RB_OK)
		goto out;
	run.files = files;
	trip_tell(t,
	    m->is_base ? "making base environment" : "making environment", 0, 0,
	    "");
	if ((rc = run_machine(t, &run, &r)) != RB_OK)
		goto out;
	if (r.end == MACHINE_UNAVAILABLE) {
		fault_set(&t->why, RB_EREFUSED, "machine: %s", r.detail);
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "machine");
		goto out;
	}
	tar = run_find(r.outputs, r.noutputs, "layer.tar");
	if (r.end != MACHINE_DONE || !r.is_stream || r.status != 0 ||
	    tar == NULL) {
		if ((rc = log_keep(t->depot, r.log, &t->build.log)) != RB_OK)
			goto out;
		fault_set(&t->why, RB_EREFUSED,
		    "the environment of %s %s "
		    "could not be made; its log says why",
		    t->name, t->source.version);
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "environment");
		goto out;
	}
	if ((rc = take_layer(t, &r, tar, layer)) == RB_EREFUSED)
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "environment");
out:
	free(files);
	run_result_clear(&r);
	return rc;
}

static enum rb_err
make_once(struct trip *t, const struct making *m, struct digest *layer)
{
	struct digest key = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = layer_key(t, m, &key)) != RB_OK)
		return rc;
	if ((rc = recall(t, &key, layer)) != RB_ENOTFOUND)
		return rc;
	if ((rc = make(t, m, layer)) != RB_OK)
		return rc;
	return journal_remember(t->journal, &key, digest_span(layer));
}

static bool
adds_to_base(const struct trip *t)
{
	size_t i;

	for (i = 0; i < t->inputs.list.n; i++)
		if (!t->inputs.list.list[i].is_base)
			return true;
	return false;
}

enum rb_err
stage_environment(struct trip *t)
{
	struct making making = { NULL, &t->inputs.base, true };
	struct digest base = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = make_once(t, &making, &base)) != RB_OK)
		return rc;
	t->environment.layer = base;
	if (adds_to_base(t)) {
		making.below = &base;
		making.index = &t->inputs.build;
		making.is_base = false;
		if ((rc = make_once(t, &making, &t->environment.layer)) !=
		    RB_OK)
			return rc;
	}
	t->environment.is_known = true;
	return RB_OK;
}
