/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/attest.h"

#include "common/attest/checkpoint.h"
#include "common/attest/tree.h"
#include "common/base/enc.h"

#define OWN_LINE \
	"\xe2\x80\x94 rebuilder.example/log " \
	"Ya2ee50yx7FGoyS0AzWUFNUcQh7XREWzWOlcYc0Ds0C7u9WQ" \
	"s8sXoEa1ZunINOyxBlmVeiiEy5gyObDOgp0Cd3nEfAg=\n"

/* The log of one entry, "entry0", cosigned; made by another program. */
static const char entry0[] =
    "rebuilder.example/log\n"
    "1\n"
    "WWVaj8Q6S6x082ETf4U2nw++oDyA/5l66yUB6XUfBpo=\n"
    "\n" OWN_LINE
    "\xe2\x80\x94 witness.example/w1 IDJKvgAAAABpVbkAkLRiC5XK/td42uRMOy0cjqVN+"
    "TwrrhWTwdxsO3Bcbg2qZofhhaBJff69w2b8pbMWCdOMK2Qrxp4IrRNZgIwSAw==\n";

static struct vkey log_key;

static int
start(void **state)
{
	(void)state;
	log_key = vector_vkey("signing.vkey");
	return 0;
}

struct row {
	const char *why, *from, *to;
	enum rb_err open, peek;
};

static void
check_row(const struct row *row)
{
	struct buf bad = replaced(SPAN(entry0), row->from, row->to);
	struct checkpoint cp = { .size = 77 };
	enum rb_err open, peek;

	open = checkpoint_open(buf_span(&bad), &log_key, &cp);
	peek = checkpoint_peek(buf_span(&bad), &cp);
	if (open != row->open || peek != row->peek)
		fail_msg("%s: open %s, peek %s", row->why, err_name(open),
		    err_name(peek));
	if (open != RB_OK && peek != RB_OK)
		assert_int_equal(cp.size, 77); /* untouched */
	buf_clear(&bad);
}

