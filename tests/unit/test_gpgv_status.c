/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/buf.h"
#include "rebuilder/judge/gpgv_status.h"

#define FPR "4CB50190207B4758A3F73A796ED0E7B82643E131"
#define S "[GNUPG:] "
#define TEXT S "PLAINTEXT 74 0 \n"
#define NEW S "NEWSIG\n"
#define GOODSIG S "GOODSIG 6ED0E7B82643E131 A Name <a@example.org>\n"
#define VALIDSIG(hash, class, fpr) \
	S "VALIDSIG " FPR " 2026-07-11 1783765031 0 4 0 1 " hash \
	  " " class " " fpr "\n"
#define DETAILS VALIDSIG("8", "01", FPR)
#define GOOD NEW GOODSIG DETAILS
#define UNKNOWN(rc) \
	NEW S "ERRSIG B6CB7C43D5737E18 22 8 01 1795477569 " rc " -\n" S \
	      "NO_PUBKEY B6CB7C43D5737E18\n"

static void
refuses_what_does_not_add_up(void **state)
{
	static const struct {
		const char *why, *status;
		uint32_t exit_status;
	} cases[] = {
		{ "nothing", "", 0 },
		{ "a text without signature", TEXT, 0 },
		{ "a signature without text", GOOD, 0 },
		{ "a signature before its text", GOOD TEXT, 0 },
		{ "two texts", TEXT GOOD TEXT GOOD, 0 },
		{ "result without a signature", TEXT GOODSIG DETAILS, 0 },
		{ "signature without result", TEXT NEW, 0 },
		{ "second signature without result", TEXT GOOD NEW, 0 },
		{ "first signature without result", TEXT NEW GOOD, 0 },
		{ "two results for one signature",
		    TEXT NEW GOODSIG GOODSIG DETAILS, 0 },
		{ "good but not valid", TEXT NEW GOODSIG, 0 },
		{ "valid but not good", TEXT NEW DETAILS, 0 },
		{ "valid twice", TEXT GOOD DETAILS, 0 },
		{ "bad beside good",
		    TEXT GOOD NEW S "BADSIG 6ED0E7B82643E131 A\n", 0 },
		{ "revoked beside good",
		    TEXT GOOD NEW S "REVKEYSIG 6ED0E7B82643E131 A\n" DETAILS,
		    0 },
		{ "expired alone",
		    TEXT NEW S "EXPKEYSIG 6ED0E7B82643E131 A\n" DETAILS, 0 },
		{ "unknown alone", TEXT UNKNOWN("9"), 2 },
		{ "unknown for another reason", TEXT GOOD UNKNOWN("1"), 2 },
		{ "SHA-1", TEXT NEW GOODSIG VALIDSIG("2", "01", FPR), 0 },
		{ "MD5", TEXT NEW GOODSIG VALIDSIG("1", "01", FPR), 0 },
		{ "SHA-224", TEXT NEW GOODSIG VALIDSIG("11", "01", FPR), 0 },
		{ "over a key, not a text",
		    TEXT NEW GOODSIG VALIDSIG("8", "10", FPR), 0 },
		{ "class that is no number",
		    TEXT NEW GOODSIG VALIDSIG("8", "0x", FPR), 0 },
		{ "no primary fingerprint",
		    TEXT NEW GOODSIG VALIDSIG("8", "01", ""), 0 },
		{ "short fingerprint",
		    TEXT NEW GOODSIG VALIDSIG("8", "01", "4CB5"), 0 },
		{ "fingerprint in small letters",
		    TEXT NEW GOODSIG VALIDSIG("8", "01",
			"4cb50190207b4758a3f73a796ed0e7b82643e131"),
		    0 },
		{ "an eleventh field",
		    TEXT NEW GOODSIG VALIDSIG("8", "01", FPR " x"), 0 },
		{ "word nobody knows", TEXT GOOD S "SHINY 1\n", 0 },
		{ "error", TEXT GOOD S "ERROR proc_pkt.plaintext 89\n", 0 },
		{ "no word", TEXT GOOD S "\n", 0 },
		{ "line of another kind", TEXT GOOD "gpgv: good\n", 0 },
		{ "last line cut", TEXT NEW GOODSIG S "VALIDSIG " FPR, 0 },
		{ "exit status 1", TEXT GOOD, 1 },
		{ "exit status 2 without a reason", TEXT GOOD, 2 },
		{ "killed", TEXT GOOD UNKNOWN("9"), 137 },
	};
	struct gpgv_status out;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		if (gpgv_status_read(span_of_str(cases[i].status),
			cases[i].exit_status, &out, &why) != RB_ESIG)
			fail_msg("accepted: %s", cases[i].why);
		assert_string_not_equal(why.text, "");
	}
}

