/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/process/msg.h"
#include "rebuilder/recipe.h"
#include "rebuilder/verdict.h"

/* The memory of whole trips, so that nothing is built twice. */

#define TEXT_LIMIT 512

/* All that a statement says of a tag, and for what it was built. */
static void
add_tag(struct memory_key *k, const struct trip *t)
{
	const struct tagged *g = &t->of.tagged;
	size_t i;

	memory_key_text(k, t->of.release == NULL ? "" : t->of.release->name);
	if (t->of.release == NULL)
		return;
	memory_key_text(k, t->of.distribution);
	memory_key_text(k, t->of.component->name);
	memory_key_text(k, t->of.component->url);
	memory_key_text(k, g->tag);
	memory_key_text(k, g->tag_object);
	memory_key_text(k, g->commit);
	memory_key_digest(k, &g->tree_sha256);
	memory_key_number(k, g->threshold);
	memory_key_number(k, g->nsigners);
	for (i = 0; i < g->nsigners; i++)
		memory_key_text(k, g->signers[i]);
}

static enum rb_err
trip_key(const struct trip *t, struct digest *out)
{
	struct memory_key k = MEMORY_KEY_INIT;
	struct digest deb = DIGEST_INIT, environment = DIGEST_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = recipe_digest("deb", &deb)) != RB_OK ||
	    (rc = recipe_digest("environment", &environment)) != RB_OK)
		return rc;
	memory_key_text(&k, "trip 3");
	memory_key_digest(&k, t->program);
	memory_key_text(&k, t->node->name);
	memory_key_digest(&k, &deb);
	memory_key_digest(&k, &environment);
	memory_key_text(&k, t->settings->machine.kind);
	/* A build is told how many, and may come out otherwise for it. */
	memory_key_number(&k, t->settings->machine.cpus);
	add_tag(&k, t);
	memory_key_digest(&k, &t->source.stanza);
	memory_key_digest(&k, &t->inputs.text);
	if (t->buildinfo.is_known)
		memory_key_digest(&k, &t->buildinfo.sha256);
	for (i = 0; i < t->published.n; i++)
		if (trip_concerns(t, &t->published.list[i]))
			memory_key_digest(&k, &t->published.list[i].sha256);
	return memory_key_end(&k, out);
}

static enum rb_err
take_result(struct span *in, struct result *r)
{
	uint8_t verdict = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(in, TEXT_LIMIT, &r->file)) != RB_OK ||
	    (rc = take_text(in, TEXT_LIMIT, &r->package)) != RB_OK ||
	    (rc = take_text(in, TEXT_LIMIT, &r->version)) != RB_OK ||
	    (rc = take_text(in, TEXT_LIMIT, &r->arch)) != RB_OK ||
	    (rc = take_digest(in, &r->published)) != RB_OK ||
	    (rc = take_u8(in, &verdict)) != RB_OK ||
	    (rc = take_text(in, TEXT_LIMIT, &r->reason)) != RB_OK ||
	    (rc = take_digest(in, &r->statement)) != RB_OK)
		return rc;
	if (verdict < VERDICT_REPRODUCED || verdict > VERDICT_UNAVAILABLE)
		return RB_EFORMAT;
	r->verdict = (enum verdict)verdict;
	r->is_recorded = true;
	return RB_OK;
}

/*
 * All of them, or RB_ENOTFOUND: the log that a statement went into may have
 * been replaced by a new one, which does not have it.
 */
static enum rb_err
recall_all(struct trip *t, struct span in, bool is_told)
{
	struct result r = { 0 };
	enum rb_err rc = RB_OK;

	while (in.len > 0 && rc == RB_OK) {
		if ((rc = take_result(&in, &r)) == RB_OK)
			rc = verdict_find(t, &r.statement, &r.leaf);
		if (rc == RB_OK && is_told)
			t->ear->result(t->ear->self, &r);
		result_clear(&r);
	}
	return rc;
}

enum rb_err
verdict_recall(struct trip *t)
{
	struct digest key = DIGEST_INIT;
	struct buf value = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = trip_key(t, &key)) != RB_OK ||
	    (rc = journal_recall(t->journal, &key, &value)) != RB_OK)
		goto out;
	if ((rc = recall_all(t, buf_span(&value), false)) == RB_OK)
		rc = recall_all(t, buf_span(&value), true);
out:
	buf_clear(&value);
	return rc;
}

enum rb_err
verdict_remember(struct trip *t, const struct result *results, size_t n)
{
	struct digest key = DIGEST_INIT;
	struct buf value = BUF_INIT;
	const struct result *r;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = trip_key(t, &key)) != RB_OK)
		goto out;
	for (i = 0; i < n; i++) {
		r = &results[i];
		if ((rc = put_text(&value, r->file)) != RB_OK ||
		    (rc = put_text(&value, r->package)) != RB_OK ||
		    (rc = put_text(&value, r->version)) != RB_OK ||
		    (rc = put_text(&value, r->arch)) != RB_OK ||
		    (rc = put_digest(&value, &r->published)) != RB_OK ||
		    (rc = put_u8(&value, (uint8_t)r->verdict)) != RB_OK ||
		    (rc = put_text(&value,
			 r->reason == NULL ? "" : r->reason)) != RB_OK ||
		    (rc = put_digest(&value, &r->statement)) != RB_OK)
			goto out;
	}
	rc = journal_remember(t->journal, &key, buf_span(&value));
out:
	buf_clear(&value);
	return rc;
}
