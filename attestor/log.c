/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attestor/log.h"

#include <stdlib.h>
#include <string.h>

#include "attestor/log_parts.h"
#include "common/attest/envelope.h"
#include "common/base/note.h"

/* Leaves of one transaction while what is served catches up. */
#define BATCH 1024

void
log_init(struct log *log)
{
	memset(log, 0, sizeof(*log));
	log->signing = (struct signing)SIGNING_INIT;
	log->publishing = (struct publishing)PUBLISHING_INIT;
}

void
log_clear(struct log *log)
{
	truth_close(&log->truth);
	signing_clear(&log->signing);
	publishing_clear(&log->publishing);
	signing_state_clear(&log->signer);
}

enum rb_err
log_open(const struct node *node, const char *conf, struct log *out,
    struct fault *why)
{
	struct log log;
	char *directory = NULL; /* owned */
	enum rb_err rc = RB_EINTERNAL;
	int sock = -1;

	log_init(&log);
	log.node = node;
	/* First: the signer's lock keeps a second attestor from going on. */
	if ((rc = node_connect(node, "signer.sock", &sock, why)) != RB_OK)
		goto out;
	if ((rc = signing_open(sock, node->name, &log.signing, &log.signer,
		 why)) != RB_OK)
		goto out;
	if ((rc = node_path(node, "attestor/truth", &directory)) != RB_OK)
		goto out;
	if ((rc = truth_open(directory, &log.truth, why)) != RB_OK)
		goto out;
	if ((rc = truth_bind(log.truth, buf_span(&log.signing.vkey))) !=
	    RB_OK) {
		rc = fault_set(why, rc,
		    "%s belongs to another key than the signer's: a log has "
		    "one key, so put the old one back; a new log is a new "
		    "directory, made by qubes-rebuilder init",
		    directory);
		goto out;
	}
	if ((rc = publishing_open(conf, &log.publishing, &log.served, why)) !=
	    RB_OK)
		goto out;

	*out = log;
	log_init(&log); /* now the caller's */
	rc = RB_OK;
out:
	free(directory);
	log_clear(&log);
	return rc;
}

enum rb_err
log_read_leaf(struct log *log, uint64_t index, struct buf *envelope,
    struct statement *s)
{
	struct envelope e = ENVELOPE_INIT;
	enum rb_err rc;

	if ((rc = truth_leaf(log->truth, index, envelope)) != RB_OK)
		return rc;
	if ((rc = envelope_parse(buf_span(envelope), &e, NULL)) == RB_OK)
		rc = statement_parse(buf_span(&e.payload), s, NULL);
	envelope_clear(&e);
	return rc;
}

enum rb_err
log_submit(struct log *log, struct span statement, struct fault *why)
{
	struct frontier next = log->frontier;
	struct buf envelope = BUF_INIT, note = BUF_INIT;
	enum rb_err rc;

	if ((rc = signing_append(&log->signing, &next, statement, &envelope,
		 &note, why)) != RB_OK)
		goto out;
	rc = truth_commit(log->truth, log->frontier.size, buf_span(&envelope),
	    buf_span(&note));
	/* It is signed: this refusal is none that the sender could mend. */
	if (rc == RB_EREFUSED)
		rc = RB_EINTERNAL;
	if (rc == RB_OK)
		log->frontier = next;
out:
	buf_clear(&envelope);
	buf_clear(&note);
	return rc;
}

/* One leaf and what stands behind it. */
static enum rb_err
publish_leaf(struct log *log, uint64_t index)
{
	const struct maybe_digest *named[TRUTH_BLOBS_MAX];
	struct buf envelope = BUF_INIT, bytes = BUF_INIT;
	struct statement s;
	enum rb_err rc;
	size_t i;

	statement_init(&s);
	if ((rc = log_read_leaf(log, index, &envelope, &s)) != RB_OK)
		goto out;
	rc = publishing_leaf(&log->publishing, index, buf_span(&envelope));
	statement_blobs(&s, named);
	for (i = 0; i < TRUTH_BLOBS_MAX && rc == RB_OK; i++) {
		if (!named[i]->is_set)
			continue;
		rc = truth_blob(log->truth, &named[i]->value, &bytes);
		if (rc == RB_OK) {
			rc = publishing_blob(&log->publishing, &named[i]->value,
			    buf_span(&bytes));
		} else if (rc == RB_ENOTFOUND) {
			/* Lost, but the leaf stands without it. */
			note(NOTE_ERROR,
			    "a blob behind leaf %llu is not in the truth",
			    (unsigned long long)index);
			rc = RB_OK;
		}
	}
	if (rc == RB_OK)
		machine_kinds_add(&log->kinds, &s);
out:
	statement_clear(&s);
	buf_clear(&envelope);
	buf_clear(&bytes);
	return rc;
}

