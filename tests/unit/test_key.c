/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/attest.h"

#include "common/base/enc.h"

/* seed 00 01 ... 1f */
static const char public_hex[] =
    "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";

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
	key_free(&key);
	return 0;
}

static void
refuses_every_other_spelling_of_a_key(void **state)
{
	struct buf pem = vector("signing.key");
	const struct {
		const char *why, *from, *to;
	} rows[] = {
		{ "carriage returns", "KEY-----\n", "KEY-----\r\n" },
		{ "no newline at the end", "END PRIVATE KEY-----\n",
		    "END PRIVATE KEY-----" },
		{ "text in front", "-----BEGIN", " -----BEGIN" },
		{ "text behind", "END PRIVATE KEY-----\n",
		    "END PRIVATE KEY-----\n\n" },
		{ "encrypted", "BEGIN PRIVATE", "BEGIN ENCRYPTED PRIVATE" },
		{ "public", "BEGIN PRIVATE", "BEGIN PUBLIC" },
		{ "X25519, not Ed25519", "MC4CAQAwBQYDK2Vw",
		    "MC4CAQAwBQYDK2Vu" },
		{ "another version", "MC4CAQAw", "MC4CAQEw" },
		{ "not base64", "MC4CAQAw", "MC4CAQA!" },
		{ "padding", "HR4f\n", "HR4=\n" },
		{ "white space for digits", "MC4CAQAw", "  4CAQAw" },
		{ "two lines", "MC4CAQAwBQ", "MC4CAQAw\n" },
	};
	struct key *k = NULL;
	struct buf bad;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bad = replaced(buf_span(&pem), rows[i].from, rows[i].to);
		if (key_read(buf_span(&bad), &k) != RB_EFORMAT)
			fail_msg("%s", rows[i].why);
		assert_null(k);
		buf_clear(&bad);
	}
	for (i = 0; i < pem.len; i++)
		assert_int_equal(key_read(span_of(pem.p, i), &k), RB_EFORMAT);
	buf_clear(&pem);
}

static void
reads_and_writes_what_openssl_wrote(void **state)
{
	struct buf pem = vector("signing.key"), again = BUF_INIT;
	struct buf hex = BUF_INIT;

	(void)state;
	assert_ok(key_write(key, &again));
	assert_span_equal(buf_span(&again), buf_span(&pem));
	assert_ok(hex_write(span_of(public.b, sizeof(public.b)), &hex));
	assert_span_equal(buf_span(&hex), span_of_str(public_hex));
	buf_wipe(&again);
	buf_wipe(&pem);
	buf_clear(&hex);
}

static void
a_new_key_is_another_one_and_survives_a_file(void **state)
{
	struct key *new = NULL, *again = NULL;
	struct key_public a, b;
	struct buf pem = BUF_INIT;
	uint8_t signature[KEY_SIGNATURE_LEN];

	(void)state;
	assert_ok(key_generate(&new));
	key_public_of(new, &a);
	assert_memory_not_equal(a.b, public.b, sizeof(a.b));
	assert_ok(key_write(new, &pem));
	assert_ok(key_read(buf_span(&pem), &again));
	key_public_of(again, &b);
	assert_memory_equal(a.b, b.b, sizeof(a.b));
	assert_ok(key_sign(again, SPAN("x"), signature));
	assert_ok(
	    key_verify(&a, SPAN("x"), span_of(signature, sizeof(signature))));
	assert_int_equal(key_verify(&public, SPAN("x"),
			     span_of(signature, sizeof(signature))),
	    RB_ESIG);
	buf_wipe(&pem);
	key_free(&new);
	key_free(&again);
}

static void
refuses_every_altered_signature(void **state)
{
	uint8_t good[KEY_SIGNATURE_LEN], bad[KEY_SIGNATURE_LEN + 1];
	struct span message = SPAN("reproduced");
	size_t i;

	(void)state;
	assert_ok(key_sign(key, message, good));
	assert_ok(key_verify(&public, message, span_of(good, sizeof(good))));
	for (i = 0; i < 8 * sizeof(good); i++) {
		memcpy(bad, good, sizeof(good));
		bad[i / 8] ^= (uint8_t)(1 << i % 8);
		assert_int_equal(key_verify(&public, message,
				     span_of(bad, sizeof(good))),
		    RB_ESIG);
	}
	memcpy(bad, good, sizeof(good));
	bad[sizeof(good)] = 0;
	assert_int_equal(key_verify(&public, message,
			     span_of(bad, sizeof(bad))),
	    RB_ESIG);
	assert_int_equal(key_verify(&public, message,
			     span_of(good, sizeof(good) - 1)),
	    RB_ESIG);
	assert_int_equal(key_verify(&public, message, span_of(good, 0)),
	    RB_ESIG);
	assert_int_equal(key_verify(&public, SPAN("Reproduced"),
			     span_of(good, sizeof(good))),
	    RB_ESIG);
	assert_int_equal(key_verify(&public, SPAN(""),
			     span_of(good, sizeof(good))),
	    RB_ESIG);
}