static void
refuses_notes_that_are_none(void **state)
{
	const struct row rows[] = {
		{ "no empty line", "Bpo=\n\n", "Bpo=\n", RB_EFORMAT,
		    RB_EFORMAT },
		{ "two empty lines", "Bpo=\n\n", "Bpo=\n\n\n", RB_EFORMAT,
		    RB_EFORMAT },
		{ "extension line", "Bpo=\n", "Bpo=\nmore\n", RB_EFORMAT,
		    RB_EFORMAT },
		{ "hyphen for dash", "\xe2\x80\x94", "-", RB_EFORMAT,
		    RB_EFORMAT },
		{ "no space behind the dash", "\x94 r", "\x94r", RB_EFORMAT,
		    RB_EFORMAT },
		{ "two spaces", "log Ya", "log  Ya", RB_EFORMAT, RB_EFORMAT },
		{ "no name", "witness.example/w1 ", " ", RB_EFORMAT,
		    RB_EFORMAT },
		{ "a plus in the name", "witness.", "witness+", RB_EFORMAT,
		    RB_EFORMAT },
		{ "no signature", " IDJKvg", "\nIDJKvg", RB_EFORMAT,
		    RB_EFORMAT },
		{ "key id alone",
		    "IDJKvgAAAABpVbkAkLRiC5XK/td42uRMOy0cjqVN+T"
		    "wrrhWTwdxsO3Bcbg2qZofhhaBJff69w2b8pbMWCdOMK2Qrxp4IrRNZgI"
		    "wSAw==",
		    "IDJKvg==", RB_EFORMAT, RB_EFORMAT },
		{ "not base64", "IDJKvg", "IDJKv_", RB_EFORMAT, RB_EFORMAT },
		{ "carriage return", "log\n1\n", "log\r\n1\n", RB_EFORMAT,
		    RB_EFORMAT },
		{ "leading zero", "\n1\n", "\n01\n", RB_EFORMAT, RB_EFORMAT },
		{ "empty size", "\n1\n", "\n\n", RB_EFORMAT, RB_EFORMAT },
		{ "negative", "\n1\n", "\n-1\n", RB_EFORMAT, RB_EFORMAT },
		{ "2^63", "\n1\n", "\n9223372036854775808\n", RB_ELIMIT,
		    RB_ELIMIT },
		{ "short root", "Bpo=", "Bg==", RB_EFORMAT, RB_EFORMAT },
		{ "a root with a second spelling", "Bpo=", "Bpp=", RB_EFORMAT,
		    RB_EFORMAT },
		{ "an empty tree with a root", "\n1\n", "\n0\n", RB_EFORMAT,
		    RB_EFORMAT },
		{ "origin with a space", "rebuilder.", "re builder.",
		    RB_EFORMAT, RB_EFORMAT },
		{ "no origin", "rebuilder.example/log\n1", "\n1", RB_EFORMAT,
		    RB_EFORMAT },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static void
refuses_what_its_key_did_not_sign(void **state)
{
	const struct row rows[] = {
		{ "another size", "\n1\n", "\n2\n", RB_ESIG, RB_OK },
		{ "another root", "WWVa", "WWVb", RB_ESIG, RB_OK },
		{ "another origin", "rebuilder.example/log\n1",
		    "other.example/log\n1", RB_ESIG, RB_OK },
		{ "another signature", "e50yx", "e50yy", RB_ESIG, RB_OK },
		{ "no line of the log", OWN_LINE, "", RB_ESIG, RB_OK },
		{ "another key id", "Ya2ee5", "Ya2ff5", RB_ESIG, RB_OK },
		{ "another key name", "\x94 rebuilder", "\x94 Rebuilder",
		    RB_ESIG, RB_OK },
		{ "a bad line behind a good one", "\xe2\x80\x94 witness",
		    "\xe2\x80\x94 rebuilder.example/log Ya2eewAA\n"
		    "\xe2\x80\x94 witness",
		    RB_ESIG, RB_OK },
		{ "a bad line in front of a good one", "\n\n",
		    "\n\n\xe2\x80\x94 rebuilder.example/log Ya2eewAA\n",
		    RB_ESIG, RB_OK },
		{ "short signature",
		    "Ya2ee50yx7FGoyS0AzWUFNUcQh7XREWzWOlcYc0"
		    "Ds0C7u9WQs8sXoEa1ZunINOyxBlmVeiiEy5gyObDOgp0Cd3nEfAg=",
		    "Ya2eewAA", RB_ESIG, RB_OK },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

/* The same key, asked for as another log's or as a witness'. */
static void
a_key_speaks_for_its_own_log_only(void **state)
{
	struct key *k = vector_key();
	struct key_public public;
	struct checkpoint cp = { .origin = "rebuilder.example/log" };
	struct vkey other, witness = vector_vkey("witness.vkey");
	struct buf note = BUF_INIT;

	(void)state;
	key_public_of(k, &public);
	assert_ok(
	    vkey_make("other.example/log", VKEY_ED25519, &public, &other));
	assert_int_equal(checkpoint_open(SPAN(entry0), &other, &cp), RB_ESIG);
	assert_int_equal(checkpoint_open(SPAN(entry0), &witness, &cp), RB_ESIG);

	/* Signed by another log's good key, under that log's name. */
	cp.size = 0;
	cp.root = tree_empty_root;
	(void)snprintf(cp.origin, sizeof(cp.origin), "other.example/log");
	assert_ok(checkpoint_sign(&cp, k, &note));
	assert_ok(checkpoint_open(buf_span(&note), &other, &cp));
	assert_int_equal(checkpoint_open(buf_span(&note), &log_key, &cp),
	    RB_ESIG);
	buf_clear(&note);
	key_free(&k);
}

/* A good signature of this key, over a body that names another log. */
static void
refuses_the_head_of_another_log(void **state)
{
	static const char body[] =
	    "other.example/log\n1\n"
	    "WWVaj8Q6S6x082ETf4U2nw++oDyA/5l66yUB6XUfBpo=\n";
	uint8_t blob[4 + KEY_SIGNATURE_LEN];
	struct checkpoint cp;
	struct buf note = BUF_INIT;
	struct key *k = vector_key();

	(void)state;
	memcpy(blob, log_key.id, 4);
	assert_ok(key_sign(k, SPAN(body), blob + 4));
	assert_ok(
	    buf_printf(&note, "%s\n\xe2\x80\x94 %s ", body, log_key.name));
	assert_ok(base64_write(span_of(blob, sizeof(blob)), &note));
	assert_ok(buf_put_byte(&note, '\n'));
	assert_ok(checkpoint_peek(buf_span(&note), &cp));
	assert_int_equal(checkpoint_open(buf_span(&note), &log_key, &cp),
	    RB_ESIG);
	buf_clear(&note);
	key_free(&k);
}

static void
ignores_lines_of_unknown_keys(void **state)
{
	const struct row rows[] = {
		{ "a cosignature that is wrong", "CdOMK2Qr", "CdOMK2Qs", RB_OK,
		    RB_OK },
		{ "a type with longer signatures", "AAAABp", "AAAAAAAABp",
		    RB_OK, RB_OK },
		{ "the log's name with another key id",
		    "\x94 witness.example/w1 IDJK",
		    "\x94 rebuilder.example/log IDJK", RB_OK, RB_OK },
		{ "the log's key id with another name", " IDJKvgAA",
		    " Ya2eewAA", RB_OK, RB_OK },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		check_row(&rows[i]);
}

static void
refuses_what_is_too_long(void **state)
{
	struct buf note = BUF_INIT;
	struct checkpoint cp;
	size_t i;

	(void)state;
	assert_ok(buf_put_str(&note, entry0));
	for (i = 2; i < CHECKPOINT_SIGNATURES_MAX; i++)
		assert_ok(buf_put_str(&note, "\xe2\x80\x94 a AAAAAAA=\n"));
	assert_ok(checkpoint_open(buf_span(&note), &log_key, &cp));
	assert_ok(buf_put_str(&note, "\xe2\x80\x94 a AAAAAAA=\n"));
	assert_int_equal(checkpoint_open(buf_span(&note), &log_key, &cp),
	    RB_ELIMIT);
	assert_int_equal(checkpoint_peek(buf_span(&note), &cp), RB_ELIMIT);

	buf_reset(&note);
	assert_ok(buf_put_str(&note, entry0));
	for (i = 0; i < CHECKPOINT_NOTE_MAX; i++)
		assert_ok(buf_put_byte(&note, 'a'));
	assert_int_equal(checkpoint_peek(buf_span(&note), &cp), RB_ELIMIT);
	assert_int_equal(checkpoint_parse(buf_span(&note), &cp), RB_ELIMIT);
	buf_clear(&note);
}

static void
refuses_every_prefix_and_every_altered_byte(void **state)
{
	const size_t own = strlen(entry0) -
	    strlen(strstr(entry0, "\xe2\x80\x94 witness"));
	struct checkpoint cp;
	struct buf bad;
	size_t i;

	(void)state;
	for (i = 0; i < strlen(entry0); i++) {
		if (i == own)
			continue; /* a whole note, without the witness */
		assert_int_not_equal(checkpoint_open(span_of(entry0, i),
					 &log_key, &cp),
		    RB_OK);
	}
	for (i = 0; i < own; i++) {
		bad = altered(SPAN(entry0), i, (uint8_t)(entry0[i] ^ 4));
		assert_int_not_equal(checkpoint_open(buf_span(&bad), &log_key,
					 &cp),
		    RB_OK);
		buf_clear(&bad);
	}
}

static void
body_is_read_and_written_in_one_way(void **state)
{
	static const char body[] =
	    "example.com/behind-the-sofa\n20852163\n"
	    "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
	struct checkpoint cp;
	struct buf out = BUF_INIT;
	size_t i;

	(void)state;
	assert_ok(checkpoint_parse(SPAN(body), &cp));
	assert_string_equal(cp.origin, "example.com/behind-the-sofa");
	assert_int_equal(cp.size, 20852163);
	assert_ok(checkpoint_write(&cp, &out));
	assert_span_equal(buf_span(&out), SPAN(body));
	assert_int_equal(checkpoint_parse(SPAN(entry0), &cp), RB_EFORMAT);
	for (i = 0; i + 1 < sizeof(body); i++)
		assert_int_equal(checkpoint_parse(span_of(body, i), &cp),
		    RB_EFORMAT);
	buf_clear(&out);
}

static void
write_refuses_what_parse_would(void **state)
{
	struct checkpoint cp = { .origin = "a+b", .size = 1 };
	struct buf out = BUF_INIT;
	struct key *k = vector_key();

	(void)state;
	assert_int_equal(checkpoint_write(&cp, &out), RB_EFORMAT);
	assert_int_equal(checkpoint_sign(&cp, k, &out), RB_EFORMAT);
	cp.origin[0] = '\0';
	assert_int_equal(checkpoint_write(&cp, &out), RB_EFORMAT);
	(void)snprintf(cp.origin, sizeof(cp.origin), "a");
	cp.size = TREE_SIZE_MAX + 1;
	assert_int_equal(checkpoint_sign(&cp, k, &out), RB_ELIMIT);
	cp.size = 0; /* with a root of something */
	assert_int_equal(checkpoint_sign(&cp, k, &out), RB_EFORMAT);
	cp.root = tree_empty_root;
	assert_ok(checkpoint_sign(&cp, k, &out));
	buf_clear(&out);
	key_free(&k);
}

static void
signs_as_others_do(void **state)
{
	struct checkpoint cp = { .origin = "rebuilder.example/log", .size = 1 };
	struct buf note = BUF_INIT, vec;
	struct key *k = vector_key();
	struct span want = SPAN(entry0);
	struct frontier f = FRONTIER_INIT;

	(void)state;
	assert_ok(tree_leaf_hash(SPAN("entry0"), &cp.root));
	assert_ok(frontier_append(&f, &cp.root));
	assert_ok(frontier_root(&f, &cp.root));
	assert_ok(checkpoint_sign(&cp, k, &note));
	assert_span_equal(buf_span(&note), span_of(want.p, note.len));
	assert_ok(checkpoint_open(SPAN(entry0), &log_key, &cp));
	assert_int_equal(cp.size, 1);

	vec = vector("checkpoint.note");
	assert_ok(checkpoint_open(buf_span(&vec), &log_key, &cp));
	assert_int_equal(cp.size, 5);
	buf_reset(&note);
	assert_ok(checkpoint_sign(&cp, k, &note));
	assert_true(note.len < vec.len);
	assert_span_equal(buf_span(&note), span_of(vec.p, note.len));
	buf_clear(&vec);
	buf_clear(&note);
	key_free(&k);
}

static void
survives_scarce_memory(void **state)
{
	struct buf vec = vector("checkpoint.note"), note = BUF_INIT;
	struct key *k = vector_key();
	struct checkpoint cp = { .size = 0 };
	enum rb_err rc = RB_ENOMEM;
	size_t i;

	(void)state;
	for (i = 1; rc == RB_ENOMEM; i++) {
		scarce_begin(i);
		if ((rc = checkpoint_open(buf_span(&vec), &log_key, &cp)) ==
		    RB_OK)
			rc = checkpoint_sign(&cp, k, &note);
		assert_true(scarce_end() == (rc == RB_ENOMEM));
		assert_int_equal(note.len != 0, rc == RB_OK);
	}
	assert_ok(rc);
	assert_true(i > 5);
	buf_clear(&vec);
	buf_clear(&note);
	key_free(&k);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_notes_that_are_none),
		cmocka_unit_test(refuses_what_its_key_did_not_sign),
		cmocka_unit_test(a_key_speaks_for_its_own_log_only),
		cmocka_unit_test(refuses_the_head_of_another_log),
		cmocka_unit_test(refuses_what_is_too_long),
		cmocka_unit_test(refuses_every_prefix_and_every_altered_byte),
		cmocka_unit_test(write_refuses_what_parse_would),
		cmocka_unit_test(ignores_lines_of_unknown_keys),
		cmocka_unit_test(body_is_read_and_written_in_one_way),
		cmocka_unit_test(signs_as_others_do),
		cmocka_unit_test(survives_scarce_memory),
	};

	return cmocka_run_group_tests(tests, start, NULL);
}
