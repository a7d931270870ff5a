/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/enc.h"
#include "rebuilder/judge/git/git_id.h"
#include "rebuilder/judge/git/plain_sha1.h"
#include "rebuilder/judge/git/sha1.h"

/*
 * The first SHA-1 collision: M. Stevens and others, "The first collision for
 * full SHA-1", CRYPTO 2017, table 1.  Three blocks that both files share, and
 * two blocks each; the state behind them is the same.
 */
#define SHARED \
	"255044462d312e330a25e2e3cfd30a0a0a312030206f626a0a3c3c2f57696474" \
	"682032203020522f4865696768742033203020522f547970652034203020522f" \
	"537562747970652035203020522f46696c7465722036203020522f436f6c6f72" \
	"53706163652037203020522f4c656e6774682038203020522f42697473506572" \
	"436f6d706f6e656e7420383e3e0a73747265616d0affd8fffe00245348412d31" \
	"20697320646561642121212121852fec092339759c39b1a1c63c4c97e1fffe01"
#define FIRST \
	"7f46dc93a6b67e013b029aaa1db2560b45ca67d688c7f84b8c4c791fe02b3df6" \
	"14f86db1690901c56b45c1530afedfb76038e972722fe7ad728f0e4904e046c2" \
	"30570fe9d41398abe12ef5bc942be33542a4802d98b5d70f2a332ec37fac3514" \
	"e74ddc0f2cc1a874cd0c78305a21566461309789606bd0bf3f98cda8044629a1"
#define SECOND \
	"7346dc9166b67e118f029ab621b2560ff9ca67cca8c7f85ba84c79030c2b3de2" \
	"18f86db3a90901d5df45c14f26fedfb3dc38e96ac22fe7bd728f0e45bce046d2" \
	"3c570feb141398bb552ef5a0a82be331fea48037b8b5d71f0e332edf93ac3500" \
	"eb4ddc0decc1a864790c782c76215660dd309791d06bd0af3f98cda4bc4629b1"
#define COLLISION_LEN 320

static void
collision(const char *hex, uint8_t out[COLLISION_LEN])
{
	assert_int_equal(hex_parse(span_of_str(hex), out, COLLISION_LEN),
	    RB_OK);
}

static enum rb_err
sum(struct span s, uint8_t out[SHA1_LEN])
{
	struct sha1 h;

	sha1_start(&h);
	sha1_put(&h, s);
	return sha1_end(&h, out);
}

/* Or it would not be worth noticing. */
static void
the_known_collision_is_one(void **state)
{
	uint8_t a[COLLISION_LEN], b[COLLISION_LEN];
	struct git_id x, y;

	(void)state;
	collision(SHARED FIRST, a);
	collision(SHARED SECOND, b);
	assert_memory_not_equal(a, b, COLLISION_LEN);
	assert_int_equal(plain_sha1(SPAN(""), span_of(a, sizeof(a)), &x),
	    RB_OK);
	assert_int_equal(plain_sha1(SPAN(""), span_of(b, sizeof(b)), &y),
	    RB_OK);
	assert_true(git_id_equal(&x, &y));
}

static void
refuses_both_halves_of_the_known_collision(void **state)
{
	static const char *const halves[] = { SHARED FIRST, SHARED SECOND };
	uint8_t bytes[COLLISION_LEN + 200], out[SHA1_LEN];
	size_t i, len;

	(void)state;
	for (i = 0; i < 2; i++) {
		memset(bytes, 'x', sizeof(bytes));
		collision(halves[i], bytes);
		/* Whatever follows them. */
		for (len = COLLISION_LEN; len <= sizeof(bytes); len++)
			assert_int_equal(sum(span_of(bytes, len), out),
			    RB_EREFUSED);
		/* The first block alone collides with nothing yet. */
		assert_int_equal(sum(span_of(bytes, COLLISION_LEN - 64), out),
		    RB_OK);
		/* Elsewhere in a file it is as good as any other bytes. */
		assert_int_equal(sum(span_of(bytes + 64, COLLISION_LEN - 64),
				     out),
		    RB_OK);
	}
}

