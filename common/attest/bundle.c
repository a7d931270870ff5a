/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "common/attest/bundle_order.h"
#include "common/attest/json.h"
#include "common/attest/list.h"

static void
evidence_clear(struct evidence *e)
{
	buf_clear(&e->envelope);
}

/* Forgets what lies behind the first so many. */
static void
truncate_to(struct bundle *b, size_t ncheckpoints, size_t nevidence)
{
	while (b->ncheckpoints > ncheckpoints)
		buf_clear(&b->checkpoints[--b->ncheckpoints]);
	while (b->nevidence > nevidence)
		evidence_clear(&b->evidence[--b->nevidence]);
}

void
bundle_clear(struct bundle *b)
{
	truncate_to(b, 0, 0);
	free(b->checkpoints);
	free(b->evidence);
	*b = (struct bundle)BUNDLE_INIT;
}

enum rb_err
bundle_add_checkpoint(struct bundle *b, struct span note, size_t *position)
{
	struct buf copy = BUF_INIT;
	struct checkpoint cp;
	struct buf *list;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	for (i = 0; i < b->ncheckpoints; i++) {
		if (span_equal(buf_span(&b->checkpoints[i]), note)) {
			*position = i;
			return RB_OK;
		}
	}
	if (b->ncheckpoints == BUNDLE_CHECKPOINTS_MAX)
		return RB_ELIMIT;
	if ((rc = checkpoint_peek(note, &cp)) != RB_OK)
		goto out;
	if ((rc = buf_put(&copy, note)) != RB_OK)
		goto out;
	list = list_grow(b->checkpoints, b->ncheckpoints, sizeof(*list));
	if (list == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	b->checkpoints = list;
	*position = b->ncheckpoints;
	b->checkpoints[b->ncheckpoints++] = copy;
	copy = (struct buf)BUF_INIT; /* now the bundle's */
	rc = RB_OK;
out:
	buf_clear(&copy);
	return rc;
}

enum rb_err
bundle_add_evidence(struct bundle *b, struct span envelope, uint64_t index,
    size_t checkpoint, const struct tree_proof *proof)
{
	struct span rest = envelope;
	struct buf copy = BUF_INIT;
	struct envelope_parts parts;
	struct evidence *list, *e;
	enum rb_err rc = RB_EINTERNAL;

	if (checkpoint >= b->ncheckpoints)
		return RB_ENOTFOUND;
	if (b->nevidence == BUNDLE_EVIDENCE_MAX || index > JSON_NUMBER_MAX ||
	    proof->n > TREE_LEVELS || envelope.len > ENVELOPE_MAX)
		return RB_ELIMIT;
	if ((rc = envelope_take(&rest, &parts)) != RB_OK)
		goto out;
	rc = RB_EFORMAT;
	if (rest.len != 0)
		goto out;
	if ((rc = buf_put(&copy, envelope)) != RB_OK)
		goto out;
	list = list_grow(b->evidence, b->nevidence, sizeof(*list));
	if (list == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	b->evidence = list;
	e = &b->evidence[b->nevidence++];
	e->envelope = copy;
	copy = (struct buf)BUF_INIT; /* now the bundle's */
	e->index = index;
	e->checkpoint = checkpoint;
	e->proof = *proof;
	rc = RB_OK;
out:
	buf_clear(&copy);
	return rc;
}

static int
compare_numbers(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

int
place_compare(const void *left, const void *right)
{
	const struct place *a = left, *b = right;
	int r;

	if ((r = compare_numbers(a->checkpoint, b->checkpoint)) != 0 ||
	    (r = compare_numbers(a->e->index, b->e->index)) != 0 ||
	    (r = span_compare(buf_span(&a->e->envelope),
		 buf_span(&b->e->envelope))) != 0 ||
	    (r = compare_numbers(a->e->proof.n, b->e->proof.n)) != 0)
		return r;
	return memcmp(a->e->proof.hashes, b->e->proof.hashes,
	    a->e->proof.n * sizeof(a->e->proof.hashes[0]));
}

enum rb_err
places_sort(const struct bundle *b, const size_t *positions, struct place **out)
{
	struct place *places;
	size_t i;

	places = calloc(b->nevidence + 1, sizeof(*places));
	if (places == NULL)
		return RB_ENOMEM;
	for (i = 0; i < b->nevidence; i++) {
		places[i].e = &b->evidence[i];
		places[i].checkpoint = positions[b->evidence[i].checkpoint];
	}
	qsort(places, b->nevidence, sizeof(*places), place_compare);
	*out = places;
	return RB_OK;
}

/* Moves what `to` has not to the front; how much that is. */
static size_t
keep_new(const struct place *to, size_t nto, struct place *from, size_t nfrom)
{
	size_t i, n = 0;

	for (i = 0; i < nfrom; i++) {
		if (bsearch(&from[i], to, nto, sizeof(*to), place_compare) ==
		    NULL)
			from[n++] = from[i];
	}
	return n;
}

enum rb_err
bundle_merge(struct bundle *to, const struct bundle *from)
{
	const size_t ncheckpoints = to->ncheckpoints;
	const size_t nevidence = to->nevidence;
	size_t *same = NULL, *moved = NULL;
	struct place *old = NULL, *add = NULL;
	enum rb_err rc = RB_ENOMEM;
	size_t i, n;

	same = calloc(ncheckpoints + 1, sizeof(*same));
	moved = calloc(from->ncheckpoints + 1, sizeof(*moved));
	if (same == NULL || moved == NULL)
		goto out;
	for (i = 0; i < ncheckpoints; i++)
		same[i] = i;
	for (i = 0; i < from->ncheckpoints; i++) {
		rc = bundle_add_checkpoint(to, buf_span(&from->checkpoints[i]),
		    &moved[i]);
		if (rc != RB_OK)
			goto out;
	}
	if ((rc = places_sort(to, same, &old)) != RB_OK)
		goto out;
	if ((rc = places_sort(from, moved, &add)) != RB_OK)
		goto out;
	/* The places of `to` end here: what they point to may move. */
	n = keep_new(old, nevidence, add, from->nevidence);
	for (i = 0; i < n; i++) {
		if (i > 0 && place_compare(&add[i - 1], &add[i]) == 0)
			continue;
		rc = bundle_add_evidence(to, buf_span(&add[i].e->envelope),
		    add[i].e->index, add[i].checkpoint, &add[i].e->proof);
		if (rc != RB_OK)
			goto out;
	}

	rc = RB_OK;
out:
	if (rc != RB_OK)
		truncate_to(to, ncheckpoints, nevidence);
	free(same);
	free(moved);
	free(old);
	free(add);
	return rc;
}
