/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/tag_record.h"

#include <stdlib.h>
#include <string.h>

#include "common/process/msg.h"
#include "rebuilder/judge/git/git_tag.h"
#include "rebuilder/judge/git/pack.h"

enum rb_err
put_git_id(struct buf *b, const struct git_id *id)
{
	char hex[GIT_ID_HEX_LEN + 1];

	git_id_hex(id, hex);
	return put_text(b, hex);
}

enum rb_err
take_git_id(struct span *in, struct git_id *out)
{
	struct span hex;
	enum rb_err rc;

	if ((rc = take_bytes(in, GIT_ID_HEX_LEN, &hex)) != RB_OK)
		return rc;
	return git_id_parse(hex, out);
}

enum rb_err
take_bool(struct span *in, bool *out)
{
	uint8_t v;
	enum rb_err rc;

	if ((rc = take_u8(in, &v)) != RB_OK)
		return rc;
	if (v > 1)
		return RB_EFORMAT;
	*out = v == 1;
	return RB_OK;
}

enum rb_err
git_refs_put(const struct git_refs *r, struct buf *out)
{
	size_t i, len = out->len;
	enum rb_err rc = RB_OK;

	for (i = 0; i < r->n && rc == RB_OK; i++) {
		if ((rc = put_bytes(out, r->tags[i].name)) != RB_OK ||
		    (rc = put_git_id(out, &r->tags[i].id)) != RB_OK)
			break;
		rc = r->tags[i].is_peeled ?
		    put_git_id(out, &r->tags[i].peeled) :
		    put_text(out, "");
	}
	if (rc != RB_OK)
		out->len = len;
	return rc;
}

static enum rb_err
take_ref(struct span *in, struct git_ref *out)
{
	struct span peeled;
	enum rb_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = take_bytes(in, GIT_REF_NAME_MAX, &out->name)) != RB_OK ||
	    (rc = take_git_id(in, &out->id)) != RB_OK ||
	    (rc = take_bytes(in, GIT_ID_HEX_LEN, &peeled)) != RB_OK)
		return rc;
	if (!git_ref_name_is_valid(out->name))
		return RB_EFORMAT;
	out->is_peeled = peeled.len != 0;
	return out->is_peeled ? git_id_parse(peeled, &out->peeled) : RB_OK;
}

enum rb_err
git_refs_take(struct span in, struct git_refs *out)
{
	struct git_refs r = GIT_REFS_INIT;
	struct span count = in;
	struct git_ref ref;
	enum rb_err rc;
	size_t n = 0;

	while (count.len > 0) {
		if ((rc = take_ref(&count, &ref)) != RB_OK)
			return rc;
		n++;
	}
	if (n > GIT_TAGS_MAX)
		return RB_ELIMIT;
	r.tags = calloc(n + 1, sizeof(*r.tags));
	if (r.tags == NULL)
		return RB_ENOMEM;
	for (; r.n < n; r.n++) {
		if ((rc = take_ref(&in, &r.tags[r.n])) != RB_OK)
			goto out;
		if (r.n > 0 &&
		    span_compare(r.tags[r.n - 1].name, r.tags[r.n].name) >= 0) {
			rc = RB_EFORMAT;
			goto out;
		}
	}

	*out = r;
	r = (struct git_refs)GIT_REFS_INIT; /* now the caller's */
	rc = RB_OK;
out:
	git_refs_clear(&r);
	return rc;
}

bool
tag_ground_equal(const struct tag_ground *a, const struct tag_ground *b)
{
	return a->has_commit == b->has_commit &&
	    (!a->has_commit || git_id_equal(&a->commit, &b->commit)) &&
	    a->has_version == b->has_version &&
	    span_equal(a->version, b->version) &&
	    span_equal(a->release, b->release);
}

static enum rb_err
put_ground(struct buf *out, const struct tag_ground *g)
{
	enum rb_err rc;

	if ((rc = g->has_commit ? put_git_id(out, &g->commit) :
				  put_text(out, "")) != RB_OK ||
	    (rc = put_u8(out, g->has_version ? 1 : 0)) != RB_OK ||
	    (rc = put_bytes(out, g->version)) != RB_OK)
		return rc;
	return put_bytes(out, g->release);
}

static enum rb_err
take_ground(struct span *in, struct tag_ground *out)
{
	struct span commit;
	enum rb_err rc;

	memset(out, 0, sizeof(*out));
	if ((rc = take_bytes(in, GIT_ID_HEX_LEN, &commit)) != RB_OK ||
	    (rc = take_bool(in, &out->has_version)) != RB_OK ||
	    (rc = take_bytes(in, TAG_VERSION_MAX, &out->version)) != RB_OK ||
	    (rc = take_bytes(in, TAG_VERSION_MAX, &out->release)) != RB_OK)
		return rc;
	out->has_commit = commit.len != 0;
	return out->has_commit ? git_id_parse(commit, &out->commit) : RB_OK;
}

enum rb_err
candidate_put(const struct candidate *c, struct buf *out)
{
	size_t len = out->len;
	enum rb_err rc;

	if ((rc = put_u8(out, (uint8_t)c->kind)) != RB_OK ||
	    (rc = put_bytes(out, c->ref)) != RB_OK ||
	    (rc = put_git_id(out, &c->id)) != RB_OK ||
	    (rc = put_ground(out, &c->ground)) != RB_OK ||
	    (rc = put_bytes(out, c->object)) != RB_OK ||
	    (rc = put_bytes(out, c->payload)) != RB_OK ||
	    (rc = put_bytes(out, c->signature)) != RB_OK)
		out->len = len;
	return rc;
}

enum rb_err
candidate_take(struct span *in, struct candidate *out)
{
	struct candidate c;
	uint8_t kind;
	enum rb_err rc;

	if ((rc = take_u8(in, &kind)) != RB_OK ||
	    (rc = take_bytes(in, GIT_REF_NAME_MAX, &c.ref)) != RB_OK ||
	    (rc = take_git_id(in, &c.id)) != RB_OK ||
	    (rc = take_ground(in, &c.ground)) != RB_OK ||
	    (rc = take_bytes(in, PACK_OBJECT_BYTES_MAX, &c.object)) != RB_OK ||
	    (rc = take_bytes(in, PACK_OBJECT_BYTES_MAX, &c.payload)) != RB_OK ||
	    (rc = take_bytes(in, PACK_OBJECT_BYTES_MAX, &c.signature)) != RB_OK)
		return rc;
	if (kind < CANDIDATE_TAG || kind > CANDIDATE_COMMIT)
		return RB_EFORMAT;
	c.kind = (enum candidate_kind)kind;
	*out = c;
	return RB_OK;
}
