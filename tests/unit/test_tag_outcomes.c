/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How one tag comes out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "tests/unit/tag_records.h"

static void
names_each_way_not_to_count(void **state)
{
	static const struct {
		const char *why, *ref, *name, *commit, *signature, *status;
		uint32_t exit_status;
		enum tag_outcome outcome;
	} cases[] = {
		{ "another name", "v1.2", "v1.2-3", COMMIT, SIG, GOOD(FPR_A), 0,
		    TAG_OTHER_NAME },
		{ "an older version", "v1.1", "v1.1", COMMIT, SIG, GOOD(FPR_A),
		    0, TAG_OTHER_VERSION },
		{ "a longer version", "v1.20", "v1.20", COMMIT, SIG,
		    GOOD(FPR_A), 0, TAG_OTHER_VERSION },
		{ "another release", "v1.2-4", "v1.2-4", COMMIT, SIG,
		    GOOD(FPR_A), 0, TAG_OTHER_VERSION },
		{ "a longer release", "v1.2-33", "v1.2-33", COMMIT, SIG,
		    GOOD(FPR_A), 0, TAG_OTHER_VERSION },
		{ "no release", "v1.2-", "v1.2-", COMMIT, SIG, GOOD(FPR_A), 0,
		    TAG_OTHER_VERSION },
		{ "a number behind the release", "v1.2-3-4", "v1.2-3-4", COMMIT,
		    SIG, GOOD(FPR_A), 0, TAG_OTHER_VERSION },
		{ "a word right behind the release", "v1.2-3rc", "v1.2-3rc",
		    COMMIT, SIG, GOOD(FPR_A), 0, TAG_OTHER_VERSION },
		{ "no word behind the release", "v1.2-3-", "v1.2-3-", COMMIT,
		    SIG, GOOD(FPR_A), 0, TAG_OTHER_VERSION },
		{ "a word in the place of the release", "v1.2-rc1", "v1.2-rc1",
		    COMMIT, SIG, GOOD(FPR_A), 0, TAG_OTHER_VERSION },
		{ "a v alone", "v", "v", COMMIT, SIG, GOOD(FPR_A), 0,
		    TAG_OTHER_VERSION },
		{ "another commit", "v1.2", "v1.2", OTHER, SIG, GOOD(FPR_A), 0,
		    TAG_MALFORMED },
		{ "no signature", "v1.2", "v1.2", COMMIT, "", "", 0,
		    TAG_UNSIGNED },
		{ "two signatures", "v1.2", "v1.2", COMMIT, SIG SIG, "", 0,
		    TAG_SIGNED_TWICE },
		{ "two in one armour", "v1.2", "v1.2", COMMIT, SIG,
		    GOOD(FPR_A) GOOD(FPR_B), 0, TAG_SIGNED_TWICE },
		{ "SSH", "v1.2", "v1.2", COMMIT,
		    "-----BEGIN SSH SIGNATURE-----\n", "", 0, TAG_SSH },
		{ "an unknown key", "v1.2", "v1.2", COMMIT, SIG,
		    S "NEWSIG\n" S
		      "ERRSIG 0123456789ABCDEF 22 8 00 1783765031 9 -\n" S
		      "NO_PUBKEY 0123456789ABCDEF\n",
		    2, TAG_UNKNOWN_KEY },
		{ "an algorithm that gpgv does not know", "v1.2", "v1.2",
		    COMMIT, SIG,
		    S "NEWSIG\n" S
		      "ERRSIG 0123456789ABCDEF 99 8 00 1783765031 4 -\n",
		    2, TAG_UNCLEAR },
		{ "MD5, which gpgv refuses itself", "v1.2", "v1.2", COMMIT, SIG,
		    S "NEWSIG\n" S
		      "ERRSIG 0123456789ABCDEF 1 1 00 1783765031 5 -\n",
		    2, TAG_WEAK_DIGEST },
		{ "SHA-1", "v1.2", "v1.2", COMMIT, SIG,
		    S "NEWSIG\n" S
		      "GOODSIG 0123456789ABCDEF A\n" VALIDSIG(FPR_A, "2"),
		    0, TAG_WEAK_DIGEST },
		{ "SHA-1 by an expired key", "v1.2", "v1.2", COMMIT, SIG,
		    S "NEWSIG\n" S
		      "EXPKEYSIG 0123456789ABCDEF A\n" VALIDSIG(FPR_A, "2"),
		    0, TAG_WEAK_DIGEST },
		{ "an expired key", "v1.2", "v1.2", COMMIT, SIG,
		    S "NEWSIG\n" S
		      "EXPKEYSIG 0123456789ABCDEF A\n" VALIDSIG(FPR_A, "8"),
		    0, TAG_EXPIRED_KEY },
		{ "a revoked key", "v1.2", "v1.2", COMMIT, SIG,
		    S "NEWSIG\n" S
		      "REVKEYSIG 0123456789ABCDEF A\n" VALIDSIG(FPR_A, "8"),
		    0, TAG_REVOKED_KEY },
		{ "an expired signature", "v1.2", "v1.2", COMMIT, SIG,
		    S "NEWSIG\n" S
		      "EXPSIG 0123456789ABCDEF A\n" VALIDSIG(FPR_A, "8"),
		    1, TAG_EXPIRED_SIGNATURE },
		{ "a bad signature", "v1.2", "v1.2", COMMIT, SIG,
		    S "NEWSIG\n" S "BADSIG 0123456789ABCDEF A\n", 1,
		    TAG_BAD_SIGNATURE },
		{ "nobody's key", "v1.2", "v1.2", COMMIT, SIG, GOOD(FPR_SUB), 0,
		    TAG_OTHER_KEY },
		{ "good, and an error", "v1.2", "v1.2", COMMIT, SIG,
		    GOOD(FPR_A), 2, TAG_UNCLEAR },
		{ "good, and killed", "v1.2", "v1.2", COMMIT, SIG, GOOD(FPR_A),
		    137, TAG_UNCLEAR },
		{ "good, but not valid", "v1.2", "v1.2", COMMIT, SIG,
		    S "NEWSIG\n" S "GOODSIG 0123456789ABCDEF A\n", 0,
		    TAG_UNCLEAR },
		{ "a text of its own", "v1.2", "v1.2", COMMIT, SIG,
		    S "PLAINTEXT 74 0 \n" GOOD(FPR_A), 0, TAG_UNCLEAR },
		{ "a word nobody knows", "v1.2", "v1.2", COMMIT, SIG,
		    GOOD(FPR_A) S "SHINY\n", 0, TAG_UNCLEAR },
		{ "cut off", "v1.2", "v1.2", COMMIT, SIG,
		    GOOD(FPR_A) S "VALIDSIG", 0, TAG_UNCLEAR },
		{ "nothing said", "v1.2", "v1.2", COMMIT, SIG, "", 0,
		    TAG_UNCLEAR },
	};
	struct tag_rule r = records_rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct records records = { BUF_INIT, BUF_INIT };

		records_add(&records, cases[i].ref, cases[i].name,
		    cases[i].commit, cases[i].signature, cases[i].status,
		    cases[i].exit_status);
		assert_int_equal(records_judge(&r, &records, &j, outcomes),
		    TAGS_TOO_FEW);
		if (outcomes[0] != cases[i].outcome)
			fail_msg("%s: %d", cases[i].why, (int)outcomes[0]);
		assert_int_equal(j.tag.len, 0);
		/* It does not keep a good one from counting. */
		records_add_good(&records, "v1.2-3", GOOD(FPR_B));
		assert_int_equal(records_judge(&r, &records, &j, outcomes),
		    TAGS_ACCEPTED);
		assert_int_equal(j.nsigners, 1);
		assert_true(span_equal_str(j.signers[0], FPR_B));
		records_clear(&records);
	}
}

