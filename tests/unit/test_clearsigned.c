/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "rebuilder/judge/clearsigned.h"

#define HEAD "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n"
#define BEGIN "-----BEGIN PGP SIGNATURE-----\n"
#define BODY "\niHUEARYIAB0WIQRHKpTv\n=Fo80\n"
#define END "-----END PGP SIGNATURE-----\n"
#define SIGNATURE BEGIN BODY END
#define TEXT "Origin: a\nDate: b\n"

static void
refuses_all_but_the_signed_text(void **state)
{
	static const struct {
		const char *why;
		struct span whole;
	} cases[] = {
		{ "empty", SPAN("") },
		{ "not signed", SPAN(TEXT) },
		{ "an empty line before", SPAN("\n" HEAD TEXT SIGNATURE) },
		{ "a line before", SPAN("Date: c\n" HEAD TEXT SIGNATURE) },
		{ "a blank before", SPAN(" " HEAD TEXT SIGNATURE) },
		{ "a blank behind the first line",
		    SPAN("-----BEGIN PGP SIGNED MESSAGE----- \n\n" TEXT
			    SIGNATURE) },
		{ "a header that says something",
		    SPAN("-----BEGIN PGP SIGNED MESSAGE-----\nDate: c\n\n" TEXT
			    SIGNATURE) },
		{ "no empty line",
		    SPAN("-----BEGIN PGP SIGNED MESSAGE-----\n"
			 "Hash: SHA256\n" TEXT SIGNATURE) },
		{ "headers for ever",
		    SPAN("-----BEGIN PGP SIGNED MESSAGE-----\nHash: a\n") },
		{ "another text", SPAN(HEAD "Origin: a\nDate: c\n" SIGNATURE) },
		{ "less of the text", SPAN(HEAD "Origin: a\n" SIGNATURE) },
		{ "more of the text", SPAN(HEAD TEXT "\n" SIGNATURE) },
		{ "a blank at an end",
		    SPAN(HEAD "Origin: a \nDate: b\n" SIGNATURE) },
		{ "a carriage return",
		    SPAN(HEAD "Origin: a\r\nDate: b\n" SIGNATURE) },
		{ "cut in the text", SPAN(HEAD "Origin: a\nDate: b") },
		{ "no signature", SPAN(HEAD TEXT) },
		{ "half a signature", SPAN(HEAD TEXT BEGIN BODY) },
		{ "a last line not ended",
		    SPAN(HEAD TEXT BEGIN BODY "-----END PGP SIGNATURE-----") },
		{ "a text in the signature",
		    SPAN(HEAD TEXT BEGIN BODY HEAD TEXT END) },
		{ "an empty line behind", SPAN(HEAD TEXT SIGNATURE "\n") },
		{ "a line behind", SPAN(HEAD TEXT SIGNATURE "Date: c\n") },
		{ "twice", SPAN(HEAD TEXT SIGNATURE HEAD TEXT SIGNATURE) },
		{ "two signatures", SPAN(HEAD TEXT SIGNATURE SIGNATURE) },
	};
	struct fault why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		why.text[0] = '\0';
		if (clearsigned_check(cases[i].whole, SPAN(TEXT), &why) !=
			RB_EFORMAT ||
		    why.text[0] == '\0')
			fail_msg("%s", cases[i].why);
	}
}

static void
refuses_a_dash_that_is_not_escaped(void **state)
{
	struct fault why;

	(void)state;
	assert_int_equal(clearsigned_check(SPAN(HEAD "-a\n" SIGNATURE),
			     SPAN("-a\n"), &why),
	    RB_EFORMAT);
	assert_int_equal(clearsigned_check(SPAN(HEAD "- -a\n" SIGNATURE),
			     SPAN("- -a\n"), &why),
	    RB_EFORMAT);
}

static void
refuses_a_text_that_is_not_ended(void **state)
{
	struct fault why;

	(void)state;
	assert_int_equal(clearsigned_check(SPAN(HEAD TEXT SIGNATURE),
			     SPAN("Origin: a\nDate: b"), &why),
	    RB_EFORMAT);
}

static void
takes_the_signed_text_alone(void **state)
{
	struct fault why;

	(void)state;
	assert_int_equal(clearsigned_check(SPAN(HEAD TEXT SIGNATURE),
			     SPAN(TEXT), &why),
	    RB_OK);
	assert_int_equal(clearsigned_check(SPAN(HEAD "- -a\n\nb\n" SIGNATURE),
			     SPAN("-a\n\nb\n"), &why),
	    RB_OK);
	assert_int_equal(
	    clearsigned_check(
		SPAN("-----BEGIN PGP SIGNED MESSAGE-----\n\n" SIGNATURE),
		SPAN(""), &why),
	    RB_OK);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_all_but_the_signed_text),
		cmocka_unit_test(refuses_a_dash_that_is_not_escaped),
		cmocka_unit_test(refuses_a_text_that_is_not_ended),
		cmocka_unit_test(takes_the_signed_text_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
