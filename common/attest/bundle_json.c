/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/bundle.h"

#include <stdlib.h>
#include <string.h>

#include "common/attest/bundle_order.h"
#include "common/attest/json.h"
#include "common/base/enc.h"

static const char head[] = "{\"checkpoints\":[";
static const char middle[] = "],\"evidence\":[";
static const char tail[] =
    "],\"mediaType\":\"application/vnd.qubes-rebuilder.bundle.v1+json\"}";

/* Before the first of a list "", before the others ",". */
static enum rb_err
put_comma(struct buf *out, size_t i)
{
	return i == 0 ? RB_OK : buf_put_byte(out, ',');
}

static enum rb_err
take_comma(struct span *in, size_t i)
{
	return i == 0 ? RB_OK : json_take(in, ",");
}

/*
 * A note as a JSON text: it holds no quote, no backslash and no control
 * character but LF (checkpoint_peek), so that one escape is enough.
 */
static enum rb_err
put_note(struct buf *out, struct span note)
{
	struct span line;
	enum rb_err rc;

	if ((rc = buf_put_byte(out, '"')) != RB_OK)
		return rc;
	while (note.len != 0) {
		if ((rc = span_take_line(&note, &line)) != RB_OK)
			return rc;
		if ((rc = buf_put(out, line)) != RB_OK)
			return rc;
		if ((rc = buf_put_str(out, "\\n")) != RB_OK)
			return rc;
	}
	return buf_put_byte(out, '"');
}

