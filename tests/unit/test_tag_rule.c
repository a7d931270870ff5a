/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether the tags of a commit suffice. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/process/msg.h"
#include "rebuilder/judge/git/git_signature.h"
#include "tests/unit/tag_records.h"

static void
counts_primary_keys(void **state)
{
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule one = records_rule(1), two = records_rule(2);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;

	(void)state;
	assert_int_equal(records_judge(&one, &records, &j, outcomes),
	    TAGS_NONE);
	records_add_good(&records, "a_1", GOOD(FPR_A));
	records_add_good(&records, "a_2", GOOD(FPR_A));
	assert_int_equal(records_judge(&one, &records, &j, outcomes),
	    TAGS_ACCEPTED);
	assert_true(span_equal_str(j.tag, "a_1"));
	assert_int_equal(records_judge(&two, &records, &j, outcomes),
	    TAGS_TOO_FEW);
	assert_int_equal(outcomes[1], TAG_VALID);
	records_add_good(&records, "b_1", GOOD(FPR_B));
	assert_int_equal(records_judge(&two, &records, &j, outcomes),
	    TAGS_ACCEPTED);
	assert_int_equal(j.nsigners, 2);
	records_clear(&records);
}

static void
a_version_needs_a_tag_of_a_version(void **state)
{
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = records_rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;

	(void)state;
	r.versions_only = true;
	records_add(&records, "v1.2", "v1.2", COMMIT, "", "", 0);
	records_add_good(&records, "a_1", GOOD(FPR_A));
	assert_int_equal(records_judge(&r, &records, &j, outcomes),
	    TAGS_NO_VERSION);
	records_clear(&records);
	records_add_good(&records, "v1.2-3", GOOD(FPR_A));
	assert_int_equal(records_judge(&r, &records, &j, outcomes),
	    TAGS_ACCEPTED);
	records_clear(&records);
}

static void
nothing_goes_back(void **state)
{
	static const struct {
		const char *accepted;
		enum tag_ruling ruling;
	} cases[] = {
		{ "", TAGS_ACCEPTED },
		{ "1.1-9", TAGS_ACCEPTED },
		{ "1.2-3", TAGS_ACCEPTED },
		{ "1.2", TAGS_ACCEPTED },
		{ "1.2-4", TAGS_VERSION_BACK },
		{ "1.10", TAGS_VERSION_BACK },
		{ "no version", TAGS_VERSION_BACK },
	};
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = records_rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;
	size_t i;

	(void)state;
	records_add_good(&records, "v1.2-3", GOOD(FPR_A));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r.accepted_version = span_of_str(cases[i].accepted);
		assert_int_equal(records_judge(&r, &records, &j, outcomes),
		    cases[i].ruling);
	}
	r.accepted_version = SPAN("");
	r.relation = COMMIT_BACK;
	assert_int_equal(records_judge(&r, &records, &j, outcomes),
	    TAGS_BRANCH_BACK);
	assert_int_equal(j.tag.len, 0);
	/* An old one that was asked for by name is another matter. */
	r.asked = SPAN("v1.2-3");
	r.accepted_version = SPAN("9");
	assert_int_equal(records_judge(&r, &records, &j, outcomes),
	    TAGS_ACCEPTED);
	r.asked = SPAN("v1.2");
	assert_int_equal(records_judge(&r, &records, &j, outcomes),
	    TAGS_NOT_ASKED);
	records_clear(&records);
}

/* As git describe has it: trees without a file `version` are such. */
static void
a_tag_says_the_version_where_its_tree_says_none(void **state)
{
	static const struct {
		const char *accepted, *tag;
		enum tag_ruling ruling;
	} cases[] = {
		{ "", "v1.3", TAGS_ACCEPTED },
		{ "1.2", "v1.3", TAGS_ACCEPTED },
		{ "1.3", "v1.3", TAGS_ACCEPTED },
		{ "1.3-1", "v1.3", TAGS_VERSION_BACK },
		{ "1.10", "v1.3", TAGS_VERSION_BACK },
		/* None, or one that cannot be compared. */
		{ "1.2", "a_1", TAGS_VERSION_BACK },
		{ "1.2", "v", TAGS_VERSION_BACK },
		{ "1.2", "vice", TAGS_VERSION_BACK },
		{ "1.2", "v1.3_1", TAGS_VERSION_BACK },
		/* Accepted once, it would be above all that come later. */
		{ "", "a_1", TAGS_ACCEPTED },
		{ "", "v1.3_1", TAGS_TOO_FEW },
		{ "", "v1/3", TAGS_TOO_FEW },
		{ "", "vice", TAGS_TOO_FEW },
	};
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = records_rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;
	struct candidate c;
	struct buf text;
	size_t i;

	(void)state;
	r.ground.has_version = false;
	r.ground.version = r.ground.release = SPAN("");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text = records_tag_text(cases[i].tag, COMMIT, SIG);
		memset(&c, 0, sizeof(c));
		c.kind = CANDIDATE_TAG;
		c.ref = span_of_str(cases[i].tag);
		c.ground = r.ground;
		c.object = buf_span(&text);
		assert_int_equal(git_id_of(GIT_TAG, c.object, &c.id), RB_OK);
		records_put(&records, &c);
		records_put_status(&records, true, GOOD(FPR_A), 0);
		r.accepted_version = span_of_str(cases[i].accepted);
		if (records_judge(&r, &records, &j, outcomes) !=
		    cases[i].ruling)
			fail_msg("%s after %s", cases[i].tag,
			    cases[i].accepted);
		buf_clear(&text);
		records_clear(&records);
	}
}