static void
refuses_more_signatures_than_it_counts(void **state)
{
	struct gpgv_status out;
	struct buf b = BUF_INIT;
	int i;

	(void)state;
	assert_int_equal(buf_put_str(&b, TEXT), RB_OK);
	for (i = 0; i < GPGV_SIGNATURES_MAX; i++)
		assert_int_equal(buf_put_str(&b, GOOD), RB_OK);
	assert_int_equal(gpgv_status_read(buf_span(&b), 0, &out, NULL), RB_OK);
	assert_int_equal(out.nvalid, GPGV_SIGNATURES_MAX);
	assert_int_equal(buf_put_str(&b, GOOD), RB_OK);
	assert_int_equal(gpgv_status_read(buf_span(&b), 0, &out, NULL),
	    RB_ESIG);
	buf_clear(&b);
}

static void
passes_over_what_cannot_be_checked(void **state)
{
	struct gpgv_status out;

	(void)state;
	assert_int_equal(
	    gpgv_status_read(SPAN(TEXT UNKNOWN("9") GOOD UNKNOWN("4") NEW S
				 "EXPKEYSIG 6ED0E7B82643E131 A\n" DETAILS),
		2, &out, NULL),
	    RB_OK);
	assert_int_equal(out.nsignatures, 4);
	/* gpgv ends with 1 where a signature itself has expired. */
	assert_int_equal(
	    gpgv_status_read(SPAN(TEXT NEW S
				 "EXPSIG 6ED0E7B82643E131 A\n" DETAILS GOOD),
		1, &out, NULL),
	    RB_OK);
	assert_int_equal(out.nsignatures, 2);
	assert_int_equal(out.nvalid, 1);
	assert_string_equal(out.valid[0].fingerprint, FPR);
}

/* What a real gpgv says; tests/data/gpgv/make wrote the files. */
static void
judges_real_output(void **state)
{
	static const struct {
		const char *name;
		enum rb_err rc;
		size_t nvalid;
	} cases[] = {
		{ "good", RB_OK, 1 },
		{ "good-twice", RB_OK, 2 },
		{ "good-and-unknown", RB_OK, 1 },
		{ "good-with-garbage-around", RB_OK, 1 },
		{ "unknown", RB_ESIG, 0 },
		{ "expired-key", RB_ESIG, 0 },
		{ "expired-signature", RB_ESIG, 0 },
		{ "revoked-key", RB_ESIG, 0 },
		{ "weak-hash", RB_ESIG, 0 },
		{ "changed-text", RB_ESIG, 0 },
		{ "two-texts", RB_ESIG, 0 },
		{ "unsigned", RB_ESIG, 0 },
	};
	struct gpgv_status out;
	char path[4096], text[8192];
	unsigned int status;
	size_t i, len;
	FILE *f;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		(void)snprintf(path, sizeof(path), "%s/gpgv/%s.exit",
		    getenv("RB_DATA"), cases[i].name);
		f = fopen(path, "r");
		assert_non_null(f);
		assert_int_equal(fscanf(f, "%u", &status), 1);
		(void)fclose(f);
		(void)snprintf(path, sizeof(path), "%s/gpgv/%s.status",
		    getenv("RB_DATA"), cases[i].name);
		f = fopen(path, "r");
		assert_non_null(f);
		len = fread(text, 1, sizeof(text), f);
		(void)fclose(f);
		if (gpgv_status_read(span_of(text, len), status, &out, NULL) !=
		    cases[i].rc)
			fail_msg("wrong about %s", cases[i].name);
		if (cases[i].rc == RB_OK)
			assert_int_equal(out.nvalid, cases[i].nvalid);
	}
}

/* What else gpgv may say of the same is quoted, not guessed at. */
static void
says_that_a_text_is_not_signed(void **state)
{
	static const char sentence[] = "it is not signed";
	struct gpgv_status out;
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(gpgv_status_read(SPAN(S "NODATA 1\n" S "NODATA 2\n"),
			     2, &out, &why),
	    RB_ESIG);
	assert_non_null(strstr(why.text, sentence));
	assert_int_equal(gpgv_status_read(SPAN(S "NODATA 2\n"), 2, &out, &why),
	    RB_ESIG);
	assert_non_null(strstr(why.text, sentence));
	assert_int_equal(gpgv_status_read(SPAN(TEXT GOOD S "NODATA 4\n"), 2,
			     &out, &why),
	    RB_ESIG);
	assert_null(strstr(why.text, sentence));
	assert_non_null(strstr(why.text, "gpgv said '" S "NODATA 4'"));
	assert_int_equal(gpgv_status_read(SPAN(S "NODATAX 1\n"), 2, &out, &why),
	    RB_ESIG);
	assert_null(strstr(why.text, sentence));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_does_not_add_up),
		cmocka_unit_test(refuses_more_signatures_than_it_counts),
		cmocka_unit_test(passes_over_what_cannot_be_checked),
		cmocka_unit_test(judges_real_output),
		cmocka_unit_test(says_that_a_text_is_not_signed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
