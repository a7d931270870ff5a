/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/sift.h"

#include <string.h>

#include "common/attest/checkpoint.h"
#include "common/attest/envelope.h"
#include "common/attest/statement.h"

/* The evidence concerns a file that was asked about. */
static bool
is_wanted(const struct sieve *s, const struct evidence *e)
{
	struct envelope envelope = ENVELOPE_INIT;
	struct statement said;
	bool wanted = false;

	statement_init(&said);
	if (envelope_parse(buf_span(&e->envelope), &envelope, NULL) == RB_OK &&
	    statement_parse(buf_span(&envelope.payload), &said, NULL) == RB_OK)
		wanted = roster_knows(s->roster, &said.published.sha256,
		    said.published.file);
	statement_clear(&said);
	envelope_clear(&envelope);
	return wanted;
}

/* Another's name is kept: most often the policy has a wrong address. */
static bool
is_own(struct sieve *s, struct span note)
{
	struct checkpoint cp;

	if (checkpoint_peek(note, &cp) != RB_OK)
		return false;
	if (strcmp(cp.origin, s->origin) == 0)
		return true;
	memcpy(s->stranger, cp.origin, sizeof(s->stranger));
	return false;
}

static enum rb_err
keep(struct sieve *s, const struct evidence *e, struct span note,
    struct bundle *to)
{
	size_t position, bytes;
	enum rb_err rc;

	bytes = e->envelope.len + e->proof.n * DIGEST_LEN;
	if (s->evidence_left == 0 || s->bytes_left < bytes) {
		s->was_full = true;
		return RB_OK;
	}
	if ((rc = bundle_add_checkpoint(to, note, &position)) != RB_OK)
		return rc;
	if ((rc = bundle_add_evidence(to, buf_span(&e->envelope), e->index,
		 position, &e->proof)) != RB_OK)
		return rc;
	s->evidence_left--;
	s->bytes_left -= bytes;
	return RB_OK;
}

static bool
has_checkpoint(const struct bundle *b, struct span note)
{
	size_t i;

	for (i = 0; i < b->ncheckpoints; i++)
		if (span_equal(buf_span(&b->checkpoints[i]), note))
			return true;
	return false;
}

/* One checkpoint, so that an answer costs the budget one at most. */
static enum rb_err
sift_one(struct sieve *s, const struct bundle *answer, struct bundle *to)
{
	struct span note = buf_span(&answer->checkpoints[0]);
	struct bundle kept = BUNDLE_INIT;
	enum rb_err rc = RB_OK;
	bool is_new = !has_checkpoint(to, note);
	size_t i, before = to->nevidence;

	if (!is_own(s, note)) {
		s->nstrangers += answer->nevidence;
		return RB_OK;
	}
	for (i = 0; i < answer->nevidence; i++)
		if (is_wanted(s, &answer->evidence[i]) &&
		    (rc = keep(s, &answer->evidence[i], note, &kept)) != RB_OK)
			goto out;
	if (kept.nevidence == 0)
		goto out;
	if (is_new && s->checkpoints_left == 0) {
		s->was_full = true;
		goto out;
	}
	/* One file may lie in two buckets: the second copy falls away. */
	if ((rc = bundle_merge(to, &kept)) != RB_OK)
		goto out;
	s->nkept += to->nevidence - before;
	if (is_new)
		s->checkpoints_left--;
	rc = RB_OK;
out:
	bundle_clear(&kept);
	return rc;
}

enum rb_err
sift(struct sieve *s, struct span json, struct bundle *to, struct fault *why)
{
	struct bundle answer = BUNDLE_INIT;
	enum rb_err rc;

	if ((rc = bundle_parse(json, &answer, why)) != RB_OK)
		goto out;
	if (answer.ncheckpoints == 0 && answer.nevidence == 0)
		goto out; /* a log without leaves */
	if (answer.ncheckpoints != 1) {
		rc = fault_set(why, RB_EFORMAT,
		    "an answer has one checkpoint, this one %zu",
		    answer.ncheckpoints);
		goto out;
	}
	rc = sift_one(s, &answer, to);
out:
	bundle_clear(&answer);
	return rc;
}
