/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/attest.h"

#include "common/attest/envelope.h"
#include "common/base/enc.h"

static struct key *key;
static struct key_public public;

static int
start(void **state)
{
	(void)state;
	key = vector_key();
	key_public_of(key, &public);
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	key_free(&key);
	return 0;
}

static void
refuses_every_other_spelling(void **state)
{
	const struct {
		const char *why, *from, *to;
	} rows[] = {
		{ "space", "{\"payload\"", "{ \"payload\"" },
		{ "another type", "in-toto+json", "in-toto+xml" },
		{ "no payload", "{\"payload\":\"eyJ", "{\"payload\":\"\",\"" },
		{ "unknown member", ",\"payloadType\"",
		    ",\"payloadTime\":0,\"payloadType\"" },
		{ "no signature", "[{\"keyid\"", "[],[{\"keyid\"" },
		{ "two signatures", "}]}", "},{}]}" },
		{ "no key id",
		    "{\"keyid\":\"607f42135d7855e1145188a58aaf4c05"
		    "5fec1edbd7041680576e486f7ea574d1\",",
		    "{" },
		{ "upper-case key id", "607f", "607F" },
		{ "short key id", "607f", "607" },
		{ "members in another order", "{\"keyid\"", "{\"sig\"" },
		{ "escaped slash", "application/", "application\\/" },
		{ "text behind", "}]}", "}]}\n" },
		{ "padding in front", "\"eyJ", "\"=eyJ" },
		{ "URL alphabet", "\"sig\":\"", "\"sig\":\"_" },
		{ "long signature", "\"sig\":\"", "\"sig\":\"AAAA" },
	};
	struct buf good = vector("envelope.json"), bad;
	struct envelope e = ENVELOPE_INIT;
	struct fault why = FAULT_INIT;
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bad = replaced(buf_span(&good), rows[i].from, rows[i].to);
		why.text[0] = '\0';
		rc = envelope_parse(buf_span(&bad), &e, &why);
		if (rc != RB_EFORMAT && rc != RB_ELIMIT)
			fail_msg("%s", rows[i].why);
		assert_memory_equal(why.text, "envelope: ", 10);
		assert_null(e.payload.p); /* untouched */
		buf_clear(&bad);
	}
	for (i = 0; i < good.len; i++)
		assert_int_equal(envelope_parse(span_of(good.p, i), &e, NULL),
		    RB_EFORMAT);
	buf_clear(&good);
}

static void
refuses_what_is_too_long(void **state)
{
	struct buf big = BUF_INIT, out = BUF_INIT;
	struct envelope e = ENVELOPE_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < ENVELOPE_PAYLOAD_MAX; i++)
		assert_ok(buf_put_byte(&big, 'x'));
	assert_ok(envelope_sign(key, buf_span(&big), &e));
	assert_ok(envelope_write(&e, &out));
	assert_true(out.len <= ENVELOPE_MAX);
	assert_ok(buf_put_byte(&e.payload, 'x'));
	assert_int_equal(envelope_write(&e, &out), RB_ELIMIT);
	envelope_clear(&e);
	assert_ok(buf_put_byte(&big, 'x'));
	assert_int_equal(envelope_sign(key, buf_span(&big), &e), RB_ELIMIT);
	assert_int_equal(envelope_sign(key, SPAN(""), &e), RB_EFORMAT);

	/* Two more bytes fit into the last group of base64. */
	assert_ok(buf_put_byte(&big, 'x'));
	buf_reset(&out);
	assert_ok(buf_put_str(&out, "{\"payload\":\""));
	assert_ok(base64_write(buf_span(&big), &out));
	assert_ok(buf_put_str(&out,
	    "\",\"payloadType\":\"" ENVELOPE_PAYLOAD_TYPE
	    "\",\"signatures\":[{\"keyid\":\"607f42135d"
	    "7855e1145188a58aaf4c055fec1edbd7041680576e486f7ea574d1\",\"sig\":"
	    "\""));
	for (i = 0; i < 85; i++)
		assert_ok(buf_put_byte(&out, 'A'));
	assert_ok(buf_put_str(&out, "A==\"}]}"));
	assert_int_equal(envelope_parse(buf_span(&out), &e, NULL), RB_ELIMIT);

	while (out.len <= ENVELOPE_MAX)
		assert_ok(buf_put_byte(&out, ' '));
	assert_int_equal(envelope_parse(buf_span(&out), &e, NULL), RB_ELIMIT);
	buf_clear(&out);
	buf_clear(&big);
}