/* One S, not S plus the order of the group (RFC 8032, 5.1.7). */
static void
refuses_a_signature_with_a_second_spelling(void **state)
{
	static const uint8_t order[32] = { 0xed, 0xd3, 0xf5, 0x5c, 0x1a, 0x63,
		0x12, 0x58, 0xd6, 0x9c, 0xf7, 0xa2, 0xde, 0xf9, 0xde, 0x14, 0,
		0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x10 };
	uint8_t signature[KEY_SIGNATURE_LEN];
	unsigned int carry = 0, sum;
	size_t i;

	(void)state;
	assert_ok(key_sign(key, SPAN("x"), signature));
	for (i = 0; i < 32; i++) {
		sum = signature[32 + i] + order[i] + carry;
		signature[32 + i] = (uint8_t)sum;
		carry = sum >> 8;
	}
	assert_int_equal(key_verify(&public, SPAN("x"),
			     span_of(signature, sizeof(signature))),
	    RB_ESIG);
}

/* The link that Debian's in-toto accepted: key id and signature. */
static void
signs_as_in_toto_does(void **state)
{
	static const char message[] =
	    "{\"_type\":\"link\",\"byproducts\":{\"git-tag\":\"v1.0\"},"
	    "\"command\":[],\"environment\":{},\"materials\":{},"
	    "\"name\":\"rebuild\",\"products\":{\"hello_1.0-1_amd64.deb\":"
	    "{\"sha256\":\"5891b5b522d5df086d0ff0b110fbd9d2"
	    "1bb4fc7163af34d08286a2e846f6be03\"}}}";
	static const char want[] =
	    "b9c46ecb4cc20a6f5a036c647dc6ab59ec00549952057e9f3644fe7d910cca42"
	    "296ef7282ba14f2976ab3885b9eb9d4705ffc637027fc5285d6cc037a2326801";
	uint8_t signature[KEY_SIGNATURE_LEN];
	struct buf id = vector_line("keyid"), hex = BUF_INIT;
	struct digest d;

	(void)state;
	assert_ok(key_sign(key, SPAN(message), signature));
	assert_ok(hex_write(span_of(signature, sizeof(signature)), &hex));
	assert_span_equal(buf_span(&hex), SPAN(want));
	assert_ok(key_id(&public, &d));
	buf_reset(&hex);
	assert_ok(hex_write(digest_span(&d), &hex));
	assert_span_equal(buf_span(&hex), buf_span(&id));
	assert_span_equal(buf_span(&hex),
	    SPAN("607f42135d7855e1145188a58aaf4c05"
		 "5fec1edbd7041680576e486f7ea574d1"));
	buf_clear(&id);
	buf_clear(&hex);
}

static void
refuses_names_that_no_note_can_hold(void **state)
{
	char name[KEY_NAME_MAX + 2];
	struct vkey v;

	(void)state;
	memset(name, 'a', sizeof(name));
	name[KEY_NAME_MAX + 1] = '\0';
	assert_int_equal(vkey_make(name, VKEY_ED25519, &public, &v),
	    RB_EFORMAT);
	name[KEY_NAME_MAX] = '\0';
	assert_ok(vkey_make(name, VKEY_ED25519, &public, &v));
	assert_int_equal(vkey_make("", 1, &public, &v), RB_EFORMAT);
	assert_int_equal(vkey_make("a b", 1, &public, &v), RB_EFORMAT);
	assert_int_equal(vkey_make("a+b", 1, &public, &v), RB_EFORMAT);
	assert_int_equal(vkey_make("a\nb", 1, &public, &v), RB_EFORMAT);
	assert_int_equal(vkey_make("a\"b", 1, &public, &v), RB_EFORMAT);
	assert_int_equal(vkey_make("a\\b", 1, &public, &v), RB_EFORMAT);
	assert_int_equal(vkey_make("a\xc2\xa0", 1, &public, &v), RB_EFORMAT);
	assert_int_equal(vkey_make("a\x7f", 1, &public, &v), RB_EFORMAT);
	/* ECDSA, ML-DSA-44: not ours */
	assert_int_equal(vkey_make("a", 2, &public, &v), RB_EFORMAT);
	assert_int_equal(vkey_make("a", 6, &public, &v), RB_EFORMAT);
}

