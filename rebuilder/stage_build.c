/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rebuilder/log_keep.h"
#include "rebuilder/recipe.h"
#include "rebuilder/run.h"
#include "rebuilder/trip.h"

/*
 * build: one run of the deb recipe in one machine.  What the guest claims
 * about it decides nothing but how a failure is called.
 */

#define NUMBER_LEN 24

static enum rb_err
failed(struct trip *t, const char *reason, const char *sentence)
{
	fault_set(&t->why, RB_EREFUSED, "%s %s: %s", t->name, t->source.version,
	    sentence);
	return trip_obstacle(t, VERDICT_FAILED, reason);
}

static enum rb_err
judge_end(struct trip *t, const struct run_result *r)
{
	switch (r->end) {
	case MACHINE_DONE:
		if (!r->is_stream)
			return failed(t, "output-format",
			    "what the machine "
			    "gave back is not an output stream");
		if (r->status != 0)
			return failed(t, "build",
			    "the build failed; its log "
			    "says why");
		return RB_OK;
	case MACHINE_TIMEOUT:
		return failed(t, "timeout",
		    "the build took longer than "
		    "machine.timeout allows");
	case MACHINE_OUTPUT_LIMIT:
		return failed(t, "output-limit",
		    "the build left more than "
		    "machine.output allows");
	case MACHINE_LOG_LIMIT:
		return failed(t, "log-limit",
		    "the build printed more than "
		    "machine.log allows");
	case MACHINE_CRASHED:
		return failed(t, "crashed", r->detail);
	case MACHINE_UNAVAILABLE:
		fault_set(&t->why, RB_EREFUSED, "machine: %s", r->detail);
		return trip_obstacle(t, VERDICT_UNAVAILABLE, "machine");
	}
	return RB_EINTERNAL;
}

/* What the statement will say about the machine. */
static enum rb_err
keep_result(struct trip *t, struct run_result *r)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = log_keep(t->depot, r->log, &t->build.log)) != RB_OK)
		return rc;
	t->build.kind = r->kind;
	t->build.clock = r->clock;
	t->build.image = r->image;
	t->build.kernel = r->kernel;
	t->build.fd = r->output;
	t->build.outputs = r->outputs;
	t->build.noutputs = r->noutputs;
	t->build.is_known = true;
	r->kind = NULL; /* now the trip's, as what follows */
	r->clock = NULL;
	r->output = -1;
	r->outputs = NULL;
	r->noutputs = 0;
	return RB_OK;
}

/*
 * As the publisher built it: all packages, or only those of one kind when no
 * published file of this pass is of the other.
 */
static const char *
choose_build(const struct trip *t)
{
	const struct buildinfo_followed *b = &t->buildinfo;
	const struct listed *item;
	bool has_one = false, has_all = false, is_all;
	size_t i;

	for (i = 0; i < t->published.n; i++) {
		item = &t->published.list[i];
		if (!trip_concerns(t, item))
			continue;
		is_all = strcmp(item->arch, "all") == 0;
		has_all |= is_all;
		has_one |= !is_all;
	}
	if (!has_all &&
	    (t->pass == PASS_BINNMU || (b->is_known && !b->built_for_all)))
		return "any";
	if (!has_one && b->is_known && !b->built_for_one)
		return "all";
	return "binary";
}

enum rb_err
stage_build(struct trip *t)
{
	char cpus[NUMBER_LEN];
	const char *parameters[] = {
		"source",
		t->name,
		"version",
		t->source.version,
		"dsc",
		t->source.dsc,
		"arch",
		t->base.architecture,
		"cpus",
		cpus,
		"build",
		choose_build(t),
		"place",
		t->buildinfo.path == NULL ? "" : t->buildinfo.path,
		"vendor",
		t->of.release == NULL ? "" : "qubes",
		"entry",
		t->changelog.is_known ? "changelog" : "",
		NULL,
	};
	struct run run = { "deb", &t->environment.layer, parameters, NULL, 0,
		0 };
	struct run_file *files = NULL;
	struct run_result r;
	size_t i;
	enum rb_err rc = RB_EINTERNAL, end = RB_EINTERNAL;

	run_result_init(&r);
	snprintf(cpus, sizeof(cpus), "%" PRIu64, t->settings->machine.cpus);
	if ((rc = recipe_digest("deb", &t->environment.recipe)) != RB_OK)
		goto out;
	if ((files = calloc(t->source.files.n + 2, sizeof(*files))) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (i = 0; i < t->source.files.n; i++) {
		files[i].name = t->source.files.list[i].name;
		files[i].sha256 = t->source.files.list[i].sha256;
	}
	run.files = files;
	/* Some programs write the day of their build into themselves. */
	run.clock = t->buildinfo.is_known ? t->buildinfo.date : 0;
	run.nfiles = t->source.files.n;
	if (t->changelog.is_known) {
		files[run.nfiles].name = "changelog";
		files[run.nfiles++].sha256 = t->changelog.text;
	}
	trip_tell(t, "building", 0, 0, "");
	if ((rc = run_machine(t, &run, &r)) != RB_OK)
		goto out;
	end = judge_end(t, &r);
	if ((rc = keep_result(t, &r)) == RB_OK)
		rc = end;
out:
	free(files);
	run_result_clear(&r);
	return rc;
}
