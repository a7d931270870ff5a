/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attestor/log.h"

#include "attestor/log_parts.h"
#include "common/base/note.h"

/* How far back to look for the kinds of machines that are in use. */
#define KINDS_LOOK_BACK 256

typedef unsigned long long ull;

/*
 * Hashes every leaf of the truth, and finds on the way whether what is
 * served is a prefix of it.
 */
static enum rb_err
read_truth(struct log *log, uint64_t size, bool *served_fits)
{
	struct digest leaf = DIGEST_INIT, root = DIGEST_INIT;
	struct buf envelope = BUF_INIT;
	struct frontier f = FRONTIER_INIT;
	enum rb_err rc = RB_OK;

	*served_fits = false;
	for (;;) {
		if (f.size == log->served.size) {
			if ((rc = frontier_root(&f, &root)) != RB_OK)
				goto out;
			*served_fits = digest_equal(&root, &log->served.root);
		}
		if (f.size == size)
			break;
		if ((rc = truth_leaf(log->truth, f.size, &envelope)) != RB_OK)
			goto out;
		if ((rc = tree_leaf_hash(buf_span(&envelope), &leaf)) != RB_OK)
			goto out;
		if ((rc = frontier_append(&f, &leaf)) != RB_OK)
			goto out;
	}
	log->frontier = f;
out:
	buf_clear(&envelope);
	return rc;
}

/* The truth is what its own checkpoint says. */
static enum rb_err
check_truth(struct log *log, struct fault *why)
{
	struct buf note = BUF_INIT;
	struct checkpoint cp;
	struct digest root = DIGEST_INIT;
	enum rb_err rc;

	if ((rc = frontier_root(&log->frontier, &root)) != RB_OK)
		return rc;
	rc = truth_checkpoint(log->truth, &note);
	if (rc == RB_ENOTFOUND && log->frontier.size == 0)
		return RB_OK;
	if (rc == RB_OK)
		rc = checkpoint_open(buf_span(&note), &log->signing.key, &cp);
	if (rc == RB_OK &&
	    (cp.size != log->frontier.size || !digest_equal(&cp.root, &root)))
		rc = RB_EDIGEST;
	if (rc != RB_OK)
		rc = fault_set(why, rc,
		    "the %llu leaves of attestor's truth are not those of its "
		    "checkpoint: the disk damaged it; restore %s/attestor",
		    (ull)log->frontier.size, log->node->directory);
	buf_clear(&note);
	return rc;
}

/*
 * The signer may be ahead by the pending statement, which it signs again
 * alike; it is never behind, and never elsewhere.
 */
static enum rb_err
reconcile(struct log *log, struct fault *why)
{
	const uint64_t size = log->frontier.size;
	struct buf pending = BUF_INIT;
	struct digest root = DIGEST_INIT;
	enum rb_err rc;
	bool is_equal, has_pending;

	rc = truth_pending(log->truth, &pending);
	if (rc != RB_OK && rc != RB_ENOTFOUND)
		goto out;
	has_pending = rc == RB_OK;
	if ((rc = frontier_root(&log->frontier, &root)) != RB_OK)
		goto out;
	is_equal = log->signer.size == size &&
	    digest_equal(&log->signer.root, &root);
	if (!is_equal && !(has_pending && log->signer.size == size + 1)) {
		rc = fault_set(why, RB_ESTALE,
		    "the signer has signed %llu leaves and attestor's truth "
		    "holds %llu%s: one of them was taken from a backup or "
		    "damaged; restore %s from the same moment or a later one; "
		    "if it is lost, end this log; a new one is a new "
		    "directory, made by qubes-rebuilder init",
		    (ull)log->signer.size, (ull)size,
		    log->signer.size == size ? " others" : "",
		    log->signer.size < size ? "signer/state" : "attestor/");
		goto out;
	}
	if (!has_pending) {
		rc = RB_OK;
		goto out;
	}
	rc = log_submit(log, buf_span(&pending), why);
	if (rc == RB_EREFUSED && is_equal) {
		note(NOTE_WARN, "pending statement: %s",
		    why != NULL ? why->text : err_name(rc));
		rc = truth_forget(log->truth);
	} else if (rc == RB_EREFUSED) {
		rc = fault_set(why, RB_ESTALE,
		    "the signer has signed leaf %llu, and it is not the "
		    "statement that attestor sent: somebody else used the "
		    "signer",
		    (ull)size);
	}
out:
	buf_clear(&pending);
	return rc;
}

static enum rb_err
find_kinds(struct log *log)
{
	struct buf envelope = BUF_INIT;
	struct statement s;
	uint64_t i = 0;
	enum rb_err rc = RB_OK;

	if (log->frontier.size > KINDS_LOOK_BACK)
		i = log->frontier.size - KINDS_LOOK_BACK;
	for (; i < log->frontier.size && rc == RB_OK; i++) {
		statement_init(&s);
		if ((rc = log_read_leaf(log, i, &envelope, &s)) == RB_OK)
			machine_kinds_add(&log->kinds, &s);
		statement_clear(&s);
	}
	buf_clear(&envelope);
	return rc;
}

enum rb_err
log_begin(struct log *log, struct fault *why)
{
	uint64_t size = 0, from = log->served.size;
	bool served_fits = false;
	enum rb_err rc;

	if ((rc = truth_size(log->truth, &size)) != RB_OK)
		return rc;
	if ((rc = read_truth(log, size, &served_fits)) != RB_OK)
		return fault_set(why, rc, "cannot read attestor's truth: %s",
		    err_name(rc));
	if ((rc = check_truth(log, why)) != RB_OK)
		return rc;
	if ((rc = reconcile(log, why)) != RB_OK)
		return rc;
	if ((rc = find_kinds(log)) != RB_OK)
		return fault_set(why, rc, "cannot read attestor's truth: %s",
		    err_name(rc));
	if (!served_fits) {
		note(NOTE_WARN,
		    "what is served (%llu leaves) is no part of the truth: it "
		    "is made anew",
		    (ull)log->served.size);
		if ((rc = publishing_empty(&log->publishing)) != RB_OK)
			return rc;
		from = 0;
	}
	if ((rc = log_publish(log, from)) != RB_OK)
		return fault_set(why, rc, "cannot write what is served: %s",
		    err_name(rc));
	note(NOTE_INFO, "log %s has %llu leaves", log->node->name,
	    (ull)log->frontier.size);
	return RB_OK;
}
