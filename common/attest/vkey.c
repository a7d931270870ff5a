/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/key.h"

#include <string.h>

#include "common/base/enc.h"

/* "name+xxxxxxxx+base64(type || key)" */
#define VKEY_TEXT_MAX (KEY_NAME_MAX + 1 + 8 + 1 + 44)

bool
key_name_is_valid(struct span name)
{
	size_t i;

	if (name.len == 0 || name.len > KEY_NAME_MAX)
		return false;
	for (i = 0; i < name.len; i++) {
		if (name.p[i] <= ' ' || name.p[i] > '~' || name.p[i] == '+' ||
		    name.p[i] == '"' || name.p[i] == '\\')
			return false;
	}
	return true;
}

/* signed-note, "Signatures": first bytes of SHA-256(name LF type key). */
static enum rb_err
make_id(const struct vkey *v, uint8_t out[4])
{
	uint8_t bytes[KEY_NAME_MAX + 2 + KEY_PUBLIC_LEN];
	size_t len = strlen(v->name);
	struct digest d;
	enum rb_err rc;

	memcpy(bytes, v->name, len);
	bytes[len++] = '\n';
	bytes[len++] = v->type;
	memcpy(bytes + len, v->key.b, KEY_PUBLIC_LEN);
	len += KEY_PUBLIC_LEN;
	if ((rc = digest_of(span_of(bytes, len), &d)) == RB_OK)
		memcpy(out, d.b, 4);
	return rc;
}

static enum rb_err
make(struct span name, uint8_t type, const struct key_public *key,
    struct vkey *out)
{
	struct vkey v = { .type = type, .key = *key };
	enum rb_err rc;

	if (!key_name_is_valid(name))
		return RB_EFORMAT;
	if (type != VKEY_ED25519 && type != VKEY_COSIGNATURE)
		return RB_EFORMAT;
	memcpy(v.name, name.p, name.len);
	if ((rc = make_id(&v, v.id)) == RB_OK)
		*out = v;
	return rc;
}

enum rb_err
vkey_make(const char *name, uint8_t type, const struct key_public *key,
    struct vkey *out)
{
	return make(span_of_str(name), type, key, out);
}

enum rb_err
vkey_write(const struct vkey *v, struct buf *out)
{
	uint8_t bytes[1 + KEY_PUBLIC_LEN];
	size_t before = out->len;
	enum rb_err rc;

	bytes[0] = v->type;
	memcpy(bytes + 1, v->key.b, KEY_PUBLIC_LEN);
	if ((rc = buf_put_str(out, v->name)) != RB_OK ||
	    (rc = buf_put_byte(out, '+')) != RB_OK ||
	    (rc = hex_write(span_of(v->id, sizeof(v->id)), out)) != RB_OK ||
	    (rc = buf_put_byte(out, '+')) != RB_OK ||
	    (rc = base64_write(span_of(bytes, sizeof(bytes)), out)) != RB_OK)
		out->len = before;
	return rc;
}

enum rb_err
vkey_parse(struct span text, struct vkey *out)
{
	struct span name, hex;
	struct buf bytes = BUF_INIT;
	struct key_public key;
	struct vkey v;
	uint8_t id[4];
	enum rb_err rc;

	if (text.len > VKEY_TEXT_MAX)
		return RB_ELIMIT;
	if ((rc = span_take_until(&text, '+', &name)) != RB_OK)
		goto out;
	if ((rc = span_take_until(&text, '+', &hex)) != RB_OK)
		goto out;
	if ((rc = hex_parse(hex, id, sizeof(id))) != RB_OK)
		goto out;
	if ((rc = base64_parse(text, &bytes)) != RB_OK)
		goto out;
	rc = RB_EFORMAT;
	if (bytes.len != 1 + KEY_PUBLIC_LEN)
		goto out;
	memcpy(key.b, bytes.p + 1, KEY_PUBLIC_LEN);
	if ((rc = make(name, bytes.p[0], &key, &v)) != RB_OK)
		goto out;
	/* A typing error in any part shows here. */
	rc = RB_EFORMAT;
	if (memcmp(v.id, id, sizeof(id)) != 0)
		goto out;

	*out = v;
	rc = RB_OK;
out:
	buf_clear(&bytes);
	return rc;
}