#define ARMOUR(digits) \
	"-----BEGIN PGP SIGNATURE-----\n\n" digits \
	"\n-----END PGP SIGNATURE-----\n"

/* Packed in one another, a few bytes keep gpgv busy for minutes. */
static void
gpgv_is_asked_about_one_bare_signature_alone(void **state)
{
	static const struct {
		const char *why, *signature;
		enum tag_outcome outcome;
	} cases[] = {
		{ "one", ARMOUR("iAEE"), TAG_VALID },
		{ "two", ARMOUR("iAEEiAEE"), TAG_SIGNED_TWICE },
		{ "a compressed packet", ARMOUR("oAEA"), TAG_MALFORMED },
		{ "one and a compressed packet", ARMOUR("iAEEoAEA"),
		    TAG_MALFORMED },
		{ "a literal packet", ARMOUR("rAEA"), TAG_MALFORMED },
		{ "in parts", ARMOUR("wuEEBA=="), TAG_MALFORMED },
		{ "cut off", ARMOUR("iHUE"), TAG_MALFORMED },
		{ "nothing", ARMOUR(""), TAG_MALFORMED },
		{ "no base64", ARMOUR("i?EE"), TAG_MALFORMED },
	};
	struct buf payload = BUF_INIT, signature = BUF_INIT, text;
	enum tag_outcome outcome;
	struct candidate c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text = records_tag_text("v1.2", COMMIT, cases[i].signature);
		memset(&c, 0, sizeof(c));
		c.kind = CANDIDATE_TAG;
		c.ref = SPAN("v1.2");
		c.ground = records_ground();
		c.object = buf_span(&text);
		assert_int_equal(tag_examine(&c, &outcome, &payload,
				     &signature),
		    RB_OK);
		if (outcome != cases[i].outcome)
			fail_msg("%s: %d", cases[i].why, (int)outcome);
		assert_true(span_equal_str(buf_span(&signature),
		    outcome == TAG_VALID ? "\x88\x01\x04" : ""));
		assert_int_equal(payload.len != 0, outcome == TAG_VALID);
		buf_reset(&payload);
		buf_reset(&signature);
		buf_clear(&text);
	}
	buf_clear(&payload);
	buf_clear(&signature);
}

static void
a_tag_is_named_that_stands_for_the_commit(void **state)
{
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = records_rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;
	struct digest expected;
	struct buf text;

	(void)state;
	records_add_good(&records, "v1.2", GOOD(FPR_A));
	records_add_good(&records, "v1.2-3", GOOD(FPR_A));
	records_add_good(&records, "a_1", GOOD(FPR_A));
	assert_int_equal(records_judge(&r, &records, &j, outcomes),
	    TAGS_ACCEPTED);
	assert_true(span_equal_str(j.tag, "v1.2"));
	text = records_tag_text("v1.2", COMMIT, SIG);
	assert_int_equal(digest_of(buf_span(&text), &expected), RB_OK);
	assert_true(digest_equal(&j.tag_sha256, &expected));
	r.asked = SPAN("a_1");
	assert_int_equal(records_judge(&r, &records, &j, outcomes),
	    TAGS_ACCEPTED);
	assert_true(span_equal_str(j.tag, "a_1"));
	buf_clear(&text);
	records_clear(&records);
}

static void
what_stood_once_falls_by_a_revocation_alone(void **state)
{
	struct records expired = { BUF_INIT, BUF_INIT };
	struct records revoked = { BUF_INIT, BUF_INIT };
	struct tag_rule r = records_rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;

	(void)state;
	records_add(&expired, "v1.2", "v1.2", COMMIT, SIG,
	    S "NEWSIG\n" S
	      "EXPKEYSIG 0123456789ABCDEF A\n" VALIDSIG(FPR_A, "8"),
	    0);
	records_add(&revoked, "v1.2", "v1.2", COMMIT, SIG,
	    S "NEWSIG\n" S
	      "REVKEYSIG 0123456789ABCDEF A\n" VALIDSIG(FPR_A, "8"),
	    0);
	r.standing = true;
	assert_int_equal(records_judge(&r, &expired, &j, outcomes),
	    TAGS_ACCEPTED);
	assert_int_equal(records_judge(&r, &revoked, &j, outcomes),
	    TAGS_TOO_FEW);
	/* Nor does a maintainer stay one who is not listed any more. */
	r.nmaintainers = 1;
	r.maintainers[0] = SPAN(FPR_B);
	assert_int_equal(records_judge(&r, &expired, &j, outcomes),
	    TAGS_TOO_FEW);
	records_clear(&expired);
	records_clear(&revoked);
}

