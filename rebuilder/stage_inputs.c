/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/attest/inputs.h"
#include "common/base/file.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/fetch.h"
#include "rebuilder/log_keep.h"
#include "rebuilder/recipe.h"
#include "rebuilder/run.h"
#include "rebuilder/trip.h"

/*
 * inputs: what the build needs besides its source.  A machine only chooses
 * names and versions; digests and places come from the signed index, and a
 * name that is not there ends the trip.
 */

#define NAME_LIMIT 256
#define PATH_LIMIT 1024
#define INPUTS_LIMIT 16384
#define RECORDS_MAX (16 * 1024 * 1024)
#define JUDGE_SECONDS 300

/*
 * What is remembered of one resolution, so that asking again costs nothing:
 * digests of three depot files.
 */
struct resolution {
	struct digest records, base, build;
};

static enum rb_err
resolution_key(const struct trip *t, struct digest *out)
{
	struct memory_key k = MEMORY_KEY_INIT;
	struct digest recipe = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = recipe_digest("resolve", &recipe)) != RB_OK)
		return rc;
	memory_key_text(&k, "resolution 2");
	memory_key_digest(&k, t->program);
	memory_key_digest(&k, &recipe);
	memory_key_digest(&k, &t->base.index.packages);
	memory_key_digest(&k, &t->source.stanza);
	memory_key_text(&k, t->base.architecture);
	memory_key_text(&k, t->base.suite);
	return memory_key_end(&k, out);
}

static enum rb_err
recall(struct trip *t, const struct digest *key, struct resolution *out)
{
	struct resolution res;
	struct buf value = BUF_INIT;
	struct span in;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = journal_recall(t->journal, key, &value)) != RB_OK)
		return rc;
	in = buf_span(&value);
	if ((rc = take_digest(&in, &res.records)) == RB_OK &&
	    (rc = take_digest(&in, &res.base)) == RB_OK &&
	    (rc = take_digest(&in, &res.build)) == RB_OK &&
	    (rc = take_end(in)) == RB_OK) {
		if (depot_has(t->depot, &res.records) &&
		    depot_has(t->depot, &res.base) &&
		    depot_has(t->depot, &res.build))
			*out = res;
		else
			rc = RB_ENOTFOUND;
	}
	buf_clear(&value);
	return rc;
}

static enum rb_err
remember(struct trip *t, const struct digest *key, const struct resolution *res)
{
	struct buf value = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_digest(&value, &res->records)) == RB_OK &&
	    (rc = put_digest(&value, &res->base)) == RB_OK &&
	    (rc = put_digest(&value, &res->build)) == RB_OK)
		rc = journal_remember(t->journal, key, buf_span(&value));
	buf_clear(&value);
	return rc;
}

/* Has the judge find every chosen package in the signed index. */
static enum rb_err
look_up(struct trip *t, const struct run_result *r, const struct output *chosen,
    struct resolution *out)
{
	struct msg question, answer;
	struct resolution res;
	int packages = -1, fds[3] = { -1, -1, -1 };
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_RESOLUTION);
	msg_init(&answer, 0);
	if ((rc = put_u64(&question.body, chosen->offset)) != RB_OK ||
	    (rc = put_u64(&question.body, chosen->len)) != RB_OK ||
	    (rc = depot_get(t->depot, &t->base.index.packages, &packages)) !=
		RB_OK ||
	    (rc = ask_add_copy(&question, r->output)) != RB_OK)
		goto out;
	for (i = 0; i < 3; i++)
		if ((rc = depot_scratch(t->depot, &fds[i])) != RB_OK ||
		    (rc = ask_add_copy(&question, fds[i])) != RB_OK)
			goto out;
	if ((rc = ask_add_copy(&question, packages)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_RESOLUTION_IS,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	if ((rc = depot_add(t->depot, fds[0], &res.records)) != RB_OK ||
	    (rc = depot_add(t->depot, fds[1], &res.base)) != RB_OK ||
	    (rc = depot_add(t->depot, fds[2], &res.build)) != RB_OK)
		goto out;
	*out = res;
	rc = RB_OK;
out:
	for (i = 0; i < 3; i++)
		fd_close(&fds[i]);
	fd_close(&packages);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

static enum rb_err
resolve(struct trip *t, struct resolution *out)
{
	const char *parameters[] = {
		"source",
		t->name,
		"version",
		t->source.version,
		"arch",
		t->base.architecture,
		"suite",
		t->base.suite,
		NULL,
	};
	const struct run_file files[] = {
		{ "Packages", t->base.index.packages },
		{ "Sources", t->source.stanza },
	};
	struct run run = { "resolve", NULL, parameters, files, 2 };
	struct run_result r;
	const struct output *chosen;
	enum rb_err rc = RB_EINTERNAL;

	run_result_init(&r);
	trip_tell(t, "resolving inputs", 0, 0, "");
	if ((rc = run_machine(t, &run, &r)) != RB_OK)
		goto out;
	if (r.end == MACHINE_UNAVAILABLE) {
		fault_set(&t->why, RB_EREFUSED, "machine: %s", r.detail);
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "machine");
		goto out;
	}
	chosen = run_find(r.outputs, r.noutputs, "resolution");
	if (r.end != MACHINE_DONE || !r.is_stream || r.status != 0 ||
	    chosen == NULL) {
		fault_set(&t->why, RB_EREFUSED,
		    "%s %s: its build "
		    "dependencies cannot be met from %s/%s",
		    t->name, t->source.version, t->base.suite,
		    t->base.component);
		if ((rc = log_keep(t->depot, r.log, &t->build.log)) != RB_OK)
			goto out;
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "dependencies");
		goto out;
	}
	if ((rc = look_up(t, &r, chosen, out)) == RB_EREFUSED)
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "dependencies");
out:
	run_result_clear(&r);
	return rc;
}

