/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attestor/node_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/enc.h"

static const char *const kind_names[MACHINE_KINDS] = {
	"namespace",
	"qemu",
	"xen",
};

/* A checkpoint that nobody else saw is a promise, and is called so. */
static const char not_witnessed[] =
    "No other node cosigns the checkpoints of this log. It is append-only as "
    "far as those who compare its checkpoints can see; from this node alone "
    "nobody can exclude that others were shown another log.";

void
machine_kinds_add(struct machine_kinds *kinds, const struct statement *s)
{
	size_t i;

	for (i = 0; i < MACHINE_KINDS && s->machine.kind != NULL; i++) {
		if (strcmp(s->machine.kind, kind_names[i]) == 0)
			kinds->seen[i] = true;
	}
}

static json_t *
kinds_json(const struct machine_kinds *kinds)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < MACHINE_KINDS && list != NULL; i++) {
		if (kinds->seen[i] &&
		    json_array_append_new(list, json_string(kind_names[i])) !=
			0) {
			json_decref(list);
			list = NULL;
		}
	}
	return list;
}

/* SubjectPublicKeyInfo (RFC 8410, 4) in PEM, as openssl pkey -pubin reads. */
static enum rb_err
pem_write(const struct key_public *key, struct buf *out)
{
	static const uint8_t head[] = { 0x30, 0x2a, 0x30, 0x05, 0x06, 0x03,
		0x2b, 0x65, 0x70, 0x03, 0x21, 0x00 };
	struct buf der = BUF_INIT;
	enum rb_err rc;

	if ((rc = buf_put(&der, span_of(head, sizeof(head)))) != RB_OK)
		goto out;
	if ((rc = buf_put(&der, span_of(key->b, sizeof(key->b)))) != RB_OK)
		goto out;
	if ((rc = buf_put_str(out, "-----BEGIN PUBLIC KEY-----\n")) != RB_OK)
		goto out;
	if ((rc = base64_write(buf_span(&der), out)) != RB_OK)
		goto out;
	/* With its zero: jansson reads a C string. */
	rc = buf_put(out, span_of("\n-----END PUBLIC KEY-----\n", 27));
out:
	buf_clear(&der);
	return rc;
}

static enum rb_err
write_json(json_t *json, struct buf *out)
{
	enum rb_err rc = RB_ENOMEM;
	char *text = NULL;

	if (json == NULL)
		return RB_ENOMEM;
	text = json_dumps(json, JSON_SORT_KEYS | JSON_INDENT(2));
	if (text != NULL && (rc = buf_put_str(out, text)) == RB_OK)
		rc = buf_put_byte(out, '\n');
	free(text);
	json_decref(json);
	return rc;
}

enum rb_err
node_json_write(const struct node *node, const struct vkey *key,
    const struct machine_kinds *kinds, struct buf *out)
{
	struct buf vkey = BUF_INIT, pem = BUF_INIT;
	struct digest id = DIGEST_INIT;
	char id_hex[DIGEST_HEX_LEN + 1];
	enum rb_err rc;

	if ((rc = vkey_write(key, &vkey)) != RB_OK)
		goto out;
	if ((rc = buf_put_byte(&vkey, 0)) != RB_OK)
		goto out;
	if ((rc = pem_write(&key->key, &pem)) != RB_OK)
		goto out;
	if ((rc = key_id(&key->key, &id)) != RB_OK)
		goto out;
	digest_hex(&id, id_hex);
	rc = write_json(
	    json_pack("{s:s, s:s?, s:s, s:s, s:s, s:s, s:s, s:s, s:o, s:s, s:s,"
		      " s:{s:[s,s], s:s, s:s, s:s}}",
		"name", node->name, "operator", node->operator_, "origin",
		node->name, "version", RB_VERSION, "vkey", (const char *)vkey.p,
		"keyId", id_hex, "publicKey", (const char *)pem.p, "checkpoint",
		"/log/checkpoint", "machines", kinds_json(kinds), "witnesses",
		"none", "witnessing", not_witnessed, "formats", "predicates",
		PREDICATE_REPRODUCED, PREDICATE_OTHER, "envelope", "DSSE 1.0.2",
		"log", "C2SP tlog-tiles", "statement", STATEMENT_TYPE),
	    out);
out:
	buf_clear(&vkey);
	buf_clear(&pem);
	return rc;
}
