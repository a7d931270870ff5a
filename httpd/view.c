/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/view.h"

#include <inttypes.h>

#include "common/attest/envelope.h"

enum rb_err
view_open(struct store *s, struct view *out)
{
	struct view v = VIEW_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = store_begin(s, STORE_READ, &v.txn)) != RB_OK)
		goto out;
	rc = store_checkpoint(v.txn, &v.note);
	if (rc == RB_OK)
		rc = checkpoint_peek(v.note, &v.head);
	else if (rc == RB_ENOTFOUND)
		rc = RB_OK;
	if (rc != RB_OK)
		goto out;

	*out = v;
	v.txn = NULL; /* now the caller's */
out:
	view_close(&v);
	return rc;
}

void
view_close(struct view *v)
{
	store_abort(&v->txn);
}

enum rb_err
view_leaf(const struct view *v, uint64_t index, struct span *envelope,
    struct fault *why)
{
	if (index >= v->head.size)
		return fault_set(why, RB_ENOTFOUND,
		    "there is no build %" PRIu64 ": the log has %" PRIu64
		    " leaves, counted from 0",
		    index, v->head.size);
	return store_leaf(v->txn, index, envelope);
}

enum rb_err
view_statement(const struct view *v, uint64_t index, struct statement *out,
    struct fault *why)
{
	struct envelope e = ENVELOPE_INIT;
	struct span bytes = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = view_leaf(v, index, &bytes, why)) != RB_OK)
		goto out;
	if ((rc = envelope_parse(bytes, &e, NULL)) != RB_OK)
		goto out;
	rc = statement_parse(buf_span(&e.payload), out, NULL);
out:
	envelope_clear(&e);
	return rc;
}
