/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/build.h"

#include <inttypes.h>

#include "common/attest/proof.h"

#define TEXT "text/plain; charset=utf-8"
#define JSON "application/json"

static enum rb_err
put_envelope(const struct view *v, uint64_t index, struct answer *out,
    struct fault *why)
{
	struct span envelope;
	enum rb_err rc;

	if ((rc = view_leaf(v, index, &envelope, why)) != RB_OK)
		return rc;
	out->type = JSON;
	out->life = ANSWER_KEEP;
	return buf_put(&out->body, envelope);
}

/* tlog-proof; leads to the newest checkpoint, so it is not immutable. */
static enum rb_err
put_proof(const struct view *v, uint64_t index, struct answer *out,
    struct fault *why)
{
	struct proof p = { index, { { DIGEST_INIT }, 0 }, BUF_INIT };
	struct span envelope;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = view_leaf(v, index, &envelope, why)) != RB_OK)
		goto out;
	if ((rc = tree_prove_inclusion(store_hash, v->txn, v->head.size, index,
		 &p.hashes)) != RB_OK)
		goto out;
	if ((rc = buf_put(&p.note, v->note)) != RB_OK)
		goto out;
	out->type = TEXT;
	out->life = ANSWER_ASK_AGAIN;
	rc = proof_write(&p, &out->body);
out:
	proof_clear(&p);
	return rc;
}

static enum rb_err
put_blob(const struct view *v, const struct digest *d, struct answer *out)
{
	struct span bytes;
	enum rb_err rc;

	if ((rc = store_blob(v->txn, d, &bytes)) != RB_OK)
		return rc;
	out->type = TEXT;
	out->life = ANSWER_KEEP;
	out->is_tagged = true;
	out->tag = *d;
	return buf_put(&out->body, bytes);
}

static enum rb_err
put_part(const struct view *v, const struct route *r, struct answer *out,
    struct fault *why)
{
	const bool is_log = r->kind == ROUTE_BUILD_LOG;
	const struct maybe_digest *d;
	struct statement s;
	enum rb_err rc = RB_EINTERNAL;

	statement_init(&s);
	if ((rc = view_statement(v, r->index, &s, why)) != RB_OK)
		goto out;
	d = is_log ? &s.log : &s.difference;
	rc = RB_ENOTFOUND;
	if (d->is_set)
		rc = put_blob(v, &d->value, out);
	if (rc == RB_ENOTFOUND)
		rc = fault_set(why, RB_ENOTFOUND, "build %" PRIu64 " has no %s",
		    r->index, is_log ? "log" : "difference report");
out:
	statement_clear(&s);
	return rc;
}

enum rb_err
build_answer(const struct view *v, const struct route *r, bool takes_zstd,
    struct answer *out, struct fault *why)
{
	enum rb_err rc;

	switch (r->kind) {
	case ROUTE_BUILD_LOG:
		rc = put_part(v, r, out, why);
		out->coding = takes_zstd ? CODING_ZSTD : CODING_UNPACK;
		return rc;
	case ROUTE_BUILD_DIFFERENCE:
		return put_part(v, r, out, why);
	case ROUTE_INPUTS:
		rc = put_blob(v, &r->digest, out);
		if (rc == RB_ENOTFOUND)
			fault_set(why, rc,
			    "this node keeps no input list "
			    "with this digest");
		return rc;
	case ROUTE_BUILD_PROOF:
		return put_proof(v, r->index, out, why);
	default: /* ROUTE_BUILD_ENVELOPE */
		return put_envelope(v, r->index, out, why);
	}
}
