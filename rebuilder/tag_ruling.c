/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the signatures on a commit suffice. */
#include "rebuilder/tag_parts.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "rebuilder/ask.h"
#include "rebuilder/keyring.h"

#define RULE_SECONDS 120
#define NAME_LIMIT 255

static enum rb_err
put_rule(struct buf *b, const struct tag_question *q,
    const struct tag_ground *g, enum tag_purpose purpose)
{
	enum rb_err rc;
	size_t i;

	if ((rc = put_text(b, g->commit)) != RB_OK ||
	    (rc = put_text(b, g->version)) != RB_OK ||
	    (rc = put_text(b, g->release)) != RB_OK ||
	    (rc = put_u8(b, g->has_version)) != RB_OK ||
	    (rc = put_u8(b, g->relation)) != RB_OK ||
	    (rc = put_text(b, q->tag == NULL ? "" : q->tag)) != RB_OK ||
	    (rc = put_u8(b, q->versions_only ? 1 : 0)) != RB_OK ||
	    (rc = put_u8(b, q->commit_suffices ? 1 : 0)) != RB_OK ||
	    (rc = put_text(b,
		 q->accepted_version == NULL ? "" : q->accepted_version)) !=
		RB_OK ||
	    (rc = put_u8(b, purpose == TAG_STANDING ? 1 : 0)) != RB_OK ||
	    (rc = put_u8(b, purpose == TAG_TO_COUNT ? 1 : 0)) != RB_OK ||
	    (rc = put_u64(b, q->threshold)) != RB_OK ||
	    (rc = put_u16(b, (uint16_t)q->nmaintainers)) != RB_OK)
		return rc;
	for (i = 0; i < q->nmaintainers; i++) {
		if ((rc = put_text(b, q->maintainers[i])) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
take_judgement(struct span in, struct tagged *t)
{
	uint8_t ruling;
	uint16_t n;
	enum rb_err rc;

	if ((rc = take_u8(&in, &ruling)) != RB_OK ||
	    (rc = take_text(&in, NAME_LIMIT, &t->tag)) != RB_OK ||
	    (rc = tag_take_id(&in, t->tag_object)) != RB_OK ||
	    (rc = take_digest(&in, &t->tag_sha256)) != RB_OK ||
	    (rc = take_u16(&in, &n)) != RB_OK)
		return rc;
	if (ruling >= TAG_RULINGS || n > TAG_SIGNERS_MAX)
		return RB_EPEER;
	t->ruling = (enum tag_ruling)ruling;
	for (; t->nsigners < n; t->nsigners++) {
		if ((rc = take_text(&in, FINGERPRINT_LEN,
			 &t->signers[t->nsigners])) != RB_OK)
			return rc;
	}
	if (t->tag[0] == '\0') {
		free(t->tag);
		t->tag = NULL;
	}
	return take_end(in);
}

static enum rb_err
take_seen(struct span *in, struct tag_seen *s)
{
	uint8_t kind, outcome;
	uint64_t time;
	enum rb_err rc;

	if ((rc = take_u8(in, &kind)) != RB_OK ||
	    (rc = take_text(in, NAME_LIMIT, &s->ref)) != RB_OK ||
	    (rc = tag_take_id(in, s->id)) != RB_OK ||
	    (rc = take_u8(in, &outcome)) != RB_OK ||
	    (rc = take_text(in, 2 * FINGERPRINT_LEN, &s->primary)) != RB_OK ||
	    (rc = take_u64(in, &time)) != RB_OK)
		return rc;
	if (kind < CANDIDATE_TAG || kind > CANDIDATE_COMMIT ||
	    outcome >= TAG_OUTCOMES || time > INT64_MAX)
		return RB_EPEER;
	s->kind = (enum candidate_kind)kind;
	s->outcome = (enum tag_outcome)outcome;
	s->time = (int64_t)time;
	return RB_OK;
}

static enum rb_err
take_outcomes(struct span in, uint32_t n, struct tagged *t)
{
	enum rb_err rc;

	if (n > in.len)
		return RB_EPEER;
	t->seen = calloc((size_t)n + 1, sizeof(*t->seen));
	if (t->seen == NULL)
		return RB_ENOMEM;
	while (t->nseen < n) {
		/* Counted first, so that what it owns is released. */
		if ((rc = take_seen(&in, &t->seen[t->nseen++])) != RB_OK)
			return rc;
		t->counts[t->seen[t->nseen - 1].outcome]++;
	}
	return take_end(in);
}

enum rb_err
tag_ask_rule(const struct tag_question *q, const struct tag_ground *g,
    struct span statuses, enum tag_purpose purpose, struct tagged *t,
    struct fault *why)
{
	struct buf outcomes = BUF_INIT;
	struct msg question, answer;
	int candidates = -1, said = -1, out = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_TAGS);
	msg_init(&answer, 0);
	if ((rc = memory_file("candidates", buf_span(&g->candidates),
		 &candidates)) != RB_OK ||
	    (rc = memory_file("statuses", statuses, &said)) != RB_OK ||
	    (rc = tag_output(&out)) != RB_OK ||
	    (rc = put_rule(&question.body, q, g, purpose)) != RB_OK ||
	    (rc = ask_add_copy(&question, candidates)) != RB_OK ||
	    (rc = ask_add_copy(&question, said)) != RB_OK ||
	    (rc = ask_add_copy(&question, out)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_TAGS_ARE,
		 RULE_SECONDS, &answer, why)) != RB_OK ||
	    (rc = take_judgement(buf_span(&answer.body), t)) != RB_OK ||
	    (rc = tag_output_read(out, &outcomes)) != RB_OK)
		goto out;
	rc = take_outcomes(buf_span(&outcomes), g->ncandidates, t);
out:
	fd_close(&candidates);
	fd_close(&said);
	fd_close(&out);
	buf_clear(&outcomes);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}
