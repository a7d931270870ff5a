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
#include "rebuilder/offers.h"
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
#define MISSING_LEN 400

/*
 * What is remembered of one resolution, so that asking again costs nothing:
 * digests of three depot files.
 */
struct resolution {
	struct digest records, base, build;
};

static enum rb_err
resolution_key(const struct trip *t, const struct offers *o, struct digest *out)
{
	struct memory_key k = MEMORY_KEY_INIT;
	struct digest recipe = DIGEST_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = recipe_digest("resolve", &recipe)) != RB_OK)
		return rc;
	memory_key_text(&k, "resolution 2");
	memory_key_digest(&k, t->program);
	memory_key_digest(&k, &recipe);
	memory_key_digest(&k, &o->packages);
	/* Records say in which of these a package was found. */
	for (i = 0; i < o->n; i++)
		memory_key_digest(&k, &o->from[i]->index.packages);
	if (t->buildinfo.is_known)
		memory_key_digest(&k, &t->buildinfo.pins);
	memory_key_number(&k, t->pass);
	if (t->pass != PASS_PREPARE)
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

/* Has the judge find every chosen package in the indices that offer it. */
static enum rb_err
look_up(struct trip *t, const struct offers *o, const struct run_result *r,
    const struct output *chosen, struct resolution *out)
{
	struct msg question, answer;
	struct resolution res;
	int packages, fds[3] = { -1, -1, -1 };
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_RESOLUTION);
	msg_init(&answer, 0);
	if ((rc = put_u64(&question.body, chosen->offset)) != RB_OK ||
	    (rc = put_u64(&question.body, chosen->len)) != RB_OK ||
	    (rc = ask_add_copy(&question, r->output)) != RB_OK)
		goto out;
	for (i = 0; i < 3; i++)
		if ((rc = depot_scratch(t->depot, &fds[i])) != RB_OK ||
		    (rc = ask_add_copy(&question, fds[i])) != RB_OK)
			goto out;
	for (i = 0; i < o->n; i++) {
		if ((rc = depot_get(t->depot, &o->from[i]->index.packages,
			 &packages)) != RB_OK)
			goto out;
		rc = ask_add_copy(&question, packages);
		fd_close(&packages);
		if (rc != RB_OK)
			goto out;
	}
	if ((rc = ask_role("rebuilder-judge", &question, JUDGE_RESOLUTION_IS,
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
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/*
 * What is missing, as the guest says: words of a sentence that decide nothing.
 * "" when it does not.
 */
static void
read_missing(const struct run_result *r, char out[MISSING_LEN])
{
	char text[MISSING_LEN / 2];
	const struct output *o;
	ssize_t len = 0, i;
	size_t n = 0;

	o = r->is_stream ? run_find(r->outputs, r->noutputs, "missing") : NULL;
	if (o != NULL)
		len = pread(r->output, text,
		    o->len < sizeof(text) ? (size_t)o->len : sizeof(text),
		    (off_t)o->offset);
	/* One a line. */
	while (len > 0 && text[len - 1] == '\n')
		len--;
	for (i = 0; i < len && n < MISSING_LEN - 2; i++) {
		if (text[i] == '\n')
			out[n++] = ';';
		out[n++] = (char)(text[i] == '\n' ? ' ' : text[i]);
	}
	out[n] = '\0';
}

static enum rb_err
resolve(struct trip *t, const struct offers *o, struct resolution *out)
{
	const bool is_base = t->pass == PASS_PREPARE; /* of no source */
	const char *parameters[] = {
		"source",
		is_base ? "" : t->name,
		"version",
		is_base ? "" : t->source.version,
		"arch",
		t->base.architecture,
		"suite",
		t->base.suite,
		NULL,
	};
	const struct run_file files[] = {
		{ "Packages", o->packages },
		{ "Sources", t->source.stanza },
		{ "pins", t->buildinfo.pins },
	};
	struct run run = { "resolve", NULL, parameters, files,
		is_base                   ? 1 :
		    t->buildinfo.is_known ? 3 :
					    2,
		0 };
	struct run_result r;
	const struct output *chosen;
	char missing[MISSING_LEN];
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
		read_missing(&r, missing);
		fault_set(&t->why, RB_EREFUSED,
		    "%s %s: its build dependencies cannot be met from %s/%s"
		    "%s%s%s%s",
		    t->name, t->source.version, t->base.suite,
		    t->base.component,
		    t->of.release == NULL ? "" : " and this node's own builds",
		    t->buildinfo.is_known ?
			" in the versions of its .buildinfo" :
			"",
		    missing[0] == '\0' ? "" : "; missing: ", missing);
		if ((rc = log_keep(t->depot, r.log, &t->build.log)) != RB_OK)
			goto out;
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "dependencies");
		goto out;
	}
	if ((rc = look_up(t, o, &r, chosen, out)) == RB_EREFUSED)
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "dependencies");
out:
	run_result_clear(&r);
	return rc;
}

