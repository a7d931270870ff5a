/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/decision.h"

#include <stdlib.h>
#include <string.h>

#include "common/attest/envelope.h"
#include "updater/heads.h"
#include "updater/roster.h"

struct judge {
	const struct policy *policy; /* borrowed */
	const struct bundle *bundle; /* borrowed */
	struct roster roster;        /* owned: who was asked about */
	struct head *heads;          /* owned; as bundle.checkpoints */
	struct decisions out;        /* owned */
};

static void
testimony_free(struct testimony *t)
{
	if (t == NULL)
		return;
	statement_clear(&t->said);
	free(t);
}

void
decisions_clear(struct decisions *d)
{
	static const struct decisions none = DECISIONS_INIT;
	size_t i;

	for (i = 0; i < d->n; i++)
		free(d->list[i].list);
	free(d->list);
	free(d->nodes);
	for (i = 0; i < d->ntestimonies; i++)
		testimony_free(d->testimonies[i]);
	free(d->testimonies);
	*d = none;
}

/* The rules in the header, in the order of their price. */
static enum rb_err
find_flaw(const struct judge *j, const struct evidence *e,
    const struct head *head, const struct envelope *envelope,
    const struct statement *said, enum flaw *out)
{
	const struct policy_node *node = &j->policy->nodes[head->node];
	struct digest leaf;
	enum rb_err rc;

	if (!head->is_signed) {
		*out = FLAW_CHECKPOINT;
		return RB_OK;
	}
	if (strcmp(said->builder.node, node->key.name) != 0) {
		*out = FLAW_BUILDER;
		return RB_OK;
	}
	if ((rc = tree_leaf_hash(buf_span(&e->envelope), &leaf)) != RB_OK)
		return rc;
	rc = tree_verify_inclusion(&e->proof, head->cp.size, e->index, &leaf,
	    &head->cp.root);
	if (rc_is_ours(rc))
		return rc;
	if (rc != RB_OK) {
		*out = FLAW_PROOF;
		return RB_OK;
	}
	rc = envelope_verify(envelope, &node->key.key);
	if (rc_is_ours(rc))
		return rc;
	if (rc != RB_OK) {
		*out = FLAW_SIGNATURE;
		return RB_OK;
	}
	*out = j->out.nodes[head->node].is_forked ? FLAW_FORK : FLAW_NONE;
	return RB_OK;
}

/* Room for one more; doubles, so that n additions cost n. */
static enum rb_err
grow(void **list, size_t n, size_t size)
{
	void *p;

	if (n != 0 && (n & (n - 1)) != 0)
		return RB_OK;
	if ((p = reallocarray(*list, n == 0 ? 1 : 2 * n, size)) == NULL)
		return RB_ENOMEM;
	*list = p;
	return RB_OK;
}

static enum rb_err
add_mention(struct decision *d, struct mention m)
{
	void *list = d->list;
	enum rb_err rc;

	if ((rc = grow(&list, d->n, sizeof(*d->list))) != RB_OK)
		return rc;
	d->list = list;
	d->list[d->n++] = m;
	return RB_OK;
}

