/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/evidence.h"

#include <stdlib.h>

#include "common/attest/bundle.h"

/*
 * JSON around an envelope: hashes of 44 characters with quotes and a comma, two
 * numbers, the names of four members.  The checkpoint is there once, as a
 * string in which each line feed became two characters.
 */
#define AROUND_MAX (TREE_LEVELS * 47 + 128)
#define CHECKPOINT_JSON_MAX (2 * CHECKPOINT_NOTE_MAX + 128)

/* An updater would give this node up for an answer that is too long. */
_Static_assert(BUNDLE_ANSWER_MAX >=
	EVIDENCE_BYTES_MAX + EVIDENCE_MAX * AROUND_MAX + CHECKPOINT_JSON_MAX,
    "an answer may be longer than updaters take");

/* Leaves to answer with; one more than allowed shows that there are more. */
struct found {
	uint64_t *indexes; /* owned, EVIDENCE_MAX + 1 */
	size_t n;
};

#define FOUND_INIT { NULL, 0 }

static enum rb_err
found_new(struct found *f)
{
	f->indexes = calloc(EVIDENCE_MAX + 1, sizeof(*f->indexes));
	return f->indexes == NULL ? RB_ENOMEM : RB_OK;
}

static void
found_clear(struct found *f)
{
	free(f->indexes);
	f->indexes = NULL;
	f->n = 0;
}

static enum rb_err
too_much(struct fault *why)
{
	return fault_set(why, RB_ELIMIT,
	    "the answer would hold more than %d pieces of evidence or %d MiB: "
	    "ask for a longer prefix or for fewer files",
	    EVIDENCE_MAX, EVIDENCE_BYTES_MAX / (1024 * 1024));
}

static enum rb_err
bundle_add_leaf(struct bundle *b, const struct view *v, uint64_t index,
    size_t checkpoint, size_t *bytes)
{
	struct tree_proof proof;
	struct span envelope;
	enum rb_err rc;

	if ((rc = view_leaf(v, index, &envelope, NULL)) != RB_OK)
		return rc;
	if (envelope.len > EVIDENCE_BYTES_MAX - *bytes)
		return RB_ELIMIT;
	*bytes += envelope.len;
	rc = tree_prove_inclusion(store_hash, v->txn, v->head.size, index,
	    &proof);
	if (rc != RB_OK)
		return rc;
	return bundle_add_evidence(b, envelope, index, checkpoint, &proof);
}

static enum rb_err
found_write(struct found *f, const struct view *v, struct buf *json,
    struct fault *why)
{
	struct bundle b = BUNDLE_INIT;
	size_t i, checkpoint, bytes = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (f->n > EVIDENCE_MAX)
		return too_much(why);
	if ((rc = bundle_add_checkpoint(&b, v->note, &checkpoint)) != RB_OK)
		goto out;
	for (i = 0; i < f->n; i++) {
		rc = bundle_add_leaf(&b, v, f->indexes[i], checkpoint, &bytes);
		if (rc == RB_ENOTFOUND)
			continue; /* a checkpoint will cover it soon */
		if (rc != RB_OK)
			goto out;
	}
	rc = bundle_write(&b, json);
out:
	bundle_clear(&b);
	if (rc == RB_ELIMIT)
		return too_much(why);
	return rc;
}

static enum rb_err
checkpoint_wanted(const struct view *v, struct fault *why)
{
	if (v->note.len > 0)
		return RB_OK;
	return fault_set(why, RB_ESTALE,
	    "this node has signed no checkpoint yet: ask again later");
}

enum rb_err
evidence_for_route(const struct view *v, const struct route *r,
    struct buf *json, struct fault *why)
{
	struct found f = FOUND_INIT;
	struct digest key;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = checkpoint_wanted(v, why)) != RB_OK)
		goto out;
	if ((rc = found_new(&f)) != RB_OK)
		goto out;
	switch (r->kind) {
	case ROUTE_EVIDENCE_PACKAGE:
		rc = store_package_key(r->repository, r->name, r->version,
		    r->arch, &key);
		if (rc == RB_OK)
			rc = store_find_package(v->txn, &key, 256, f.indexes,
			    EVIDENCE_MAX + 1, &f.n);
		break;
	case ROUTE_EVIDENCE_PACKAGE_PREFIX:
		rc = store_find_package(v->txn, &r->digest, r->bits, f.indexes,
		    EVIDENCE_MAX + 1, &f.n);
		break;
	default:
		rc = store_find_prefix(v->txn, &r->digest, r->bits, f.indexes,
		    EVIDENCE_MAX + 1, &f.n);
		break;
	}
	if (rc == RB_OK || rc == RB_ENOTFOUND)
		rc = found_write(&f, v, json, why);
out:
	found_clear(&f);
	return rc;
}

static int
digest_compare(const void *a, const void *b)
{
	return span_compare(digest_span(a), digest_span(b));
}

enum rb_err
evidence_for_digests(const struct view *v, struct digest *digests, size_t n,
    struct buf *json, struct fault *why)
{
	struct found f = FOUND_INIT;
	size_t i, more;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = checkpoint_wanted(v, why)) != RB_OK)
		goto out;
	if ((rc = found_new(&f)) != RB_OK)
		goto out;
	/* A bundle holds nothing twice, however often it was asked for. */
	qsort(digests, n, sizeof(*digests), digest_compare);
	for (i = 0; i < n && f.n <= EVIDENCE_MAX; i++) {
		if (i > 0 && digest_equal(&digests[i - 1], &digests[i]))
			continue;
		rc = store_find_prefix(v->txn, &digests[i], 256,
		    f.indexes + f.n, EVIDENCE_MAX + 1 - f.n, &more);
		if (rc == RB_OK)
			f.n += more;
		else if (rc != RB_ENOTFOUND)
			goto out;
	}
	rc = found_write(&f, v, json, why);
out:
	found_clear(&f);
	return rc;
}

enum rb_err
batch_parse(struct span body, struct digest *out, size_t *n, struct fault *why)
{
	struct span line;
	size_t i = 0;

	while (body.len > 0) {
		if (i == EVIDENCE_DIGESTS_MAX)
			return fault_set(why, RB_ELIMIT,
			    "more than %d digests: send them in several "
			    "requests",
			    EVIDENCE_DIGESTS_MAX);
		if (span_take_line(&body, &line) != RB_OK)
			return fault_set(why, RB_EFORMAT,
			    "line %zu is not ended by a line feed", i + 1);
		if (digest_parse(line, &out[i]) != RB_OK)
			return fault_set(why, RB_EFORMAT,
			    "line %zu is not a SHA-256 digest: 64 lower-case "
			    "hexadecimal digits and nothing else",
			    i + 1);
		i++;
	}
	if (i == 0)
		return fault_set(why, RB_EFORMAT,
		    "the body is empty: send SHA-256 digests, one a line");
	*n = i;
	return RB_OK;
}