static void
refuses_every_other_verifier_key(void **state)
{
	const struct {
		const char *why, *from, *to;
		enum rb_err rc;
	} rows[] = {
		{ "no hash", "+61ad9e7b+", "+", RB_EFORMAT },
		{ "empty name", "rebuilder.example/log+", "+", RB_EFORMAT },
		{ "another name", "rebuilder", "Rebuilder", RB_EFORMAT },
		{ "another hash", "61ad", "61ae", RB_EFORMAT },
		{ "upper case", "61ad9e7b", "61AD9E7B", RB_EFORMAT },
		{ "long hash", "61ad9e7b", "061ad9e7b", RB_EFORMAT },
		{ "another type", "+AQ", "+Ag", RB_EFORMAT },
		{ "short key", "VTG4", "", RB_EFORMAT },
		{ "long key", "VTG4", "VTG4VTG4", RB_EFORMAT },
		{ "padded", "VTG4", "VTG=", RB_EFORMAT },
		{ "newline", "VTG4", "VTG4\n", RB_EFORMAT },
		{ "URL alphabet", "7/", "7_", RB_EFORMAT },
	};
	struct buf text = vector_line("signing.vkey"), bad, big = BUF_INIT;
	struct vkey v;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		bad = replaced(buf_span(&text), rows[i].from, rows[i].to);
		if (vkey_parse(buf_span(&bad), &v) != rows[i].rc)
			fail_msg("%s", rows[i].why);
		buf_clear(&bad);
	}
	for (i = 0; i < text.len; i++)
		assert_int_equal(vkey_parse(span_of(text.p, i), &v),
		    RB_EFORMAT);
	for (i = 0; i < 100; i++)
		assert_ok(buf_put_str(&big, "aaaa"));
	assert_int_equal(vkey_parse(buf_span(&big), &v), RB_ELIMIT);
	buf_clear(&big);
	buf_clear(&text);
}

static void
verifier_keys_are_those_of_the_vectors(void **state)
{
	static const char spec[] =
	    "rebuilder.example/log+61ad9e7b+"
	    "AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4";
	struct vkey v = vector_vkey("signing.vkey");
	struct buf text = BUF_INIT;

	(void)state;
	assert_ok(vkey_write(&v, &text));
	assert_span_equal(buf_span(&text), SPAN(spec));
	assert_int_equal(v.type, VKEY_ED25519);
	assert_memory_equal(v.key.b, public.b, sizeof(public.b));
	buf_reset(&text);
	v = vector_vkey("witness.vkey");
	assert_int_equal(v.type, VKEY_COSIGNATURE);
	assert_ok(vkey_write(&v, &text));
	assert_span_equal(buf_span(&text),
	    SPAN("witness.example/w1+20324abe+"
		 "BCmsuuFBvMrwsi4alNNNC8c2HlJtC/4SyJeUvJMilm3X"));
	buf_clear(&text);
}

/* Until it succeeds: each allocation of ours fails once. */
static void
survives_scarce_memory(void **state)
{
	struct buf pem = vector("signing.key"), vkey, out = BUF_INIT;
	struct key *k = NULL;
	struct digest id;
	struct vkey v;
	enum rb_err rc = RB_ENOMEM;
	size_t i;

	(void)state;
	vkey = vector_line("signing.vkey");
	for (i = 1; rc == RB_ENOMEM; i++) {
		scarce_begin(i);
		if ((rc = key_read(buf_span(&pem), &k)) == RB_OK &&
		    (rc = key_write(k, &out)) == RB_OK &&
		    (rc = key_id(&public, &id)) == RB_OK &&
		    (rc = vkey_parse(buf_span(&vkey), &v)) == RB_OK)
			rc = vkey_write(&v, &out);
		assert_true(scarce_end() == (rc == RB_ENOMEM));
		key_free(&k);
		buf_wipe(&out);
	}
	assert_ok(rc);
	assert_true(i > 5);
	buf_clear(&pem);
	buf_clear(&vkey);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling_of_a_key),
		cmocka_unit_test(refuses_every_altered_signature),
		cmocka_unit_test(refuses_a_signature_with_a_second_spelling),
		cmocka_unit_test(refuses_names_that_no_note_can_hold),
		cmocka_unit_test(refuses_every_other_verifier_key),
		cmocka_unit_test(reads_and_writes_what_openssl_wrote),
		cmocka_unit_test(a_new_key_is_another_one_and_survives_a_file),
		cmocka_unit_test(signs_as_in_toto_does),
		cmocka_unit_test(verifier_keys_are_those_of_the_vectors),
		cmocka_unit_test(survives_scarce_memory),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
