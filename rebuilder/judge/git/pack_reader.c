/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/pack_reader.h"

#include <stdlib.h>

#include "rebuilder/judge/git/delta.h"
#include "rebuilder/judge/git/inflater.h"

struct pack_reader {
	const struct pack *pack;
	const struct pack_index *index;
	struct inflater *inflater; /* owned */
	uint64_t chain[PACK_DELTAS_MAX]; /* offsets, the nearest first */
};

void
git_object_clear(struct git_object *o)
{
	buf_clear(&o->bytes);
	o->type = GIT_BLOB;
}

enum rb_err
pack_reader_new(const struct pack *p, const struct pack_index *index,
    struct pack_reader **out)
{
	struct pack_reader *r = calloc(1, sizeof(*r));
	enum rb_err rc;

	if (r == NULL)
		return RB_ENOMEM;
	r->pack = p;
	r->index = index;
	if ((rc = inflater_new(&r->inflater)) != RB_OK) {
		free(r);
		return rc;
	}
	*out = r;
	return RB_OK;
}

void
pack_reader_free(struct pack_reader **r)
{
	if (*r == NULL)
		return;
	inflater_free(&(*r)->inflater);
	free(*r);
	*r = NULL;
}

bool
pack_reader_has(const struct pack_reader *r, const struct git_id *id)
{
	uint64_t offset;

	return pack_index_find(r->index, id, &offset) == RB_OK;
}

static enum rb_err
unpack(struct pack_reader *r, const struct pack_entry *e, struct buf *out)
{
	struct span rest = e->rest;
	enum rb_err rc;

	/* An empty object needs a place too. */
	if ((rc = buf_reserve(out, e->size + 1)) != RB_OK)
		return rc;
	rc = inflater_take(r->inflater, &rest, out->p + out->len, e->size);
	if (rc == RB_OK)
		out->len += e->size;
	return rc;
}

/* Follows deltas down from `offset`; `e` is the last base, a whole object. */
static enum rb_err
find_base(struct pack_reader *r, uint64_t offset, struct pack_entry *e,
    size_t *n)
{
	enum rb_err rc;

	*n = 0;
	for (;;) {
		if ((rc = pack_entry_at(r->pack, offset, e)) != RB_OK)
			return rc;
		if (e->kind == PACK_WHOLE)
			return RB_OK;
		if (*n == PACK_DELTAS_MAX)
			return RB_ELIMIT; /* or a circle */
		r->chain[(*n)++] = offset;
		if (e->kind == PACK_DELTA_OFFSET)
			offset = e->base_offset;
		else if ((rc = pack_index_find(r->index, &e->base_id,
			      &offset)) != RB_OK)
			return RB_EFORMAT;
	}
}

static enum rb_err
build(struct pack_reader *r, uint64_t offset, struct git_object *out)
{
	struct buf bytes = BUF_INIT, delta = BUF_INIT, next = BUF_INIT;
	struct pack_entry e;
	enum rb_err rc;
	size_t n;

	if ((rc = find_base(r, offset, &e, &n)) != RB_OK ||
	    (rc = unpack(r, &e, &bytes)) != RB_OK)
		goto out;
	out->type = e.type;
	while (n-- > 0) {
		buf_reset(&delta);
		if ((rc = pack_entry_at(r->pack, r->chain[n], &e)) != RB_OK ||
		    (rc = unpack(r, &e, &delta)) != RB_OK ||
		    (rc = delta_apply(buf_span(&bytes), buf_span(&delta),
			 PACK_OBJECT_BYTES_MAX, &next)) != RB_OK)
			goto out;
		buf_clear(&bytes);
		bytes = next;
		next = (struct buf)BUF_INIT;
	}
	out->bytes = bytes;
	bytes = (struct buf)BUF_INIT; /* now the caller's */
out:
	buf_clear(&bytes);
	buf_clear(&delta);
	buf_clear(&next);
	return rc;
}

enum rb_err
pack_reader_get(struct pack_reader *r, const struct git_id *id,
    struct git_object *out, struct fault *why)
{
	struct git_object o = GIT_OBJECT_INIT;
	char hex[GIT_ID_HEX_LEN + 1];
	struct git_id found;
	uint64_t offset;
	enum rb_err rc = RB_EINTERNAL;

	git_id_hex(id, hex);
	if ((rc = pack_index_find(r->index, id, &offset)) != RB_OK) {
		rc = fault_set(why, rc, "the pack does not hold object %s",
		    hex);
		goto out;
	}
	if ((rc = build(r, offset, &o)) != RB_OK) {
		if (rc == RB_EFORMAT || rc == RB_ELIMIT)
			fault_set(why, rc, "object %s cannot be unpacked", hex);
		goto out;
	}
	if ((rc = git_id_of(o.type, buf_span(&o.bytes), &found)) != RB_OK) {
		if (rc == RB_EREFUSED)
			fault_set(why, rc,
			    "object %s was made for a SHA-1 collision", hex);
		goto out;
	}
	if (!git_id_equal(&found, id)) {
		rc = fault_set(why, RB_EDIGEST,
		    "what the pack holds as object %s has another SHA-1", hex);
		goto out;
	}

	*out = o;
	o = (struct git_object)GIT_OBJECT_INIT; /* now the caller's */
out:
	git_object_clear(&o);
	return rc;
}

enum rb_err
pack_reader_want(struct pack_reader *r, const struct git_id *id,
    enum git_type type, struct git_object *out, struct fault *why)
{
	struct git_object o = GIT_OBJECT_INIT;
	char hex[GIT_ID_HEX_LEN + 1];
	enum rb_err rc;

	if ((rc = pack_reader_get(r, id, &o, why)) != RB_OK)
		return rc;
	if (o.type != type) {
		git_id_hex(id, hex);
		rc = fault_set(why, RB_EFORMAT, "object %s is a %s, not a %s",
		    hex, git_type_name(o.type), git_type_name(type));
		git_object_clear(&o);
		return rc;
	}
	*out = o;
	return RB_OK;
}
