/* SPDX-License-Identifier: GPL-2.0-or-later */
/* pack_index_make: what is in a pack that comes without ids. */
#include "rebuilder/judge/git/pack_index.h"

#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/git/delta.h"
#include "rebuilder/judge/git/inflater.h"
#include "rebuilder/judge/git/plain_sha1.h"

#define NONE UINT32_MAX
#define HEAD_LEN 12

struct object {
	struct git_id
	    id; /* when is_known; before, of a delta by id: its base */
	bool is_known;
	uint8_t kind, type;
	uint32_t depth;
	uint32_t child, next; /* first delta to this one; next of our base */
	uint64_t offset;
};

/* A delta whose base is named by id. */
struct waiting {
	struct git_id base;
	uint32_t object;
};

/* A base while its deltas are applied to it. */
struct base {
	struct buf bytes; /* owned */
	uint32_t object;
	uint32_t child;      /* next delta by offset */
	size_t named, nnamed; /* next and last + 1 of the deltas by id */
};

struct scan {
	const struct pack *pack;      /* borrowed */
	struct inflater *inflater;    /* owned */
	struct object *objects;       /* owned; in the order of the pack */
	uint32_t n;
	struct waiting *waiting;      /* owned; by base */
	size_t nwaiting;
	struct base *bases;           /* owned: a stack */
	size_t nbases;
	struct buf delta;
	uint64_t total;               /* bytes that were unpacked */
	size_t held;                  /* bytes of all bases */
};

static void
scan_clear(struct scan *s)
{
	inflater_free(&s->inflater);
	free(s->objects);
	free(s->waiting);
	while (s->nbases > 0)
		buf_clear(&s->bases[--s->nbases].bytes);
	free(s->bases);
	buf_clear(&s->delta);
}

static enum rb_err
scan_new(const struct pack *p, struct scan *s)
{
	s->pack = p;
	s->n = p->n;
	s->objects = calloc((size_t)p->n + 1, sizeof(*s->objects));
	s->waiting = calloc((size_t)p->n + 1, sizeof(*s->waiting));
	s->bases = calloc(PACK_DELTAS_MAX + 1, sizeof(*s->bases));
	if (s->objects == NULL || s->waiting == NULL || s->bases == NULL)
		return RB_ENOMEM;
	return inflater_new(&s->inflater);
}

static enum rb_err
account(struct scan *s, uint64_t len)
{
	if (len > PACK_TOTAL_MAX - s->total)
		return RB_ELIMIT;
	s->total += len;
	return RB_OK;
}

/* Unpacks what stands at `e` to the end of `out`; cuts it off `rest`. */
static enum rb_err
inflate_entry(struct scan *s, const struct pack_entry *e, struct span *rest,
    struct buf *out)
{
	enum rb_err rc;

	/* An empty object needs a place too. */
	if ((rc = account(s, e->size)) != RB_OK ||
	    (rc = buf_reserve(out, e->size + 1)) != RB_OK)
		return rc;
	*rest = e->rest;
	rc = inflater_take(s->inflater, rest, out->p + out->len, e->size);
	if (rc == RB_OK)
		out->len += e->size;
	return rc;
}

/* The object that begins at an offset; NONE: none does. */
static uint32_t
object_at(const struct scan *s, uint32_t n, uint64_t offset)
{
	uint32_t low = 0, high = n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (s->objects[middle].offset == offset)
			return middle;
		if (s->objects[middle].offset < offset)
			low = middle + 1;
		else
			high = middle;
	}
	return NONE;
}

/* Object `i`, and where it stands among those before it. */
static enum rb_err
look_at(struct scan *s, uint32_t i, const struct pack_entry *e, struct span in)
{
	struct object *o = &s->objects[i], *base;
	struct waiting *w;
	uint32_t b;

	o->kind = (uint8_t)e->kind;
	switch (e->kind) {
	case PACK_WHOLE:
		o->type = (uint8_t)e->type;
		o->is_known = true;
		return plain_git_id(e->type, in, &o->id);
	case PACK_DELTA_OFFSET:
		if ((b = object_at(s, i, e->base_offset)) == NONE)
			return RB_EFORMAT;
		base = &s->objects[b];
		o->next = base->child;
		base->child = i;
		return RB_OK;
	case PACK_DELTA_ID:
		w = &s->waiting[s->nwaiting++];
		w->base = e->base_id;
		w->object = i;
		return RB_OK;
	}
	return RB_EINTERNAL;
}

