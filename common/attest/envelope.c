/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/envelope.h"

#include <string.h>

#include "common/attest/json.h"
#include "common/base/enc.h"

/* The four constants around payload, key id and signature. */
static const char head[] = "{\"payload\":";
static const char type[] = ",\"payloadType\":\"" ENVELOPE_PAYLOAD_TYPE
			   "\",\"signatures\":[{\"keyid\":";
static const char sig[] = ",\"sig\":";
static const char tail[] = "}]}";

#define BASE64_LEN(n) (((n) + 2) / 3 * 4)

void
envelope_clear(struct envelope *e)
{
	buf_clear(&e->payload);
	*e = (struct envelope)ENVELOPE_INIT;
}

/* DSSE 1.0.2, "Signature Definition". */
enum rb_err
envelope_pae(struct span payload, struct buf *out)
{
	size_t before = out->len;
	enum rb_err rc;

	if ((rc = buf_printf(out, "DSSEv1 %zu %s %zu ",
		 strlen(ENVELOPE_PAYLOAD_TYPE), ENVELOPE_PAYLOAD_TYPE,
		 payload.len)) != RB_OK ||
	    (rc = buf_put(out, payload)) != RB_OK)
		out->len = before;
	return rc;
}

enum rb_err
envelope_sign(const struct key *k, struct span payload, struct envelope *out)
{
	struct envelope e = ENVELOPE_INIT;
	struct buf pae = BUF_INIT;
	struct key_public public;
	enum rb_err rc = RB_EINTERNAL;

	if (payload.len > ENVELOPE_PAYLOAD_MAX) {
		rc = RB_ELIMIT;
		goto out;
	}
	if (payload.len == 0) {
		rc = RB_EFORMAT;
		goto out;
	}
	key_public_of(k, &public);
	if ((rc = key_id(&public, &e.keyid)) != RB_OK)
		goto out;
	if ((rc = envelope_pae(payload, &pae)) != RB_OK)
		goto out;
	if ((rc = key_sign(k, buf_span(&pae), e.signature)) != RB_OK)
		goto out;
	if ((rc = buf_put(&e.payload, payload)) != RB_OK)
		goto out;

	*out = e;
	e = (struct envelope)ENVELOPE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	buf_clear(&pae);
	envelope_clear(&e);
	return rc;
}

enum rb_err
envelope_verify(const struct envelope *e, const struct key_public *k)
{
	struct digest id;
	struct buf pae = BUF_INIT;
	enum rb_err rc;

	/* DSSE takes the key id for a hint; here a wrong one is a lie. */
	if ((rc = key_id(k, &id)) != RB_OK)
		goto out;
	if (!digest_equal(&id, &e->keyid)) {
		rc = RB_ESIG;
		goto out;
	}
	if ((rc = envelope_pae(buf_span(&e->payload), &pae)) != RB_OK)
		goto out;
	rc = key_verify(k, buf_span(&pae),
	    span_of(e->signature, sizeof(e->signature)));
out:
	buf_clear(&pae);
	return rc;
}

/* Base64 in quotes. */
static enum rb_err
put_bytes(struct buf *out, struct span bytes)
{
	enum rb_err rc;

	if ((rc = buf_put_byte(out, '"')) != RB_OK)
		return rc;
	if ((rc = base64_write(bytes, out)) != RB_OK)
		return rc;
	return buf_put_byte(out, '"');
}

enum rb_err
envelope_write(const struct envelope *e, struct buf *out)
{
	char id[DIGEST_HEX_LEN + 1];
	struct buf b = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (e->payload.len > ENVELOPE_PAYLOAD_MAX) {
		rc = RB_ELIMIT;
		goto out;
	}
	if (e->payload.len == 0) {
		rc = RB_EFORMAT;
		goto out;
	}
	digest_hex(&e->keyid, id);
	if ((rc = buf_put_str(&b, head)) != RB_OK)
		goto out;
	if ((rc = put_bytes(&b, buf_span(&e->payload))) != RB_OK)
		goto out;
	if ((rc = buf_put_str(&b, type)) != RB_OK)
		goto out;
	if ((rc = json_put_text(&b, span_of_str(id), DIGEST_HEX_LEN)) != RB_OK)
		goto out;
	if ((rc = buf_put_str(&b, sig)) != RB_OK)
		goto out;
	if ((rc = put_bytes(&b, span_of(e->signature, sizeof(e->signature)))) !=
	    RB_OK)
		goto out;
	if ((rc = buf_put_str(&b, tail)) != RB_OK)
		goto out;
	rc = buf_put(out, buf_span(&b));
out:
	buf_clear(&b);
	return rc;
}

enum rb_err
envelope_take(struct span *in, struct envelope_parts *out)
{
	struct envelope_parts e;
	struct span rest = *in;
	enum rb_err rc;

	if ((rc = json_take(&rest, head)) != RB_OK)
		return rc;
	if ((rc = json_take_text(&rest, BASE64_LEN(ENVELOPE_PAYLOAD_MAX),
		 &e.payload)) != RB_OK)
		return rc;
	if ((rc = json_take(&rest, type)) != RB_OK)
		return rc;
	if ((rc = json_take_text(&rest, DIGEST_HEX_LEN, &e.keyid)) != RB_OK)
		return rc;
	if ((rc = json_take(&rest, sig)) != RB_OK)
		return rc;
	if ((rc = json_take_text(&rest, BASE64_LEN(KEY_SIGNATURE_LEN),
		 &e.signature)) != RB_OK)
		return rc;
	if ((rc = json_take(&rest, tail)) != RB_OK)
		return rc;
	e.whole = span_of(in->p, in->len - rest.len);
	*in = rest;
	*out = e;
	return RB_OK;
}

enum rb_err
envelope_parse(struct span json, struct envelope *out, struct fault *why)
{
	struct envelope e = ENVELOPE_INIT;
	struct envelope_parts parts;
	struct buf signature = BUF_INIT;
	enum rb_err rc;

	if (json.len > ENVELOPE_MAX)
		return fault_set(why, RB_ELIMIT, "envelope: over %d bytes",
		    ENVELOPE_MAX);
	if ((rc = envelope_take(&json, &parts)) != RB_OK || json.len != 0) {
		rc = fault_set(why, rc != RB_OK ? rc : RB_EFORMAT,
		    "envelope: not DSSE with one signature in the one spelling "
		    "of FORMATS.md");
		goto out;
	}
	if ((rc = base64_parse(parts.payload, &e.payload)) != RB_OK) {
		fault_set(why, rc, "envelope: payload is not base64");
		goto out;
	}
	if (e.payload.len > ENVELOPE_PAYLOAD_MAX) {
		rc = fault_set(why, RB_ELIMIT,
		    "envelope: payload is over %d bytes", ENVELOPE_PAYLOAD_MAX);
		goto out;
	}
	if ((rc = digest_parse(parts.keyid, &e.keyid)) != RB_OK) {
		fault_set(why, rc,
		    "envelope: keyid is not 64 lower-case hexadecimal digits");
		goto out;
	}
	if ((rc = base64_parse(parts.signature, &signature)) != RB_OK ||
	    signature.len != KEY_SIGNATURE_LEN) {
		rc = fault_set(why, rc != RB_OK ? rc : RB_EFORMAT,
		    "envelope: sig is not base64 of %d bytes",
		    KEY_SIGNATURE_LEN);
		goto out;
	}
	memcpy(e.signature, signature.p, KEY_SIGNATURE_LEN);

	*out = e;
	e = (struct envelope)ENVELOPE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	buf_clear(&signature);
	envelope_clear(&e);
	return rc;
}
