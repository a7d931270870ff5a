/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/said.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/base/enc.h"
#include "common/process/msg.h"
#include "rebuilder/target.h"

#define TEXT_LIMIT 512
#define VALUE_MAX 4096
#define PINS_MAX 3
#define MARKED_MAX ((size_t)64 * 1024)
/* Leaf, two ways to find it, three pins, one count. */
#define WRITES_MAX 7
/* A longer name is found by leaf and digest alone. */
#define NAME_MAX_LEN (JOURNAL_KEY_MAX - 16)

void
said_init(struct said *s)
{
	memset(s, 0, sizeof(*s));
	s->verdict = VERDICT_REPRODUCED;
}

void
said_clear(struct said *s)
{
	free(s->target);
	free(s->file);
	free(s->reason);
	said_init(s);
}

static enum rb_err
put_maybe(struct buf *out, const struct maybe_digest *d)
{
	enum rb_err rc = put_u8(out, d->is_set ? 1 : 0);

	if (rc != RB_OK || !d->is_set)
		return rc;
	return put_digest(out, &d->value);
}

static enum rb_err
take_maybe(struct span *in, struct maybe_digest *out)
{
	uint8_t is_set = 0;
	enum rb_err rc = take_u8(in, &is_set);

	if (rc != RB_OK)
		return rc;
	if (is_set > 1)
		return RB_EFORMAT;
	out->is_set = is_set == 1;
	return out->is_set ? take_digest(in, &out->value) : RB_OK;
}

enum rb_err
said_put(struct buf *out, const struct said *s)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_text(out, s->target)) != RB_OK ||
	    (rc = put_text(out, s->file)) != RB_OK ||
	    (rc = put_digest(out, &s->published)) != RB_OK ||
	    (rc = put_u8(out, (uint8_t)s->verdict)) != RB_OK ||
	    (rc = put_text(out, s->reason == NULL ? "" : s->reason)) != RB_OK ||
	    (rc = put_u64(out, (uint64_t)s->time)) != RB_OK ||
	    (rc = put_maybe(out, &s->log)) != RB_OK ||
	    (rc = put_maybe(out, &s->inputs)) != RB_OK)
		return rc;
	return put_maybe(out, &s->difference);
}

enum rb_err
said_take(struct span in, struct said *out)
{
	struct said s;
	uint64_t seconds = 0;
	uint8_t verdict = 0;
	enum rb_err rc = RB_EINTERNAL;

	said_init(&s);
	if ((rc = take_text(&in, TARGET_MAX, &s.target)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &s.file)) != RB_OK ||
	    (rc = take_digest(&in, &s.published)) != RB_OK ||
	    (rc = take_u8(&in, &verdict)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &s.reason)) != RB_OK ||
	    (rc = take_u64(&in, &seconds)) != RB_OK ||
	    (rc = take_maybe(&in, &s.log)) != RB_OK ||
	    (rc = take_maybe(&in, &s.inputs)) != RB_OK ||
	    (rc = take_maybe(&in, &s.difference)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		goto out;
	if (verdict < VERDICT_REPRODUCED || verdict > VERDICT_UNAVAILABLE ||
	    seconds > INT64_MAX) {
		rc = RB_EFORMAT;
		goto out;
	}
	s.verdict = (enum verdict)verdict;
	s.time = (int64_t)seconds;
	if (s.reason[0] == '\0') {
		free(s.reason);
		s.reason = NULL;
	}
	*out = s;
	said_init(&s); /* now the caller's */
	rc = RB_OK;
out:
	said_clear(&s);
	return rc;
}

static enum rb_err
put_found_key(struct buf *out, const char *text, uint64_t leaf)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_put_str(out, text)) != RB_OK ||
	    (rc = buf_put_byte(out, 0)) != RB_OK)
		return rc;
	return put_u64(out, leaf);
}

static enum rb_err
put_count_key(struct buf *out, enum verdict v)
{
	return buf_printf(out, "said.%s", verdict_name(v));
}

/* What is written, and what its spans point into. */
struct writes {
	struct journal_write list[WRITES_MAX];
	size_t n;
	struct buf leaf, value, name, digest, count, one; /* owned */
};

static void
add(struct writes *w, enum journal_deed deed, enum journal_table table,
    struct span key, struct span value)
{
	w->list[w->n++] = (struct journal_write){ deed, table, key, value };
}

