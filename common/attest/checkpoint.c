/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/checkpoint.h"

#include <inttypes.h>
#include <string.h>

#include "common/attest/json.h"
#include "common/attest/tree.h"
#include "common/base/enc.h"

/* signed-note, "Format": a line of a signature starts with U+2014, space. */
static const char signature_mark[] = "\xe2\x80\x94 ";

#define KEY_ID_LEN 4

static enum rb_err
check(const struct checkpoint *cp)
{
	if (!key_name_is_valid(span_of_str(cp->origin)))
		return RB_EFORMAT;
	if (cp->size > TREE_SIZE_MAX)
		return RB_ELIMIT;
	/* The empty tree has one root only. */
	if (cp->size == 0 && !digest_equal(&cp->root, &tree_empty_root))
		return RB_EFORMAT;
	return RB_OK;
}

enum rb_err
checkpoint_write(const struct checkpoint *cp, struct buf *out)
{
	struct buf body = BUF_INIT;
	enum rb_err rc;

	if ((rc = check(cp)) != RB_OK)
		goto out;
	if ((rc = buf_printf(&body, "%s\n%" PRIu64 "\n", cp->origin,
		 cp->size)) != RB_OK)
		goto out;
	if ((rc = base64_write(digest_span(&cp->root), &body)) != RB_OK)
		goto out;
	if ((rc = buf_put_byte(&body, '\n')) != RB_OK)
		goto out;
	rc = buf_put(out, buf_span(&body));
out:
	buf_clear(&body);
	return rc;
}

/* tlog-checkpoint, "Note text" 1 to 3; extension lines (4) are refused. */
static enum rb_err
take_body(struct span *in, struct checkpoint *out)
{
	struct checkpoint cp = { .size = 0 };
	struct span rest = *in, origin, size, root;
	struct buf bytes = BUF_INIT;
	enum rb_err rc;

	if ((rc = span_take_line(&rest, &origin)) != RB_OK)
		goto out;
	if ((rc = span_take_line(&rest, &size)) != RB_OK)
		goto out;
	if ((rc = span_take_line(&rest, &root)) != RB_OK)
		goto out;
	rc = RB_EFORMAT;
	if (!key_name_is_valid(origin))
		goto out;
	memcpy(cp.origin, origin.p, origin.len);
	if ((rc = dec_parse(size, TREE_SIZE_MAX, &cp.size)) != RB_OK)
		goto out;
	if ((rc = base64_parse(root, &bytes)) != RB_OK)
		goto out;
	rc = RB_EFORMAT;
	if (bytes.len != DIGEST_LEN)
		goto out;
	memcpy(cp.root.b, bytes.p, DIGEST_LEN);
	if ((rc = check(&cp)) != RB_OK)
		goto out;

	*out = cp;
	*in = rest;
	rc = RB_OK;
out:
	buf_clear(&bytes);
	return rc;
}

enum rb_err
checkpoint_parse(struct span body, struct checkpoint *out)
{
	struct checkpoint cp;
	enum rb_err rc;

	if (body.len > CHECKPOINT_NOTE_MAX)
		return RB_ELIMIT;
	if ((rc = take_body(&body, &cp)) != RB_OK)
		return rc;
	if (body.len != 0)
		return RB_EFORMAT;
	*out = cp;
	return RB_OK;
}

static enum rb_err
put_signature(const struct vkey *v, const uint8_t signature[KEY_SIGNATURE_LEN],
    struct buf *out)
{
	uint8_t blob[KEY_ID_LEN + KEY_SIGNATURE_LEN];
	enum rb_err rc;

	memcpy(blob, v->id, KEY_ID_LEN);
	memcpy(blob + KEY_ID_LEN, signature, KEY_SIGNATURE_LEN);
	if ((rc = buf_printf(out, "%s%s ", signature_mark, v->name)) != RB_OK)
		return rc;
	if ((rc = base64_write(span_of(blob, sizeof(blob)), out)) != RB_OK)
		return rc;
	return buf_put_byte(out, '\n');
}