static void
refuses_every_other_key_and_byte(void **state)
{
	struct buf in = vector("envelope.json");
	struct vkey other = vector_vkey("other.vkey");
	struct envelope e = ENVELOPE_INIT;
	size_t i;

	(void)state;
	assert_ok(envelope_parse(buf_span(&in), &e, NULL));
	assert_ok(envelope_verify(&e, &public));
	assert_int_equal(envelope_verify(&e, &other.key), RB_ESIG);
	for (i = 0; i < e.payload.len; i += 97) {
		e.payload.p[i] ^= 0x20;
		assert_int_equal(envelope_verify(&e, &public), RB_ESIG);
		e.payload.p[i] ^= 0x20;
	}
	for (i = 0; i < sizeof(e.signature); i++) {
		e.signature[i] ^= 1;
		assert_int_equal(envelope_verify(&e, &public), RB_ESIG);
		e.signature[i] ^= 1;
	}
	e.keyid.b[0] ^= 1;
	assert_int_equal(envelope_verify(&e, &public), RB_ESIG);
	envelope_clear(&e);
	buf_clear(&in);
}

/* A signature over the payload alone is none over the envelope. */
static void
signs_more_than_the_payload(void **state)
{
	struct envelope e = ENVELOPE_INIT;
	struct buf pae = BUF_INIT;

	(void)state;
	assert_ok(envelope_pae(SPAN("hello"), &pae));
	assert_span_equal(buf_span(&pae),
	    SPAN("DSSEv1 28 application/vnd.in-toto+json 5 hello"));
	assert_ok(envelope_sign(key, SPAN("hello"), &e));
	assert_ok(key_sign(key, SPAN("hello"), e.signature));
	assert_int_equal(envelope_verify(&e, &public), RB_ESIG);
	envelope_clear(&e);
	buf_clear(&pae);
}

static void
signs_as_in_toto_does(void **state)
{
	static const char payload[] =
	    "{\"_type\":\"https://in-toto.io/Statement/v1\",\"subject\":[{"
	    "\"name\":\"hello_1.0-1_amd64.deb\",\"digest\":{\"sha256\":\"5891"
	    "b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03\"}}"
	    "],\"predicateType\":\"https://in-toto.io/attestation/svr/v0.2\","
	    "\"predicate\":{\"verifier\":{\"id\":\"https://rebuilder.example/"
	    "v1\",\"policies\":[]},\"timeCreated\":\"2026-01-01T00:00:00Z\","
	    "\"properties\":[\"REPRODUCED_BIT_FOR_BIT\"]}}";
	static const char want[] =
	    "3/VUN4ay8QrhcytsalT0wO+2YvuUGIgoJ7p98ydhfXBDgr6NTDR0pDmcY3D30SmP"
	    "3nlLVt2h8xczPzvPbiACCw==";
	struct envelope e = ENVELOPE_INIT;
	struct buf sig = BUF_INIT;

	(void)state;
	assert_ok(envelope_sign(key, SPAN(payload), &e));
	assert_ok(
	    base64_write(span_of(e.signature, sizeof(e.signature)), &sig));
	assert_span_equal(buf_span(&sig), SPAN(want));
	envelope_clear(&e);
	buf_clear(&sig);
}

static void
vector_is_made_again_from_its_statement(void **state)
{
	struct buf statement = vector("statement-reproduced.json");
	struct buf want = vector("envelope.json"), out = BUF_INIT;
	struct envelope e = ENVELOPE_INIT;

	(void)state;
	assert_ok(envelope_sign(key, buf_span(&statement), &e));
	assert_ok(envelope_write(&e, &out));
	assert_span_equal(buf_span(&out), buf_span(&want));
	envelope_clear(&e);
	assert_ok(envelope_parse(buf_span(&want), &e, NULL));
	assert_span_equal(buf_span(&e.payload), buf_span(&statement));
	buf_reset(&out);
	assert_ok(envelope_write(&e, &out));
	assert_span_equal(buf_span(&out), buf_span(&want));
	envelope_clear(&e);
	envelope_clear(&e);
	buf_clear(&out);
	buf_clear(&want);
	buf_clear(&statement);
}

static void
survives_scarce_memory(void **state)
{
	struct buf in = vector("envelope.json"), out = BUF_INIT;
	struct envelope e = ENVELOPE_INIT, again = ENVELOPE_INIT;
	enum rb_err rc = RB_ENOMEM;
	size_t i;

	(void)state;
	for (i = 1; rc == RB_ENOMEM; i++) {
		scarce_begin(i);
		if ((rc = envelope_parse(buf_span(&in), &e, NULL)) == RB_OK &&
		    (rc = envelope_verify(&e, &public)) == RB_OK &&
		    (rc = envelope_sign(key, buf_span(&e.payload), &again)) ==
			RB_OK)
			rc = envelope_write(&again, &out);
		assert_true(scarce_end() == (rc == RB_ENOMEM));
		envelope_clear(&e);
		envelope_clear(&again);
		assert_int_equal(out.len != 0, rc == RB_OK);
	}
	assert_ok(rc);
	assert_span_equal(buf_span(&out), buf_span(&in));
	buf_clear(&in);
	buf_clear(&out);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(refuses_every_other_key_and_byte),
		cmocka_unit_test(signs_more_than_the_payload),
		cmocka_unit_test(signs_as_in_toto_does),
		cmocka_unit_test(vector_is_made_again_from_its_statement),
		cmocka_unit_test(survives_scarce_memory),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
