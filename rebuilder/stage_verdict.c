/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/leash.h"
#include "rebuilder/run.h"
#include "rebuilder/verdict.h"

/*
 * verdict: each published file against what the build left.  The word
 * `reproduced` comes from rebuilder-compare and from nowhere else.
 */

#define COMPARE_SECONDS 3600
#define EXPLAIN_SECONDS 3600
#define REASON_MAX 64

void
finding_clear(struct finding *f)
{
	free(f->reason);
	memset(f, 0, sizeof(*f));
}

static enum rb_err
find(struct finding *f, enum verdict verdict, const char *reason)
{
	free(f->reason);
	if ((f->reason = strdup(reason)) == NULL)
		return RB_ENOMEM;
	f->verdict = verdict;
	return RB_OK;
}

/* A reason and a report for a pair that differs; never changes that. */
static enum rb_err
explain(struct trip *t, const struct output *o, int published,
    struct finding *f)
{
	struct msg question, answer;
	struct fault why = FAULT_INIT;
	struct span in;
	uint64_t size = 0;
	char *reason = NULL;
	int report = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, EXPLAIN_FILES);
	msg_init(&answer, 0);
	if ((rc = depot_scratch(t->depot, &report)) != RB_OK ||
	    (rc = put_u64(&question.body, o->offset)) != RB_OK ||
	    (rc = put_u64(&question.body, o->len)) != RB_OK ||
	    (rc = put_text(&question.body, o->name)) != RB_OK ||
	    (rc = ask_add_copy(&question, t->build.fd)) != RB_OK ||
	    (rc = ask_add_copy(&question, published)) != RB_OK ||
	    (rc = ask_add_copy(&question, report)) != RB_OK)
		goto out;
	rc = ask_role("rebuilder-explain", &question, EXPLAINED,
	    EXPLAIN_SECONDS, &answer, &why);
	if (rc != RB_OK) {
		/* Cut off from outside: that says nothing about the files. */
		if ((rc = leash_check()) != RB_OK)
			goto out;
		note(NOTE_WARN, "%s: %s", o->name, why.text);
		rc = find(f, VERDICT_DIFFERS, "unreadable");
		goto out;
	}
	in = buf_span(&answer.body);
	if ((rc = take_text(&in, REASON_MAX, &reason)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		goto out;
	/* Who owns explain may choose the word, but not stop the verdict. */
	if ((rc = find(f, VERDICT_DIFFERS,
		 reason_fits(VERDICT_DIFFERS, span_of_str(reason)) ?
		     reason :
		     "unreadable")) != RB_OK ||
	    (rc = file_size(report, &size)) != RB_OK)
		goto out;
	if (size > 0) {
		rc = depot_add(t->depot, report, &f->difference.value);
		f->difference.is_set = rc == RB_OK;
	}
out:
	free(reason);
	fd_close(&report);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

static enum rb_err
take_different(struct finding *f, struct span in)
{
	struct digest published = DIGEST_INIT;
	uint64_t size = 0, first = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u64(&in, &f->rebuilt_size)) != RB_OK ||
	    (rc = take_digest(&in, &f->rebuilt)) != RB_OK ||
	    (rc = take_u64(&in, &size)) != RB_OK ||
	    (rc = take_digest(&in, &published)) != RB_OK ||
	    (rc = take_u64(&in, &first)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	f->verdict = VERDICT_DIFFERS;
	return RB_OK;
}

static enum rb_err
take_same(struct finding *f, struct span in)
{
	uint64_t size = 0;
	struct digest digest = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u64(&in, &size)) != RB_OK ||
	    (rc = take_digest(&in, &digest)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	/* Equal to a file that is not the one which was signed: no. */
	if (size != f->published->size ||
	    !digest_equal(&digest, &f->published->sha256))
		return RB_EDIGEST;
	f->rebuilt = digest;
	f->rebuilt_size = size;
	f->verdict = VERDICT_REPRODUCED;
	return RB_OK;
}

static enum rb_err
compare(struct trip *t, const struct output *o, struct finding *f)
{
	struct msg question, answer;
	int published = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, COMPARE_FILES);
	msg_init(&answer, 0);
	if ((rc = depot_get(t->depot, &f->published->sha256, &published)) !=
		RB_OK ||
	    (rc = put_u64(&question.body, o->offset)) != RB_OK ||
	    (rc = put_u64(&question.body, o->len)) != RB_OK ||
	    (rc = ask_add_copy(&question, t->build.fd)) != RB_OK ||
	    (rc = ask_add_copy(&question, published)) != RB_OK)
		goto out;
	/* One of two types may come: the call checks neither. */
	if ((rc = ask_compare(&question, COMPARE_SECONDS, &answer, &t->why)) !=
	    RB_OK)
		goto out;
	if (answer.type == COMPARE_SAME) {
		rc = take_same(f, buf_span(&answer.body));
	} else {
		if ((rc = take_different(f, buf_span(&answer.body))) == RB_OK)
			rc = explain(t, o, published, f);
	}
out:
	fd_close(&published);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

static enum rb_err
find_out(struct trip *t, const struct listed *item, struct finding *f)
{
	const char *slash = strrchr(item->path, '/');
	const struct output *o;

	f->published = item;
	if (item->is_absent)
		return find(f, VERDICT_UNAVAILABLE, "published");
	if (t->obstacle != 0)
		return find(f, t->obstacle, t->reason);
	o = run_find(t->build.outputs, t->build.noutputs,
	    slash == NULL ? item->path : slash + 1);
	if (o == NULL)
		return find(f, VERDICT_FAILED, "not-built");
	return compare(t, o, f);
}

static enum rb_err
tell(struct trip *t, const struct finding *f, const struct statement *s,
    struct result *out)
{
	const struct listed *item = f->published;

	out->file = strdup(s->published.file);
	out->package = strdup(item->name);
	out->version = strdup(item->version);
	out->arch = strdup(item->arch);
	out->reason = f->reason == NULL ? NULL : strdup(f->reason);
	if (out->file == NULL || out->package == NULL || out->version == NULL ||
	    out->arch == NULL || (f->reason != NULL && out->reason == NULL))
		return RB_ENOMEM;
	out->published = item->sha256;
	out->verdict = f->verdict;
	out->log = s->log;
	out->inputs = s->inputs.sha256;
	out->difference = s->difference;
	t->ear->result(t->ear->self, out);
	return RB_OK;
}

static enum rb_err
one(struct trip *t, const struct listed *item, struct result *out)
{
	struct finding f = { 0 };
	struct statement s;
	uint64_t attempt = 0;
	enum rb_err rc = RB_EINTERNAL;

	statement_init(&s);
	if ((rc = find_out(t, item, &f)) != RB_OK ||
	    (rc = journal_attempt(t->journal, &item->sha256, &attempt)) !=
		RB_OK ||
	    (rc = verdict_statement(t, &f, attempt, &s)) != RB_OK ||
	    (rc = verdict_submit(t, &s, &out->statement, &out->leaf)) != RB_OK)
		goto out;
	rc = tell(t, &f, &s, out);
out:
	statement_clear(&s);
	finding_clear(&f);
	return rc;
}

/*
 * What failed is worth another try: a comparison alone is final, and that a
 * file was built from a changelog which nobody has.
 */
static bool
are_final(const struct result *results, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (results[i].verdict != VERDICT_REPRODUCED &&
		    results[i].verdict != VERDICT_DIFFERS &&
		    strcmp(results[i].reason, "binnmu") != 0)
			return false;
	return true;
}

enum rb_err
stage_verdict(struct trip *t)
{
	struct result *results = NULL;
	size_t i, n = 0;
	enum rb_err rc = RB_OK;

	results = calloc(t->published.n + 1, sizeof(*results));
	if (results == NULL)
		return RB_ENOMEM;
	trip_tell(t, "comparing", 0, t->published.n, "");
	for (i = 0; i < t->published.n && rc == RB_OK; i++)
		if (trip_concerns(t, &t->published.list[i]))
			rc = one(t, &t->published.list[i], &results[n++]);
	if (rc == RB_OK && are_final(results, n))
		rc = verdict_remember(t, results, n);
	for (i = 0; i < n; i++)
		result_clear(&results[i]);
	free(results);
	return rc;
}