static enum rb_err
take_input(struct trip *t, struct span *in)
{
	struct listed *item;
	uint8_t group = 0, index = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((item = listing_add(&t->inputs.list)) == NULL)
		return RB_ENOMEM;
	item->from = &t->base;
	if ((rc = take_u8(in, &group)) != RB_OK ||
	    (rc = take_text(in, NAME_LIMIT, &item->name)) != RB_OK ||
	    (rc = take_text(in, NAME_LIMIT, &item->version)) != RB_OK ||
	    (rc = take_text(in, NAME_LIMIT, &item->arch)) != RB_OK ||
	    (rc = take_text(in, PATH_LIMIT, &item->path)) != RB_OK ||
	    (rc = take_u64(in, &item->size)) != RB_OK ||
	    (rc = take_digest(in, &item->sha256)) != RB_OK ||
	    (rc = take_u8(in, &index)) != RB_OK)
		return rc;
	if (index != 0) /* there is one index */
		return RB_EPEER;
	item->is_base = group == 0;
	return RB_OK;
}

static enum rb_err
read_records(struct trip *t, const struct digest *records)
{
	struct buf bytes = BUF_INIT;
	struct span in;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = depot_get(t->depot, records, &fd)) != RB_OK ||
	    (rc = file_read_fd(fd, RECORDS_MAX, &bytes)) != RB_OK)
		goto out;
	in = buf_span(&bytes);
	while (in.len > 0 && rc == RB_OK) {
		if (t->inputs.list.n == INPUTS_LIMIT)
			rc = RB_ELIMIT;
		else
			rc = take_input(t, &in);
	}
out:
	buf_clear(&bytes);
	fd_close(&fd);
	return rc;
}

/* The list that is signed: one spelling, so that nodes can compare. */
static enum rb_err
write_list(struct trip *t)
{
	struct inputs list = INPUTS_INIT;
	struct buf text = BUF_INIT, origin = BUF_INIT;
	const struct listed *item;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(&origin, "%s/%s/%s", t->base.name, t->base.suite,
		 t->base.component)) != RB_OK ||
	    (rc = buf_put_byte(&origin, 0)) != RB_OK)
		goto out;
	for (i = 0; i < t->inputs.list.n; i++) {
		item = &t->inputs.list.list[i];
		if ((rc = inputs_add(&list, "deb", item->name, item->version,
			 item->arch, (const char *)origin.p, item->size,
			 &item->sha256)) != RB_OK)
			goto out;
	}
	if ((rc = inputs_write(&list, &text)) != RB_OK)
		goto out;
	rc = depot_add_bytes(t->depot, buf_span(&text), &t->inputs.text);
out:
	inputs_clear(&list);
	buf_clear(&text);
	buf_clear(&origin);
	return rc;
}

enum rb_err
stage_inputs(struct trip *t)
{
	const struct fetch_context fetch = trip_fetch(t);
	struct resolution res = { DIGEST_INIT, DIGEST_INIT, DIGEST_INIT };
	struct digest key = DIGEST_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = resolution_key(t, &key)) != RB_OK)
		return rc;
	rc = recall(t, &key, &res);
	if (rc == RB_ENOTFOUND && (rc = resolve(t, &res)) == RB_OK)
		rc = remember(t, &key, &res);
	if (rc != RB_OK)
		return rc;
	if ((rc = read_records(t, &res.records)) != RB_OK ||
	    (rc = write_list(t)) != RB_OK)
		return rc;
	t->inputs.base = res.base;
	t->inputs.build = res.build;
	t->inputs.are_known = true;

	rc = fetch_listing(&fetch, &t->inputs.list, "fetching inputs");
	if (rc == RB_EREFUSED || rc == RB_EDIGEST)
		return trip_obstacle(t, VERDICT_UNAVAILABLE, "input");
	if (rc != RB_OK)
		return rc;
	for (i = 0; i < t->inputs.list.n; i++) {
		if (t->inputs.list.list[i].is_absent) {
			(void)listed_fault(&t->inputs.list.list[i], &t->why,
			    RB_ENOTFOUND,
			    "the archive does not have it any more");
			return trip_obstacle(t, VERDICT_UNAVAILABLE, "input");
		}
	}
	return RB_OK;
}
