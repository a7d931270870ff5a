/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/base/openpgp.h"

#define BEGIN "-----BEGIN PGP SIGNATURE-----\n"
#define END "-----END PGP SIGNATURE-----\n"

static void
opens_an_armour(void **state)
{
	static const struct {
		const char *why, *text;
		enum rb_err rc;
	} cases[] = {
		{ "plain", BEGIN "\niAEE\n" END, RB_OK },
		{ "with a checksum", BEGIN "\niAEE\n=abcd\n" END, RB_OK },
		{ "with headers", BEGIN "Version: 1\nComment: x\n\niAEE\n" END,
		    RB_OK },
		{ "with blanks and CRs",
		    "-----BEGIN PGP SIGNATURE-----\r\nA: b \r\n"
		    " \t\niAEE\t\n" END,
		    RB_OK },
		{ "in two lines", BEGIN "\niA\nEE\n" END, RB_OK },
		{ "its last line not ended",
		    BEGIN "\niAEE\n-----END PGP SIGNATURE-----", RB_OK },
		{ "of another kind",
		    "-----BEGIN PGP MESSAGE-----\n\niAEE\n"
		    "-----END PGP MESSAGE-----\n",
		    RB_EFORMAT },
		{ "ended as another",
		    BEGIN "\niAEE\n-----END PGP MESSAGE-----\n", RB_EFORMAT },
		{ "no empty line", BEGIN "iAEE\n" END, RB_EFORMAT },
		{ "text behind it", BEGIN "\niAEE\n" END "x\n", RB_EFORMAT },
		{ "an empty line behind it", BEGIN "\niAEE\n" END "\n",
		    RB_EFORMAT },
		{ "no end", BEGIN "\niAEE\n", RB_EFORMAT },
		{ "a mark in it", BEGIN "\niAEE\n" BEGIN END, RB_EFORMAT },
		{ "NUL for a blank", BEGIN "\niAEE", RB_EFORMAT },
		{ "nothing", "", RB_EFORMAT },
	};
	struct buf out = BUF_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (openpgp_armour_parse(span_of_str(cases[i].text),
			"SIGNATURE", &out) != cases[i].rc)
			fail_msg("%s", cases[i].why);
		if (cases[i].rc == RB_OK)
			assert_true(
			    span_equal_str(buf_span(&out), "\x88\x01\x04"));
		buf_reset(&out);
	}
	buf_clear(&out);
}

static void
takes_packets_of_every_length(void **state)
{
	static const struct {
		const char *why;
		struct span in;
		unsigned int tag;
		size_t len;
	} good[] = {
		{ "old, one octet", SPAN("\x88\x01z"), 2, 1 },
		{ "old, two", SPAN("\x89\0\x01z"), 2, 1 },
		{ "old, four", SPAN("\x8a\0\0\0\x01z"), 2, 1 },
		{ "new, one", SPAN("\xc2\x01z"), 2, 1 },
		{ "new, four", SPAN("\xc2\xff\0\0\0\x01z"), 2, 1 },
		{ "empty", SPAN("\xd1\0"), 17, 0 },
	};
	static const struct span bad[] = { SPAN_INIT,
		{ (const uint8_t *)"x", 1 },
		{ (const uint8_t *)"\x8b"
				   "z",
		    2 },
		{ (const uint8_t *)"\xc2\xe1z", 3 },
		{ (const uint8_t *)"\xc2\xc0", 2 },
		{ (const uint8_t *)"\x88\x02z", 3 } };
	struct span in, body;
	unsigned int tag = 0;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		in = good[i].in;
		if (openpgp_packet_take(&in, &tag, &body) != RB_OK ||
		    tag != good[i].tag || body.len != good[i].len ||
		    in.len != 0)
			fail_msg("%s", good[i].why);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		in = bad[i];
		if (openpgp_packet_take(&in, &tag, &body) != RB_EFORMAT)
			fail_msg("bad %zu is taken", i);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(opens_an_armour),
		cmocka_unit_test(takes_packets_of_every_length),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