/* Name and blob (key id, signature) of one line. */
static enum rb_err
take_signature(struct span *in, struct span *name, struct buf *blob)
{
	struct span line, who;
	enum rb_err rc;

	if ((rc = span_take_line(in, &line)) != RB_OK)
		return rc;
	if ((rc = json_take(&line, signature_mark)) != RB_OK)
		return rc;
	if ((rc = span_take_until(&line, ' ', &who)) != RB_OK)
		return rc;
	if (!key_name_is_valid(who))
		return RB_EFORMAT;
	if ((rc = base64_parse(line, blob)) != RB_OK)
		return rc;
	if (blob->len <= KEY_ID_LEN)
		return RB_EFORMAT;
	*name = who;
	return RB_OK;
}

enum rb_err
checkpoint_sign(const struct checkpoint *cp, const struct key *k,
    struct buf *note)
{
	uint8_t signature[KEY_SIGNATURE_LEN];
	struct key_public public;
	struct vkey v;
	struct buf b = BUF_INIT;
	enum rb_err rc;

	key_public_of(k, &public);
	if ((rc = vkey_make(cp->origin, VKEY_ED25519, &public, &v)) != RB_OK)
		goto out;
	if ((rc = checkpoint_write(cp, &b)) != RB_OK)
		goto out;
	if ((rc = key_sign(k, buf_span(&b), signature)) != RB_OK)
		goto out;
	if ((rc = buf_put_byte(&b, '\n')) != RB_OK)
		goto out;
	if ((rc = put_signature(&v, signature, &b)) != RB_OK)
		goto out;
	rc = buf_put(note, buf_span(&b));
out:
	buf_clear(&b);
	return rc;
}

/*
 * All signature lines of a note.  With a key, every line that names it must
 * be good and one at least must be there; signed-note, "Signatures", forbids
 * to look at the others.  Without a key only their shape is checked.
 */
static enum rb_err
check_signatures(struct span in, struct span body, const struct vkey *key)
{
	bool is_signed = false;
	struct buf blob = BUF_INIT;
	struct span name;
	size_t n = 0;
	enum rb_err rc;

	do {
		rc = RB_ELIMIT;
		if (n++ == CHECKPOINT_SIGNATURES_MAX)
			goto out;
		buf_reset(&blob);
		if ((rc = take_signature(&in, &name, &blob)) != RB_OK)
			goto out;
		if (key == NULL || !span_equal_str(name, key->name) ||
		    memcmp(blob.p, key->id, KEY_ID_LEN) != 0)
			continue;
		rc = key_verify(&key->key, body,
		    span_of(blob.p + KEY_ID_LEN, blob.len - KEY_ID_LEN));
		if (rc != RB_OK)
			goto out;
		is_signed = true;
	} while (in.len != 0);

	rc = is_signed || key == NULL ? RB_OK : RB_ESIG;
out:
	buf_clear(&blob);
	return rc;
}

static enum rb_err
open_note(struct span note, const struct vkey *key, struct checkpoint *out)
{
	struct span rest = note;
	struct checkpoint cp;
	struct span body;
	enum rb_err rc;

	if (note.len > CHECKPOINT_NOTE_MAX)
		return RB_ELIMIT;
	if ((rc = take_body(&rest, &cp)) != RB_OK)
		return rc;
	body = span_of(note.p, note.len - rest.len);
	if ((rc = json_take(&rest, "\n")) != RB_OK)
		return rc;
	if ((rc = check_signatures(rest, body, key)) != RB_OK)
		return rc;
	/* A key signs for its own log only. */
	if (key != NULL && strcmp(cp.origin, key->name) != 0)
		return RB_ESIG;
	*out = cp;
	return RB_OK;
}

enum rb_err
checkpoint_open(struct span note, const struct vkey *log,
    struct checkpoint *out)
{
	/* A cosignature says that a log was seen, not that it is ours. */
	if (log->type != VKEY_ED25519)
		return RB_ESIG;
	return open_note(note, log, out);
}

enum rb_err
checkpoint_peek(struct span note, struct checkpoint *out)
{
	return open_note(note, NULL, out);
}