/* The process before may be a liar's by now. */
static void
refuses_records_that_do_not_belong_together(void **state)
{
	struct buf text = records_tag_text("v1.2", COMMIT, SIG), out = BUF_INIT;
	struct buf other = records_tag_text("v1.2-3", COMMIT, SIG);
	struct buf good_payload = BUF_INIT, good_signature = BUF_INIT;
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = records_rule(1);
	enum git_signature_kind kind;
	struct candidate good, c;
	struct tag_judgement j;
	size_t i;

	(void)state;
	memset(&good, 0, sizeof(good));
	good.kind = CANDIDATE_TAG;
	good.ref = SPAN("v1.2");
	good.ground = records_ground();
	good.object = buf_span(&text);
	assert_int_equal(git_id_of(GIT_TAG, good.object, &good.id), RB_OK);
	assert_int_equal(git_tag_split(good.object, &kind, &good_payload,
			     &good_signature),
	    RB_OK);
	good.payload = buf_span(&good_payload);
	good.signature = buf_span(&good_signature);
	records_put_status(&records, true, GOOD(FPR_A), 0);
	for (i = 0; i < 7; i++) {
		c = good;
		buf_reset(&records.candidates);
		switch (i) {
		case 0: /* gpgv saw another text */
			c.payload = span_of(other.p, c.payload.len);
			break;
		case 1: /* or another signature */
			c.signature.len--;
			break;
		case 2: /* the id is another object's */
			c.id.b[0] ^= 1;
			break;
		case 3: /* another commit */
			c.ground.commit.b[0] ^= 1;
			break;
		case 4: /* another version */
			c.ground.version = SPAN("1.20");
			break;
		case 5:
			c.ground.has_version = false;
			break;
		case 6: /* gpgv saw nothing */
			c.payload = c.signature = SPAN("");
			break;
		default:
			break;
		}
		assert_int_equal(candidate_put(&c, &records.candidates), RB_OK);
		if (tag_judge(&r, buf_span(&records.candidates),
			buf_span(&records.statuses), &j, &out) != RB_EFORMAT)
			fail_msg("accepted case %zu", i);
		assert_int_equal(out.len, 0);
	}
	/* More or fewer statuses than candidates. */
	buf_reset(&records.candidates);
	assert_int_equal(candidate_put(&good, &records.candidates), RB_OK);
	assert_int_equal(tag_judge(&r, buf_span(&records.candidates), SPAN(""),
			     &j, &out),
	    RB_EFORMAT);
	records_put_status(&records, true, GOOD(FPR_A), 0);
	assert_int_equal(tag_judge(&r, buf_span(&records.candidates),
			     buf_span(&records.statuses), &j, &out),
	    RB_EFORMAT);
	/* And a rule that nobody could break. */
	r.threshold = 0;
	assert_int_equal(tag_judge(&r, SPAN(""), SPAN(""), &j, &out),
	    RB_EFORMAT);
	buf_clear(&text);
	buf_clear(&other);
	buf_clear(&good_payload);
	buf_clear(&good_signature);
	buf_clear(&out);
	records_clear(&records);
}

static void
a_signed_commit_counts_in_its_mode_alone(void **state)
{
	static const char text[] =
	    "tree " OTHER "\nauthor A <a> 1 +0000\ncommitter A <a> 1 +0000\n"
	    "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iAEE\n"
	    " -----END PGP SIGNATURE-----\n\nm\n";
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = records_rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;
	struct candidate c;

	(void)state;
	memset(&c, 0, sizeof(c));
	c.kind = CANDIDATE_COMMIT;
	c.ref = SPAN("");
	c.object = span_of_str(text);
	assert_int_equal(git_id_of(GIT_COMMIT, c.object, &c.id), RB_OK);
	r.ground.commit = c.id;
	c.ground = r.ground;
	records_put(&records, &c);
	records_put_status(&records, true, GOOD(FPR_B), 0);
	assert_int_equal(records_judge(&r, &records, &j, outcomes), TAGS_NONE);
	r.commit_suffices = true;
	assert_int_equal(records_judge(&r, &records, &j, outcomes),
	    TAGS_COMMIT_ACCEPTED);
	assert_int_equal(j.tag.len, 0);
	assert_true(span_equal_str(j.signers[0], FPR_B));
	records_clear(&records);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(counts_primary_keys),
		cmocka_unit_test(a_version_needs_a_tag_of_a_version),
		cmocka_unit_test(nothing_goes_back),
		cmocka_unit_test(
		    a_tag_says_the_version_where_its_tree_says_none),
		cmocka_unit_test(gpgv_is_asked_about_one_bare_signature_alone),
		cmocka_unit_test(a_tag_is_named_that_stands_for_the_commit),
		cmocka_unit_test(what_stood_once_falls_by_a_revocation_alone),
		cmocka_unit_test(refuses_records_that_do_not_belong_together),
		cmocka_unit_test(a_signed_commit_counts_in_its_mode_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