/* All objects from the first to the last byte. */
static enum rb_err
walk(struct scan *s)
{
	uint64_t offset = HEAD_LEN;
	struct pack_entry e;
	struct span rest = SPAN_INIT;
	enum rb_err rc;
	uint32_t i;

	for (i = 0; i < s->n; i++) {
		buf_reset(&s->delta);
		if ((rc = pack_entry_at(s->pack, offset, &e)) != RB_OK ||
		    (rc = inflate_entry(s, &e, &rest, &s->delta)) != RB_OK)
			return rc;
		s->objects[i].offset = offset;
		s->objects[i].child = s->objects[i].next = NONE;
		if ((rc = look_at(s, i, &e, buf_span(&s->delta))) != RB_OK)
			return rc;
		offset = pack_offset(s->pack, rest);
	}
	return offset == s->pack->objects.len ? RB_OK : RB_EFORMAT;
}

static int
by_base(const void *a, const void *b)
{
	return memcmp(((const struct waiting *)a)->base.b,
	    ((const struct waiting *)b)->base.b, GIT_ID_LEN);
}

/* The deltas that wait for this id: from `first` up to `end`. */
static void
named_by(const struct scan *s, const struct git_id *id, size_t *first,
    size_t *end)
{
	size_t low = 0, high = s->nwaiting, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (memcmp(s->waiting[middle].base.b, id->b, GIT_ID_LEN) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	*first = low;
	while (low < s->nwaiting && git_id_equal(&s->waiting[low].base, id))
		low++;
	*end = low;
}

static bool
is_done(const struct base *b)
{
	return b->child == NONE && b->named == b->nnamed;
}

/* Puts an object on the stack when there are deltas to it; takes `bytes`. */
static enum rb_err
push(struct scan *s, uint32_t object, struct buf *bytes)
{
	struct base *b = &s->bases[s->nbases];

	memset(b, 0, sizeof(*b));
	b->object = object;
	b->child = s->objects[object].child;
	named_by(s, &s->objects[object].id, &b->named, &b->nnamed);
	if (is_done(b))
		return RB_OK;
	if (s->nbases == PACK_DELTAS_MAX ||
	    bytes->cap > PACK_WAITING_MAX - s->held)
		return RB_ELIMIT;
	s->held += bytes->cap;
	b->bytes = *bytes;
	*bytes = (struct buf)BUF_INIT; /* now the stack's */
	s->nbases++;
	return RB_OK;
}

static void
pop(struct scan *s)
{
	struct base *b = &s->bases[--s->nbases];

	s->held -= b->bytes.cap;
	buf_clear(&b->bytes);
}

/* The next delta of the base on top. */
static uint32_t
next_child(struct scan *s, struct base *b)
{
	uint32_t i = b->child;

	if (i != NONE) {
		b->child = s->objects[i].next;
		return i;
	}
	return s->waiting[b->named++].object;
}

/* One delta of the base on top; the base goes when it was the last. */
static enum rb_err
apply_next(struct scan *s)
{
	struct base *b = &s->bases[s->nbases - 1];
	const struct object *base = &s->objects[b->object];
	uint32_t i = next_child(s, b);
	struct object *o = &s->objects[i];
	struct buf bytes = BUF_INIT;
	struct pack_entry e;
	struct span rest;
	enum rb_err rc;

	o->type = base->type;
	o->depth = base->depth + 1;
	buf_reset(&s->delta);
	if (o->is_known) /* two bases of one id */
		return RB_EFORMAT;
	if (o->depth > PACK_DELTAS_MAX)
		return RB_ELIMIT;
	if ((rc = pack_entry_at(s->pack, o->offset, &e)) != RB_OK ||
	    (rc = inflate_entry(s, &e, &rest, &s->delta)) != RB_OK ||
	    (rc = delta_apply(buf_span(&b->bytes), buf_span(&s->delta),
		 PACK_OBJECT_BYTES_MAX, &bytes)) != RB_OK ||
	    (rc = account(s, bytes.len)) != RB_OK ||
	    (rc = plain_git_id((enum git_type)o->type, buf_span(&bytes),
		 &o->id)) != RB_OK)
		goto out;
	o->is_known = true;
	if (is_done(b))
		pop(s);
	rc = push(s, i, &bytes);
out:
	buf_clear(&bytes);
	return rc;
}

/* Every delta that leads to this whole object, near and far. */
static enum rb_err
resolve(struct scan *s, uint32_t object)
{
	struct buf bytes = BUF_INIT;
	struct pack_entry e;
	struct span rest;
	size_t first, end;
	enum rb_err rc;

	named_by(s, &s->objects[object].id, &first, &end);
	if (s->objects[object].child == NONE && first == end)
		return RB_OK;
	if ((rc = pack_entry_at(s->pack, s->objects[object].offset, &e)) !=
		RB_OK ||
	    (rc = inflate_entry(s, &e, &rest, &bytes)) != RB_OK ||
	    (rc = push(s, object, &bytes)) != RB_OK)
		goto out;
	while (s->nbases > 0) {
		if ((rc = apply_next(s)) != RB_OK)
			goto out;
	}
out:
	buf_clear(&bytes);
	return rc;
}

static int
by_id(const void *a, const void *b)
{
	return memcmp(((const struct pack_place *)a)->id.b,
	    ((const struct pack_place *)b)->id.b, GIT_ID_LEN);
}

static enum rb_err
sort(const struct scan *s, struct pack_index *out, struct fault *why)
{
	struct pack_index index = PACK_INDEX_INIT;
	char hex[GIT_ID_HEX_LEN + 1];
	uint32_t i;

	index.list = calloc((size_t)s->n + 1, sizeof(*index.list));
	if (index.list == NULL)
		return RB_ENOMEM;
	for (i = 0; i < s->n; i++) {
		index.list[i].id = s->objects[i].id;
		index.list[i].offset = s->objects[i].offset;
	}
	index.n = s->n;
	qsort(index.list, index.n, sizeof(*index.list), by_id);
	for (i = 1; i < s->n; i++) {
		if (!git_id_equal(&index.list[i - 1].id, &index.list[i].id))
			continue;
		git_id_hex(&index.list[i].id, hex);
		pack_index_clear(&index);
		return fault_set(why, RB_EFORMAT,
		    "the pack holds object %s twice", hex);
	}
	*out = index;
	return RB_OK;
}

static enum rb_err
explain(enum rb_err rc, struct fault *why)
{
	if (rc == RB_EFORMAT)
		return fault_set(why, rc,
		    "the pack is malformed: an object is not as long as it "
		    "says, a delta does not fit, or bytes are left over");
	if (rc == RB_ELIMIT)
		return fault_set(why, rc,
		    "the pack is a bomb: it unpacks to more than %llu GiB, or "
		    "to an object of more than %u MiB, or its deltas stand on "
		    "each other more than %d deep",
		    PACK_TOTAL_MAX >> 30, PACK_OBJECT_BYTES_MAX >> 20,
		    PACK_DELTAS_MAX);
	return rc;
}

enum rb_err
pack_index_make(const struct pack *p, struct pack_index *out, struct fault *why)
{
	struct scan s;
	enum rb_err rc;
	uint32_t i;

	memset(&s, 0, sizeof(s));
	if ((rc = scan_new(p, &s)) != RB_OK)
		goto out;
	if ((rc = walk(&s)) != RB_OK) {
		rc = explain(rc, why);
		goto out;
	}
	qsort(s.waiting, s.nwaiting, sizeof(*s.waiting), by_base);
	for (i = 0; i < s.n; i++) {
		if (s.objects[i].kind != PACK_WHOLE)
			continue;
		if ((rc = resolve(&s, i)) != RB_OK) {
			rc = explain(rc, why);
			goto out;
		}
	}
	for (i = 0; i < s.n; i++) {
		if (!s.objects[i].is_known) {
			rc = fault_set(why, RB_EFORMAT,
			    "the pack holds a delta whose base is not in it");
			goto out;
		}
	}
	rc = sort(&s, out, why);
out:
	scan_clear(&s);
	return rc;
}