/* Takes the testimony over, also on failure. */
static enum rb_err
add_testimony(struct judge *j, struct testimony *t)
{
	const struct digest *sha256 = &t->said.published.sha256;
	struct mention m = { t, false, false };
	const struct subject *file;
	void *list = j->out.testimonies;
	enum rb_err rc;
	size_t i, at;

	if ((rc = grow(&list, j->out.ntestimonies,
		 sizeof(*j->out.testimonies))) != RB_OK) {
		testimony_free(t);
		return rc;
	}
	j->out.testimonies = list;
	j->out.testimonies[j->out.ntestimonies++] = t;

	for (i = roster_first_digest(&j->roster, sha256);
	    roster_is_digest(&j->roster, i, sha256, &at); i++) {
		m.is_renamed = !roster_name_fits(&j->roster, at,
		    t->said.published.name, t->said.published.version,
		    t->said.published.arch);
		if ((rc = add_mention(&j->out.list[at], m)) != RB_OK)
			return rc;
	}
	m = (struct mention){ t, true, false };
	for (i = roster_first_name(&j->roster, t->said.published.file);
	    roster_is_name(&j->roster, i, t->said.published.file, &at); i++) {
		file = &j->roster.files[at];
		if (digest_equal(&file->sha256, sha256))
			continue;
		if ((rc = add_mention(&j->out.list[at], m)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static void
count_flawed(struct judge *j, size_t node, enum flaw flaw)
{
	j->out.nodes[node].nflawed++;
	j->out.nodes[node].flaw = flaw;
}

static enum rb_err
hear(struct judge *j, const struct evidence *e)
{
	struct envelope envelope = ENVELOPE_INIT;
	struct testimony *t = NULL;
	const struct head *head;
	enum rb_err rc;

	if (e->checkpoint >= j->bundle->ncheckpoints)
		return RB_EINTERNAL; /* bundle_parse lets none through */
	head = &j->heads[e->checkpoint];
	if (head->node == HEAD_STRANGER) {
		j->out.nstrangers++;
		return RB_OK;
	}
	if ((t = calloc(1, sizeof(*t))) == NULL)
		return RB_ENOMEM;
	statement_init(&t->said);
	t->node = head->node;
	t->index = e->index;

	rc = envelope_parse(buf_span(&e->envelope), &envelope, NULL);
	if (rc_is_ours(rc))
		goto out;
	if (rc != RB_OK) {
		count_flawed(j, head->node, FLAW_ENVELOPE);
		rc = RB_OK;
		goto out;
	}
	rc = statement_parse(buf_span(&envelope.payload), &t->said, NULL);
	if (rc_is_ours(rc))
		goto out;
	if (rc != RB_OK) {
		count_flawed(j, head->node, FLAW_STATEMENT);
		rc = RB_OK;
		goto out;
	}
	/* A bucket is mostly about other files: spend nothing on those. */
	if (!roster_knows(&j->roster, &t->said.published.sha256,
		t->said.published.file)) {
		rc = RB_OK;
		goto out;
	}
	if ((rc = find_flaw(j, e, head, &envelope, &t->said, &t->flaw)) !=
	    RB_OK)
		goto out;
	rc = add_testimony(j, t);
	t = NULL; /* now decisions' */
out:
	testimony_free(t);
	envelope_clear(&envelope);
	return rc;
}

static bool
is_voice(const struct mention *m)
{
	return m->by->flaw == FLAW_NONE && !m->is_other && !m->is_renamed &&
	    m->by->said.verdict == VERDICT_REPRODUCED;
}

bool
decision_has_voice(const struct decision *d, const struct policy *policy,
    size_t operator_)
{
	size_t i;

	for (i = 0; i < d->n; i++)
		if (is_voice(&d->list[i]) &&
		    policy->nodes[d->list[i].by->node].operator_ == operator_)
			return true;
	return false;
}

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int
compare_mentions(const void *pa, const void *pb)
{
	const struct mention *a = pa, *b = pb;
	int r;

	if ((r = compare_numbers(a->by->node, b->by->node)) != 0 ||
	    (r = compare_numbers(a->by->index, b->by->index)) != 0 ||
	    (r = compare_numbers(a->by->flaw, b->by->flaw)) != 0 ||
	    (r = compare_numbers(a->by->said.verdict, b->by->said.verdict)) !=
		0)
		return r;
	if ((r = compare_numbers(a->is_other, b->is_other)) != 0)
		return r;
	return compare_numbers(a->is_renamed, b->is_renamed);
}

/*
 * Sorts, and keeps one of what was said once and is proven to two
 * checkpoints of a growing log.
 */
static void
order_mentions(struct decision *d)
{
	size_t i, n = 0;

	if (d->n == 0)
		return;
	qsort(d->list, d->n, sizeof(*d->list), compare_mentions);
	for (i = 0; i < d->n; i++)
		if (n == 0 ||
		    compare_mentions(&d->list[n - 1], &d->list[i]) != 0)
			d->list[n++] = d->list[i];
	d->n = n;
}

static enum cause
find_cause(const struct decision *d)
{
	bool differs = false, failed = false, other = false, flawed = false;
	bool unavailable = false, renamed = false;
	size_t i;

	for (i = 0; i < d->n; i++) {
		if (d->list[i].by->flaw != FLAW_NONE) {
			flawed = true;
			continue;
		}
		if (d->list[i].is_other) {
			other = true;
			continue;
		}
		switch (d->list[i].by->said.verdict) {
		case VERDICT_REPRODUCED:
			renamed = renamed || d->list[i].is_renamed;
			break;
		case VERDICT_DIFFERS:
			differs = true;
			break;
		case VERDICT_FAILED:
			failed = true;
			break;
		case VERDICT_UNAVAILABLE:
			unavailable = true;
			break;
		}
	}
	if (differs)
		return CAUSE_DIFFERS;
	if (other)
		return CAUSE_OTHER_BYTES;
	if (renamed)
		return CAUSE_OTHER_NAME;
	if (d->voices != 0)
		return CAUSE_TOO_FEW;
	if (failed)
		return CAUSE_FAILED;
	if (unavailable)
		return CAUSE_UNAVAILABLE;
	return flawed ? CAUSE_UNPROVEN : CAUSE_NOBODY;
}

static void
conclude(const struct policy *policy, struct decision *d)
{
	size_t i;

	order_mentions(d);
	for (i = 0; i < policy->noperators; i++)
		if (decision_has_voice(d, policy, i))
			d->voices++;
	d->accepted = policy->require != 0 && d->voices >= policy->require;
	d->cause = d->accepted ? CAUSE_NONE : find_cause(d);
}

enum rb_err
decide(const struct policy *policy, const struct bundle *bundle,
    const struct subject *files, size_t nfiles, struct decisions *out)
{
	struct judge j = { policy, bundle, ROSTER_INIT, NULL, DECISIONS_INIT };
	enum rb_err rc = RB_ENOMEM;
	size_t i;

	if (nfiles > DECISION_FILES_MAX)
		return RB_ELIMIT;
	/* One more each: calloc(0) may say NULL, which here means failure. */
	if ((j.heads = calloc(bundle->ncheckpoints + 1, sizeof(*j.heads))) ==
	    NULL)
		goto out;
	if ((j.out.list = calloc(nfiles + 1, sizeof(*j.out.list))) == NULL)
		goto out;
	j.out.n = nfiles;
	if ((j.out.nodes = calloc(policy->nnodes + 1, sizeof(*j.out.nodes))) ==
	    NULL)
		goto out;
	j.out.nnodes = policy->nnodes;
	if ((rc = roster_make(files, nfiles, &j.roster)) != RB_OK)
		goto out;

	if ((rc = heads_open(policy, bundle, j.heads, j.out.nodes)) != RB_OK)
		goto out;
	for (i = 0; i < bundle->nevidence; i++)
		if ((rc = hear(&j, &bundle->evidence[i])) != RB_OK)
			goto out;
	for (i = 0; i < nfiles; i++)
		conclude(policy, &j.out.list[i]);

	*out = j.out;
	j.out = (struct decisions)DECISIONS_INIT; /* now the caller's */
	rc = RB_OK;
out:
	decisions_clear(&j.out);
	roster_clear(&j.roster);
	free(j.heads);
	return rc;
}