static enum rb_err
take_input(struct trip *t, const struct offers *o, struct span *in)
{
	struct listed *item;
	uint8_t group = 0, index = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((item = listing_add(&t->inputs.list)) == NULL)
		return RB_ENOMEM;
	if ((rc = take_u8(in, &group)) != RB_OK ||
	    (rc = take_text(in, NAME_LIMIT, &item->name)) != RB_OK ||
	    (rc = take_text(in, NAME_LIMIT, &item->version)) != RB_OK ||
	    (rc = take_text(in, NAME_LIMIT, &item->arch)) != RB_OK ||
	    (rc = take_text(in, PATH_LIMIT, &item->path)) != RB_OK ||
	    (rc = take_u64(in, &item->size)) != RB_OK ||
	    (rc = take_digest(in, &item->sha256)) != RB_OK ||
	    (rc = take_u8(in, &index)) != RB_OK)
		return rc;
	if (index >= o->n)
		return RB_EPEER;
	item->from = o->from[index];
	item->is_base = group == 0;
	if (item->is_base && item->from->use == USE_BUILT) {
		fault_set(&t->why, RB_EREFUSED,
		    "%s %s: %s, a package of the base system, is one of this "
		    "node's own builds; it must come from the archive",
		    t->name, t->source.version, item->name);
		return trip_obstacle(t, VERDICT_UNAVAILABLE, "dependencies");
	}
	return RB_OK;
}

static enum rb_err
read_records(struct trip *t, const struct offers *o,
    const struct digest *records)
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
			rc = take_input(t, o, &in);
	}
out:
	buf_clear(&bytes);
	fd_close(&fd);
	return rc;
}

/* The entry of a rebuild: an input that came from what is under test. */
static enum rb_err
add_changelog(const struct trip *t, struct inputs *list)
{
	char from[DIGEST_HEX_LEN + 1];

	if (!t->changelog.is_known)
		return RB_OK;
	digest_hex(&t->changelog.from->sha256, from);
	return inputs_add(list, "changelog", t->changelog.from->name,
	    t->changelog.from->version, t->changelog.from->arch, from,
	    t->changelog.size, &t->changelog.text);
}

/* What a component's source was made of, beside its tree. */
static enum rb_err
add_others(const struct trip *t, struct inputs *list)
{
	const struct other_input *o;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < t->of.nothers && rc == RB_OK; i++) {
		o = &t->of.others[i];
		rc = inputs_add(list, o->kind, o->name, o->version, "-",
		    o->origin, o->size, &o->sha256);
	}
	return rc;
}

/* The list that is signed: one spelling, so that nodes can compare. */
static enum rb_err
write_list(struct trip *t)
{
	struct inputs list = INPUTS_INIT;
	struct buf text = BUF_INIT;
	const struct listed *item;
	char *origin = NULL;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < t->inputs.list.n; i++) {
		item = &t->inputs.list.list[i];
		free(origin);
		origin = NULL;
		if ((rc = offers_origin(item->from, &origin)) != RB_OK ||
		    (rc = inputs_add(&list, "deb", item->name, item->version,
			 item->arch, origin, item->size, &item->sha256)) !=
			RB_OK)
			goto out;
	}
	if ((rc = add_changelog(t, &list)) != RB_OK ||
	    (rc = add_others(t, &list)) != RB_OK ||
	    (rc = inputs_write(&list, &text)) != RB_OK)
		goto out;
	t->inputs.count = list.n;
	rc = depot_add_bytes(t->depot, buf_span(&text), &t->inputs.text);
out:
	inputs_clear(&list);
	buf_clear(&text);
	free(origin);
	return rc;
}

enum rb_err
stage_inputs(struct trip *t)
{
	const struct fetch_context fetch = trip_fetch(t);
	struct resolution res = { DIGEST_INIT, DIGEST_INIT, DIGEST_INIT };
	struct offers offers = { .n = 0 };
	struct digest key = DIGEST_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = offers_make(t, &offers)) != RB_OK ||
	    (rc = resolution_key(t, &offers, &key)) != RB_OK)
		return rc;
	rc = recall(t, &key, &res);
	if (rc == RB_ENOTFOUND && (rc = resolve(t, &offers, &res)) == RB_OK)
		rc = remember(t, &key, &res);
	if (rc != RB_OK)
		return rc;
	if ((rc = read_records(t, &offers, &res.records)) != RB_OK ||
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