static enum rb_err
take_note(struct span *in, struct buf *note)
{
	struct span text, line;
	enum rb_err rc;

	if ((rc = json_take(in, "\"")) != RB_OK)
		return rc;
	if ((rc = span_take_until(in, '"', &text)) != RB_OK)
		return rc;
	if (text.len > 2 * CHECKPOINT_NOTE_MAX)
		return RB_ELIMIT;
	while (text.len != 0) {
		if ((rc = span_take_until(&text, '\\', &line)) != RB_OK)
			return rc;
		/* A bare LF would be a second spelling, and not JSON. */
		if (line.len != 0 && memchr(line.p, '\n', line.len) != NULL)
			return RB_EFORMAT;
		if ((rc = buf_put(note, line)) != RB_OK)
			return rc;
		if ((rc = json_take(&text, "n")) != RB_OK)
			return rc;
		if ((rc = buf_put_byte(note, '\n')) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
put_proof(struct buf *out, const struct tree_proof *proof)
{
	enum rb_err rc;
	size_t i;

	if ((rc = buf_put_byte(out, '[')) != RB_OK)
		return rc;
	for (i = 0; i < proof->n; i++) {
		if ((rc = buf_put_str(out, i == 0 ? "\"" : ",\"")) != RB_OK)
			return rc;
		if ((rc = base64_write(digest_span(&proof->hashes[i]), out)) !=
		    RB_OK)
			return rc;
		if ((rc = buf_put_byte(out, '"')) != RB_OK)
			return rc;
	}
	return buf_put_byte(out, ']');
}

/* `bytes` is room that is used again for every hash. */
static enum rb_err
take_proof(struct span *in, struct tree_proof *proof, struct buf *bytes)
{
	struct span text;
	enum rb_err rc;

	proof->n = 0;
	if ((rc = json_take(in, "[")) != RB_OK)
		return rc;
	while (!json_skip(in, "]")) {
		if (proof->n == TREE_LEVELS)
			return RB_ELIMIT;
		if ((rc = take_comma(in, proof->n)) != RB_OK)
			return rc;
		if ((rc = json_take_text(in, 44, &text)) != RB_OK)
			return rc;
		buf_reset(bytes);
		if ((rc = base64_parse(text, bytes)) != RB_OK)
			return rc;
		if (bytes->len != DIGEST_LEN)
			return RB_EFORMAT;
		memcpy(proof->hashes[proof->n++].b, bytes->p, DIGEST_LEN);
	}
	return RB_OK;
}

static enum rb_err
put_evidence(struct buf *out, const struct place *place)
{
	enum rb_err rc;

	if ((rc = buf_printf(out, "{\"checkpoint\":%zu,\"envelope\":",
		 place->checkpoint)) != RB_OK)
		return rc;
	if ((rc = buf_put(out, buf_span(&place->e->envelope))) != RB_OK)
		return rc;
	if ((rc = buf_put_str(out, ",\"index\":")) != RB_OK)
		return rc;
	if ((rc = json_put_number(out, place->e->index)) != RB_OK)
		return rc;
	if ((rc = buf_put_str(out, ",\"proof\":")) != RB_OK)
		return rc;
	if ((rc = put_proof(out, &place->e->proof)) != RB_OK)
		return rc;
	return buf_put_byte(out, '}');
}

static enum rb_err
take_evidence(struct span *in, struct bundle *b, struct buf *bytes)
{
	struct envelope_parts envelope;
	struct tree_proof proof;
	uint64_t checkpoint, index;
	enum rb_err rc;

	if ((rc = json_take(in, "{\"checkpoint\":")) != RB_OK)
		return rc;
	if ((rc = json_take_number(in, &checkpoint)) != RB_OK)
		return rc;
	if ((rc = json_take(in, ",\"envelope\":")) != RB_OK)
		return rc;
	if ((rc = envelope_take(in, &envelope)) != RB_OK)
		return rc;
	if ((rc = json_take(in, ",\"index\":")) != RB_OK)
		return rc;
	if ((rc = json_take_number(in, &index)) != RB_OK)
		return rc;
	if ((rc = json_take(in, ",\"proof\":")) != RB_OK)
		return rc;
	if ((rc = take_proof(in, &proof, bytes)) != RB_OK)
		return rc;
	if ((rc = json_take(in, "}")) != RB_OK)
		return rc;
	if (checkpoint >= b->ncheckpoints)
		return RB_EFORMAT;
	return bundle_add_evidence(b, envelope.whole, index, (size_t)checkpoint,
	    &proof);
}

/* For lists of pointers to notes. */
static int
compare_notes(const void *left, const void *right)
{
	const struct buf *a = *(const struct buf *const *)left;
	const struct buf *b = *(const struct buf *const *)right;

	return span_compare(buf_span(a), buf_span(b));
}

/* Notes in order, and where each of the bundle's stands then; owned. */
static enum rb_err
sort_notes(const struct bundle *b, const struct buf ***notes,
    size_t **positions)
{
	const struct buf **sorted;
	size_t *at;
	size_t i;

	sorted = calloc(b->ncheckpoints + 1, sizeof(const struct buf *));
	at = calloc(b->ncheckpoints + 1, sizeof(*at));
	if (sorted == NULL || at == NULL) {
		free(sorted);
		free(at);
		return RB_ENOMEM;
	}
	for (i = 0; i < b->ncheckpoints; i++)
		sorted[i] = &b->checkpoints[i];
	qsort(sorted, b->ncheckpoints, sizeof(const struct buf *),
	    compare_notes);
	for (i = 0; i < b->ncheckpoints; i++)
		at[sorted[i] - b->checkpoints] = i;
	*notes = sorted;
	*positions = at;
	return RB_OK;
}

enum rb_err
bundle_write(const struct bundle *b, struct buf *out)
{
	const struct buf **notes = NULL;
	size_t *positions = NULL;
	struct place *places = NULL;
	struct buf json = BUF_INIT;
	enum rb_err rc;
	size_t i, n;

	if ((rc = sort_notes(b, &notes, &positions)) != RB_OK)
		goto out;
	if ((rc = places_sort(b, positions, &places)) != RB_OK)
		goto out;
	if ((rc = buf_put_str(&json, head)) != RB_OK)
		goto out;
	for (i = 0; i < b->ncheckpoints; i++) {
		if ((rc = put_comma(&json, i)) != RB_OK)
			goto out;
		if ((rc = put_note(&json, buf_span(notes[i]))) != RB_OK)
			goto out;
	}
	if ((rc = buf_put_str(&json, middle)) != RB_OK)
		goto out;
	for (i = 0, n = 0; i < b->nevidence; i++) {
		if (i > 0 && place_compare(&places[i - 1], &places[i]) == 0)
			continue;
		if ((rc = put_comma(&json, n++)) != RB_OK)
			goto out;
		if ((rc = put_evidence(&json, &places[i])) != RB_OK)
			goto out;
		rc = RB_ELIMIT;
		if (json.len > BUNDLE_MAX)
			goto out;
	}
	if ((rc = buf_put_str(&json, tail)) != RB_OK)
		goto out;
	rc = RB_ELIMIT;
	if (json.len > BUNDLE_MAX)
		goto out;
	rc = buf_put(out, buf_span(&json));
out:
	free(notes);
	free(positions);
	free(places);
	buf_clear(&json);
	return rc;
}

static enum rb_err
take_checkpoints(struct span *in, struct bundle *b, struct buf *note)
{
	size_t i, position;
	enum rb_err rc;

	for (i = 0; !json_skip(in, middle); i++) {
		if ((rc = take_comma(in, i)) != RB_OK)
			return rc;
		buf_reset(note);
		if ((rc = take_note(in, note)) != RB_OK)
			return rc;
		/* Strictly rising: no note twice, no other order. */
		if (i > 0 &&
		    span_compare(buf_span(&b->checkpoints[i - 1]),
			buf_span(note)) >= 0)
			return RB_EFORMAT;
		if ((rc = bundle_add_checkpoint(b, buf_span(note),
			 &position)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
take_all_evidence(struct span *in, struct bundle *b, struct buf *bytes)
{
	struct place last, next;
	enum rb_err rc;
	size_t i;

	for (i = 0; !json_skip(in, tail); i++) {
		if ((rc = take_comma(in, i)) != RB_OK)
			return rc;
		if ((rc = take_evidence(in, b, bytes)) != RB_OK)
			return rc;
		if (i == 0)
			continue;
		last.e = &b->evidence[i - 1];
		last.checkpoint = last.e->checkpoint;
		next.e = &b->evidence[i];
		next.checkpoint = next.e->checkpoint;
		if (place_compare(&last, &next) >= 0)
			return RB_EFORMAT;
	}
	return in->len == 0 ? RB_OK : RB_EFORMAT;
}

enum rb_err
bundle_parse(struct span json, struct bundle *out, struct fault *why)
{
	struct bundle b = BUNDLE_INIT;
	struct buf bytes = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (json.len > BUNDLE_MAX) {
		rc = fault_set(why, RB_ELIMIT, "bundle: over %d bytes",
		    BUNDLE_MAX);
		goto out;
	}
	if ((rc = json_take(&json, head)) != RB_OK) {
		fault_set(why, rc, "bundle: does not start as one");
		goto out;
	}
	if ((rc = take_checkpoints(&json, &b, &bytes)) != RB_OK) {
		fault_set(why, rc,
		    "bundle: checkpoint %zu is none, is too long, or not "
		    "behind the one before",
		    b.ncheckpoints);
		goto out;
	}
	if ((rc = take_all_evidence(&json, &b, &bytes)) != RB_OK) {
		fault_set(why, rc,
		    "bundle: evidence %zu is none, is too long, is there "
		    "twice, or out of order",
		    b.nevidence);
		goto out;
	}

	*out = b;
	b = (struct bundle)BUNDLE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	buf_clear(&bytes);
	bundle_clear(&b);
	return rc;
}