enum rb_err
log_publish(struct log *log, uint64_t from)
{
	struct buf note = BUF_INIT, json = BUF_INIT;
	uint64_t i;
	enum rb_err rc;

	for (i = from; i < log->frontier.size; i++) {
		if ((rc = publish_leaf(log, i)) != RB_OK)
			goto out;
		if ((i - from) % BATCH != BATCH - 1)
			continue;
		if ((rc = publishing_commit(&log->publishing, SPAN(""),
			 SPAN(""))) != RB_OK)
			goto out;
	}
	/* Of an empty log only the signer has a checkpoint. */
	rc = truth_checkpoint(log->truth, &note);
	if (rc == RB_ENOTFOUND)
		rc = buf_put(&note, buf_span(&log->signer.note));
	if (rc != RB_OK)
		goto out;
	if ((rc = node_json_write(log->node, &log->signing.key, &log->kinds,
		 &json)) != RB_OK)
		goto out;
	rc = publishing_commit(&log->publishing, buf_span(&note),
	    buf_span(&json));
out:
	buf_clear(&note);
	buf_clear(&json);
	return rc;
}

static enum rb_err
check_blobs(struct log *log, const struct submission *s, struct fault *why)
{
	const struct maybe_digest *named[TRUTH_BLOBS_MAX];
	char hex[DIGEST_HEX_LEN + 1];
	enum rb_err rc;
	size_t i, k;

	statement_blobs(&s->statement, named);
	for (i = 0; i < TRUTH_BLOBS_MAX; i++) {
		if (!named[i]->is_set)
			continue;
		for (k = 0; k < s->nblobs; k++) {
			if (digest_equal(&s->blobs[k].digest, &named[i]->value))
				break;
		}
		if (k < s->nblobs)
			continue;
		rc = truth_has_blob(log->truth, &named[i]->value);
		if (rc == RB_OK)
			continue;
		if (rc != RB_ENOTFOUND)
			return rc;
		digest_hex(&named[i]->value, hex);
		return fault_set(why, RB_EREFUSED,
		    "the statement names blob %s, which was not handed over, "
		    "now or earlier",
		    hex);
	}
	return RB_OK;
}

enum rb_err
log_find(struct log *log, const struct digest *statement, uint64_t *index,
    struct digest *leaf)
{
	struct buf envelope = BUF_INIT;
	uint64_t found = 0;
	enum rb_err rc;

	if ((rc = truth_find(log->truth, statement, &found)) != RB_OK)
		return rc;
	if ((rc = truth_leaf(log->truth, found, &envelope)) == RB_OK)
		rc = tree_leaf_hash(buf_span(&envelope), leaf);
	else if (rc == RB_ENOTFOUND)
		rc = RB_EINTERNAL;
	if (rc == RB_OK)
		*index = found;
	buf_clear(&envelope);
	return rc;
}

enum rb_err
log_append(struct log *log, const struct submission *s, uint64_t *index,
    struct digest *leaf, struct fault *why)
{
	uint64_t from = log->frontier.size;
	enum rb_err rc;

	rc = log_find(log, &s->digest, index, leaf);
	if (rc != RB_ENOTFOUND)
		return rc;
	if ((rc = check_blobs(log, s, why)) != RB_OK)
		return rc;
	rc = truth_journal(log->truth, buf_span(&s->bytes), s->blobs,
	    s->nblobs);
	/* Nothing is pending while we run: not the statement's fault. */
	if (rc != RB_OK)
		return rc == RB_EREFUSED ? RB_EINTERNAL : rc;
	rc = log_submit(log, buf_span(&s->bytes), why);
	if (rc == RB_EREFUSED) {
		enum rb_err forgot = truth_forget(log->truth);

		return forgot == RB_OK ? rc : forgot;
	}
	if (rc != RB_OK)
		return rc;
	if ((rc = log_publish(log, from)) != RB_OK)
		return fault_set(why, RB_EIO, "cannot write what is served: %s",
		    err_name(rc));
	rc = log_find(log, &s->digest, index, leaf);
	return rc == RB_ENOTFOUND ? RB_EINTERNAL : rc;
}