/* Whoever may push, may push tags of any size. */
static void
large_tags_are_passed_over(void **state)
{
	struct records records = { BUF_INIT, BUF_INIT };
	struct buf more = BUF_INIT, text;
	struct tag_rule r = records_rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;
	size_t i;

	(void)state;
	text = records_tag_text("big", COMMIT, "");
	for (i = text.len; i <= TAG_OBJECT_MAX - sizeof(SIG); i++)
		assert_int_equal(buf_put_byte(&more, i % 64 == 0 ? '\n' : 'x'),
		    RB_OK);
	assert_int_equal(buf_put_str(&more, "\n" SIG), RB_OK);
	assert_int_equal(buf_put_byte(&more, 0), RB_OK);
	records_add(&records, "big", "big", COMMIT, (const char *)more.p,
	    GOOD(FPR_A), 0);
	records_add_good(&records, "v1.2", GOOD(FPR_B));
	assert_int_equal(records_judge(&r, &records, &j, outcomes),
	    TAGS_ACCEPTED);
	assert_int_equal(outcomes[0], TAG_PASSED_OVER);
	assert_int_equal(j.nsigners, 1);
	buf_clear(&more);
	buf_clear(&text);
	records_clear(&records);
}

static void
what_gpgv_was_not_asked_about_does_not_count(void **state)
{
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = records_rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;

	(void)state;
	records_add_good(&records, "v1.2", GOOD(FPR_A));
	buf_reset(&records.statuses);
	records_put_status(&records, false, GOOD(FPR_A), 0);
	assert_int_equal(records_judge(&r, &records, &j, outcomes),
	    TAGS_TOO_FEW);
	assert_int_equal(outcomes[0], TAG_PASSED_OVER);
	records_clear(&records);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_each_way_not_to_count),
		cmocka_unit_test(large_tags_are_passed_over),
		cmocka_unit_test(what_gpgv_was_not_asked_about_does_not_count),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