static enum rb_err
fill(struct writes *w, const struct said *s)
{
	const struct maybe_digest *const pins[PINS_MAX] = { &s->log, &s->inputs,
		&s->difference };
	char hex[DIGEST_HEX_LEN + 1];
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	digest_hex(&s->published, hex);
	if ((rc = put_u64(&w->leaf, s->leaf)) != RB_OK ||
	    (rc = said_put(&w->value, s)) != RB_OK ||
	    (rc = put_found_key(&w->name, s->file, s->leaf)) != RB_OK ||
	    (rc = put_found_key(&w->digest, hex, s->leaf)) != RB_OK ||
	    (rc = put_count_key(&w->count, s->verdict)) != RB_OK ||
	    (rc = put_u64(&w->one, 1)) != RB_OK)
		return rc;
	add(w, JOURNAL_PUT, JOURNAL_LEAF, buf_span(&w->leaf),
	    buf_span(&w->value));
	if (strlen(s->file) <= NAME_MAX_LEN)
		add(w, JOURNAL_PUT, JOURNAL_FOUND, buf_span(&w->name),
		    SPAN(""));
	add(w, JOURNAL_PUT, JOURNAL_FOUND, buf_span(&w->digest), SPAN(""));
	for (i = 0; i < PINS_MAX; i++)
		if (pins[i]->is_set)
			add(w, JOURNAL_PUT, JOURNAL_PINNED,
			    digest_span(&pins[i]->value), buf_span(&w->leaf));
	add(w, JOURNAL_COUNT, JOURNAL_STATE, buf_span(&w->count),
	    buf_span(&w->one));
	return RB_OK;
}

enum rb_err
said_add(struct journal *j, const char *target, const struct result *r)
{
	/* The texts stay the caller's. */
	const struct said s = { r->leaf, (char *)(uintptr_t)target, r->file,
		r->published, r->verdict, r->reason, time(NULL), r->log,
		r->inputs, r->difference };
	struct writes w;
	enum rb_err rc = RB_EINTERNAL;

	memset(&w, 0, sizeof(w));
	if ((rc = fill(&w, &s)) == RB_OK)
		rc = journal_write(j, w.list, w.n);
	buf_clear(&w.leaf);
	buf_clear(&w.value);
	buf_clear(&w.name);
	buf_clear(&w.digest);
	buf_clear(&w.count);
	buf_clear(&w.one);
	return rc;
}

static enum rb_err
read_leaf(struct journal *j, uint64_t leaf, struct said *out)
{
	struct buf key = BUF_INIT, value = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_u64(&key, leaf)) != RB_OK ||
	    (rc = journal_read(j, JOURNAL_LEAF, buf_span(&key), VALUE_MAX,
		 &value)) != RB_OK ||
	    (rc = said_take(buf_span(&value), out)) != RB_OK)
		goto out;
	out->leaf = leaf;
out:
	buf_clear(&key);
	buf_clear(&value);
	return rc;
}

/* The newest leaf under a name. */
static enum rb_err
find_leaf(struct journal *j, const char *what, uint64_t *leaf)
{
	struct buf prefix = BUF_INIT, key = BUF_INIT;
	struct span rest;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_put_str(&prefix, what)) != RB_OK ||
	    (rc = buf_put_byte(&prefix, 0)) != RB_OK ||
	    (rc = journal_last(j, JOURNAL_FOUND, buf_span(&prefix), &key)) !=
		RB_OK)
		goto out;
	rest = span_of(key.p + prefix.len, key.len - prefix.len);
	if ((rc = take_u64(&rest, leaf)) == RB_OK)
		rc = take_end(rest);
out:
	buf_clear(&prefix);
	buf_clear(&key);
	return rc;
}

/* Such a leaf may be served, but we do not know it. */
static enum rb_err
leaf_unknown(struct journal *j, uint64_t leaf, struct fault *why)
{
	struct buf key = BUF_INIT;
	struct span in;
	uint64_t last = 0, n = 0;

	if (journal_last(j, JOURNAL_LEAF, SPAN(""), &key) == RB_OK) {
		in = buf_span(&key);
		if (take_u64(&in, &last) == RB_OK)
			n = last + 1;
	}
	buf_clear(&key);
	if (leaf >= n)
		return fault_set(why, RB_ENOTFOUND,
		    "leaf %llu: there is none; the log has %llu so far, "
		    "counted from 0",
		    (unsigned long long)leaf, (unsigned long long)n);
	return fault_set(why, RB_ENOTFOUND,
	    "leaf %llu: this node has no note of it; what it serves "
	    "at /builds/%llu is all there is",
	    (unsigned long long)leaf, (unsigned long long)leaf);
}