static void
a_single_bit_spoils_the_collision(void **state)
{
	uint8_t bytes[COLLISION_LEN], out[SHA1_LEN];
	size_t i;

	(void)state;
	for (i = 0; i < COLLISION_LEN; i++) {
		collision(SHARED FIRST, bytes);
		bytes[i] ^= 1;
		assert_int_equal(sum(span_of(bytes, sizeof(bytes)), out),
		    RB_OK);
	}
}

static void
agrees_with_openssl(void **state)
{
	static uint8_t bytes[5000];
	uint8_t out[SHA1_LEN];
	struct sha1 s;
	struct git_id other;
	uint32_t x = 1;
	size_t i, len, part;

	(void)state;
	for (i = 0; i < sizeof(bytes); i++) {
		x = x * 1664525 + 1013904223;
		bytes[i] = (uint8_t)(x >> 24);
	}
	for (len = 0; len < sizeof(bytes); len += 1 + len / 20) {
		/* In parts of every length, the empty one too. */
		sha1_start(&s);
		part = 0;
		for (i = 0; i < len; i += part) {
			sha1_put(&s, SPAN(""));
			part = (part + 7) % 150;
			if (part > len - i)
				part = len - i;
			sha1_put(&s, span_of(bytes + i, part));
		}
		assert_int_equal(sha1_end(&s, out), RB_OK);
		assert_int_equal(plain_sha1(span_of(bytes, len / 2),
				     span_of(bytes + len / 2, len - len / 2),
				     &other),
		    RB_OK);
		assert_memory_equal(out, other.b, SHA1_LEN);
	}
}

static void
knows_the_ids_of_git(void **state)
{
	static const struct {
		enum git_type type;
		const char *bytes, *id;
	} cases[] = {
		{ GIT_BLOB, "", "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391" },
		{ GIT_BLOB, "hello\n",
		    "ce013625030ba8dba906f756967f9e9ca394464a" },
		{ GIT_TREE, "", "4b825dc642cb6eb9a060e54bf8d69288fbee4904" },
	};
	struct git_id id, parsed;
	char hex[GIT_ID_HEX_LEN + 1];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(git_id_of(cases[i].type,
				     span_of_str(cases[i].bytes), &id),
		    RB_OK);
		git_id_hex(&id, hex);
		assert_string_equal(hex, cases[i].id);
		assert_int_equal(git_id_parse(span_of_str(hex), &parsed),
		    RB_OK);
		assert_true(git_id_equal(&id, &parsed));
	}
}

static void
refuses_other_spellings_of_an_id(void **state)
{
	static const struct {
		const char *why, *hex;
		enum rb_err rc;
	} cases[] = {
		{ "empty", "", RB_EFORMAT },
		{ "short", "ce013625030ba8dba906f756967f9e9ca394464",
		    RB_EFORMAT },
		{ "long", "ce013625030ba8dba906f756967f9e9ca394464a0",
		    RB_EFORMAT },
		{ "capitals", "CE013625030BA8DBA906F756967F9E9CA394464A",
		    RB_EFORMAT },
		{ "no digit", "ge013625030ba8dba906f756967f9e9ca394464a",
		    RB_EFORMAT },
		{ "SHA-256",
		    "ce013625030ba8dba906f756967f9e9ca394464a"
		    "ce013625030ba8dba906f756",
		    RB_EREFUSED },
		{ "as long, but none",
		    "xx013625030ba8dba906f756967f9e9ca394464a"
		    "ce013625030ba8dba906f756",
		    RB_EFORMAT },
	};
	struct git_id id;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (git_id_parse(span_of_str(cases[i].hex), &id) != cases[i].rc)
			fail_msg("wrong about: %s", cases[i].why);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(the_known_collision_is_one),
		cmocka_unit_test(refuses_both_halves_of_the_known_collision),
		cmocka_unit_test(a_single_bit_spoils_the_collision),
		cmocka_unit_test(agrees_with_openssl),
		cmocka_unit_test(knows_the_ids_of_git),
		cmocka_unit_test(refuses_other_spellings_of_an_id),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