enum rb_err
said_find(struct journal *j, const char *what, struct said *out,
    struct fault *why)
{
	uint64_t leaf = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (dec_parse(span_of_str(what), INT64_MAX, &leaf) != RB_OK) {
		rc = find_leaf(j, what, &leaf);
		if (rc == RB_ENOTFOUND || rc == RB_ELIMIT)
			return fault_set(why, RB_ENOTFOUND,
			    "%s: neither a target nor a leaf, file or SHA-256 "
			    "that this node said something about",
			    what);
		if (rc != RB_OK)
			return rc;
	}
	rc = read_leaf(j, leaf, out);
	return rc == RB_ENOTFOUND ? leaf_unknown(j, leaf, why) : rc;
}

static enum rb_err
put_mark_key(struct buf *out, const char *target)
{
	return buf_printf(out, "leaves.%s", target);
}

enum rb_err
said_mark(struct journal *j, const char *target, struct span leaves)
{
	struct journal_write w = { JOURNAL_PUT, JOURNAL_STATE, SPAN_INIT,
		leaves };
	struct buf key = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (leaves.len > MARKED_MAX)
		return RB_ELIMIT;
	if ((rc = put_mark_key(&key, target)) == RB_OK) {
		w.key = buf_span(&key);
		rc = journal_write(j, &w, 1);
	}
	buf_clear(&key);
	return rc;
}

static enum rb_err
put_marked(struct journal *j, uint64_t leaf, struct buf *out, uint32_t *n)
{
	struct said s;
	enum rb_err rc = RB_EINTERNAL;

	said_init(&s);
	rc = read_leaf(j, leaf, &s);
	if (rc == RB_ENOTFOUND) {
		rc = RB_OK;
	} else if (rc == RB_OK && (rc = put_u64(out, leaf)) == RB_OK &&
	    (rc = put_text(out, s.file)) == RB_OK &&
	    (rc = put_u8(out, (uint8_t)s.verdict)) == RB_OK &&
	    (rc = put_text(out, s.reason == NULL ? "" : s.reason)) == RB_OK) {
		++*n;
	}
	said_clear(&s);
	return rc;
}

enum rb_err
said_marked(struct journal *j, const char *target, struct buf *out, uint32_t *n)
{
	struct buf key = BUF_INIT, leaves = BUF_INIT;
	struct span in;
	uint64_t leaf = 0;
	enum rb_err rc = RB_EINTERNAL;

	*n = 0;
	if ((rc = put_mark_key(&key, target)) != RB_OK)
		goto out;
	rc = key.len > JOURNAL_KEY_MAX ?
	    RB_ENOTFOUND :
	    journal_read(j, JOURNAL_STATE, buf_span(&key), MARKED_MAX, &leaves);
	in = buf_span(&leaves);
	while (rc == RB_OK && in.len > 0)
		if ((rc = take_u64(&in, &leaf)) == RB_OK)
			rc = put_marked(j, leaf, out, n);
	if (rc == RB_ENOTFOUND)
		rc = RB_OK;
out:
	buf_clear(&key);
	buf_clear(&leaves);
	return rc;
}

enum rb_err
said_count(struct journal *j, enum verdict v, uint64_t *out)
{
	struct buf key = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_count_key(&key, v)) == RB_OK)
		rc = journal_number(j, JOURNAL_STATE, buf_span(&key), out);
	buf_clear(&key);
	return rc;
}

enum rb_err
said_pin(struct journal *j, const struct digest *d)
{
	/* What a statement pinned stays pinned by it. */
	const struct journal_write w = { JOURNAL_ADD, JOURNAL_PINNED,
		digest_span(d), SPAN("") };

	return journal_write(j, &w, 1);
}

enum rb_err
said_unpin(struct journal *j, const struct digest *d)
{
	const struct journal_write w = { JOURNAL_REMOVE, JOURNAL_PINNED,
		digest_span(d), SPAN_INIT };
	struct buf value = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	rc = journal_read(j, JOURNAL_PINNED, digest_span(d), VALUE_MAX, &value);
	if (rc == RB_OK && value.len == 0)
		rc = journal_write(j, &w, 1);
	buf_clear(&value);
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

bool
said_is_pinned(struct journal *j, const struct digest *d)
{
	struct buf value = BUF_INIT;
	enum rb_err rc;

	rc = journal_read(j, JOURNAL_PINNED, digest_span(d), VALUE_MAX, &value);
	buf_clear(&value);
	/* In doubt nothing is taken away. */
	return rc != RB_ENOTFOUND;
}
