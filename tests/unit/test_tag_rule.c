/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/process/msg.h"
#include "rebuilder/judge/git/git_signature.h"
#include "rebuilder/judge/tag_rule.h"

#define FPR_A "0064428F455451B3EBE78A7F063938BA42CFA724"
#define FPR_B "274E12AB03F2FE293765FC06DA0434BC706E1FCF"
#define FPR_SUB "0123456789ABCDEF0123456789ABCDEF01234567"
#define COMMIT "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define OTHER "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
#define SIG \
	"-----BEGIN PGP SIGNATURE-----\n\niHUE\n=abcd\n" \
	"-----END PGP SIGNATURE-----\n"

/* Candidates and statuses as the judge and gpgv would have left them. */
struct records {
	struct buf candidates, statuses;
};

static void
records_clear(struct records *r)
{
	buf_clear(&r->candidates);
	buf_clear(&r->statuses);
}

static struct tag_ground
ground(void)
{
	struct tag_ground g = { .has_commit = true, .has_version = true };

	assert_int_equal(git_id_parse(SPAN(COMMIT), &g.commit), RB_OK);
	g.version = SPAN("1.2");
	g.release = SPAN("3");
	return g;
}

static struct tag_rule
rule(uint64_t threshold)
{
	struct tag_rule r;

	memset(&r, 0, sizeof(r));
	r.ground = ground();
	r.asked = r.accepted_version = SPAN("");
	r.threshold = threshold;
	r.maintainers[0] = SPAN(FPR_A);
	r.maintainers[1] = SPAN(FPR_B);
	r.nmaintainers = 2;
	return r;
}

static void
put_status(struct records *r, bool asked, const char *status,
    uint32_t exit_status)
{
	assert_int_equal(put_u8(&r->statuses, asked ? 1 : 0), RB_OK);
	assert_int_equal(put_u32(&r->statuses, exit_status), RB_OK);
	assert_int_equal(put_text(&r->statuses, status), RB_OK);
}

/* The text of a tag object; owned by the caller. */
static struct buf
tag_text(const char *name, const char *commit, const char *signature)
{
	struct buf b = BUF_INIT;

	assert_int_equal(buf_printf(&b,
			     "object %s\ntype commit\ntag %s\n"
			     "tagger T <t> 1700000000 +0000\n\nm\n%s",
			     commit, name, signature),
	    RB_OK);
	return b;
}

static void
put_candidate(struct records *r, struct candidate *c)
{
	struct buf payload = BUF_INIT, signature = BUF_INIT;
	enum tag_outcome outcome;

	assert_int_equal(tag_examine(c, &outcome, &payload, &signature), RB_OK);
	c->payload = buf_span(&payload);
	c->signature = buf_span(&signature);
	assert_int_equal(candidate_put(c, &r->candidates), RB_OK);
	buf_clear(&payload);
	buf_clear(&signature);
}

static void
add_tag(struct records *r, const char *ref, const char *name,
    const char *commit, const char *signature, const char *status,
    uint32_t exit_status)
{
	struct buf text = tag_text(name, commit, signature);
	struct candidate c;

	memset(&c, 0, sizeof(c));
	c.kind = CANDIDATE_TAG;
	c.ref = span_of_str(ref);
	c.ground = ground();
	c.object = buf_span(&text);
	assert_int_equal(git_id_of(GIT_TAG, c.object, &c.id), RB_OK);
	put_candidate(r, &c);
	put_status(r, true, status, exit_status);
	buf_clear(&text);
}

#define S "[GNUPG:] "
#define VALIDSIG(fpr, hash) \
	S "VALIDSIG " FPR_SUB " 2026-07-11 1783765031 0 4 0 22 " hash \
	  " 00 " fpr "\n"
#define GOOD(fpr) \
	S "NEWSIG\n" S "GOODSIG 0123456789ABCDEF A\n" VALIDSIG(fpr, "8")

static void
add_good(struct records *r, const char *name, const char *status)
{
	add_tag(r, name, name, COMMIT, SIG, status, 0);
}

/* Judges; outcomes go to `outcomes`, at most 8. */
static enum tag_ruling
judge(const struct tag_rule *rule, const struct records *r,
    struct tag_judgement *j, enum tag_outcome outcomes[8])
{
	struct buf out = BUF_INIT;
	struct span in, passed;
	uint8_t number;
	uint64_t time;
	size_t n = 0;

	assert_int_equal(tag_judge(rule, buf_span(&r->candidates),
			     buf_span(&r->statuses), j, &out),
	    RB_OK);
	in = buf_span(&out);
	while (in.len > 0 && n < 8) {
		assert_int_equal(take_u8(&in, &number), RB_OK);
		assert_int_equal(take_bytes(&in, 100, &passed), RB_OK);
		assert_int_equal(take_bytes(&in, 100, &passed), RB_OK);
		assert_int_equal(take_u8(&in, &number), RB_OK);
		assert_int_equal(take_bytes(&in, 100, &passed), RB_OK);
		assert_int_equal(take_u64(&in, &time), RB_OK);
		outcomes[n++] = (enum tag_outcome)number;
	}
	buf_clear(&out);
	return j->ruling;
}

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
	struct tag_rule r = rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct records records = { BUF_INIT, BUF_INIT };

		add_tag(&records, cases[i].ref, cases[i].name, cases[i].commit,
		    cases[i].signature, cases[i].status, cases[i].exit_status);
		assert_int_equal(judge(&r, &records, &j, outcomes),
		    TAGS_TOO_FEW);
		if (outcomes[0] != cases[i].outcome)
			fail_msg("%s: %d", cases[i].why, (int)outcomes[0]);
		assert_int_equal(j.tag.len, 0);
		/* It does not keep a good one from counting. */
		add_good(&records, "v1.2-3", GOOD(FPR_B));
		assert_int_equal(judge(&r, &records, &j, outcomes),
		    TAGS_ACCEPTED);
		assert_int_equal(j.nsigners, 1);
		assert_true(span_equal_str(j.signers[0], FPR_B));
		records_clear(&records);
	}
}

static void
counts_primary_keys(void **state)
{
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule one = rule(1), two = rule(2);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;

	(void)state;
	assert_int_equal(judge(&one, &records, &j, outcomes), TAGS_NONE);
	add_good(&records, "a_1", GOOD(FPR_A));
	add_good(&records, "a_2", GOOD(FPR_A));
	assert_int_equal(judge(&one, &records, &j, outcomes), TAGS_ACCEPTED);
	assert_true(span_equal_str(j.tag, "a_1"));
	assert_int_equal(judge(&two, &records, &j, outcomes), TAGS_TOO_FEW);
	assert_int_equal(outcomes[1], TAG_VALID);
	add_good(&records, "b_1", GOOD(FPR_B));
	assert_int_equal(judge(&two, &records, &j, outcomes), TAGS_ACCEPTED);
	assert_int_equal(j.nsigners, 2);
	records_clear(&records);
}

static void
a_version_needs_a_tag_of_a_version(void **state)
{
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;

	(void)state;
	r.versions_only = true;
	add_tag(&records, "v1.2", "v1.2", COMMIT, "", "", 0);
	add_good(&records, "a_1", GOOD(FPR_A));
	assert_int_equal(judge(&r, &records, &j, outcomes), TAGS_NO_VERSION);
	records_clear(&records);
	add_good(&records, "v1.2-3", GOOD(FPR_A));
	assert_int_equal(judge(&r, &records, &j, outcomes), TAGS_ACCEPTED);
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
	struct tag_rule r = rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;
	size_t i;

	(void)state;
	add_good(&records, "v1.2-3", GOOD(FPR_A));
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		r.accepted_version = span_of_str(cases[i].accepted);
		assert_int_equal(judge(&r, &records, &j, outcomes),
		    cases[i].ruling);
	}
	r.accepted_version = SPAN("");
	r.relation = COMMIT_BACK;
	assert_int_equal(judge(&r, &records, &j, outcomes), TAGS_BRANCH_BACK);
	assert_int_equal(j.tag.len, 0);
	/* An old one that was asked for by name is another matter. */
	r.asked = SPAN("v1.2-3");
	r.accepted_version = SPAN("9");
	assert_int_equal(judge(&r, &records, &j, outcomes), TAGS_ACCEPTED);
	r.asked = SPAN("v1.2");
	assert_int_equal(judge(&r, &records, &j, outcomes), TAGS_NOT_ASKED);
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
	};
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;
	struct candidate c;
	struct buf text;
	size_t i;

	(void)state;
	r.ground.has_version = false;
	r.ground.version = r.ground.release = SPAN("");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		text = tag_text(cases[i].tag, COMMIT, SIG);
		memset(&c, 0, sizeof(c));
		c.kind = CANDIDATE_TAG;
		c.ref = span_of_str(cases[i].tag);
		c.ground = r.ground;
		c.object = buf_span(&text);
		assert_int_equal(git_id_of(GIT_TAG, c.object, &c.id), RB_OK);
		put_candidate(&records, &c);
		put_status(&records, true, GOOD(FPR_A), 0);
		r.accepted_version = span_of_str(cases[i].accepted);
		if (judge(&r, &records, &j, outcomes) != cases[i].ruling)
			fail_msg("%s after %s", cases[i].tag,
			    cases[i].accepted);
		buf_clear(&text);
		records_clear(&records);
	}
}

static void
a_tag_is_named_that_stands_for_the_commit(void **state)
{
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;
	struct digest expected;
	struct buf text;

	(void)state;
	add_good(&records, "v1.2", GOOD(FPR_A));
	add_good(&records, "v1.2-3", GOOD(FPR_A));
	add_good(&records, "a_1", GOOD(FPR_A));
	assert_int_equal(judge(&r, &records, &j, outcomes), TAGS_ACCEPTED);
	assert_true(span_equal_str(j.tag, "v1.2"));
	text = tag_text("v1.2", COMMIT, SIG);
	assert_int_equal(digest_of(buf_span(&text), &expected), RB_OK);
	assert_true(digest_equal(&j.tag_sha256, &expected));
	r.asked = SPAN("a_1");
	assert_int_equal(judge(&r, &records, &j, outcomes), TAGS_ACCEPTED);
	assert_true(span_equal_str(j.tag, "a_1"));
	buf_clear(&text);
	records_clear(&records);
}

static void
what_stood_once_falls_by_a_revocation_alone(void **state)
{
	struct records expired = { BUF_INIT, BUF_INIT };
	struct records revoked = { BUF_INIT, BUF_INIT };
	struct tag_rule r = rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;

	(void)state;
	add_tag(&expired, "v1.2", "v1.2", COMMIT, SIG,
	    S "NEWSIG\n" S
	      "EXPKEYSIG 0123456789ABCDEF A\n" VALIDSIG(FPR_A, "8"),
	    0);
	add_tag(&revoked, "v1.2", "v1.2", COMMIT, SIG,
	    S "NEWSIG\n" S
	      "REVKEYSIG 0123456789ABCDEF A\n" VALIDSIG(FPR_A, "8"),
	    0);
	r.standing = true;
	assert_int_equal(judge(&r, &expired, &j, outcomes), TAGS_ACCEPTED);
	assert_int_equal(judge(&r, &revoked, &j, outcomes), TAGS_TOO_FEW);
	/* Nor does a maintainer stay one who is not listed any more. */
	r.nmaintainers = 1;
	r.maintainers[0] = SPAN(FPR_B);
	assert_int_equal(judge(&r, &expired, &j, outcomes), TAGS_TOO_FEW);
	records_clear(&expired);
	records_clear(&revoked);
}

static void
what_gpgv_was_not_asked_about_does_not_count(void **state)
{
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = rule(1);
	enum tag_outcome outcomes[8];
	struct tag_judgement j;

	(void)state;
	add_good(&records, "v1.2", GOOD(FPR_A));
	buf_reset(&records.statuses);
	put_status(&records, false, GOOD(FPR_A), 0);
	assert_int_equal(judge(&r, &records, &j, outcomes), TAGS_TOO_FEW);
	assert_int_equal(outcomes[0], TAG_PASSED_OVER);
	records_clear(&records);
}

/* The process before may be a liar's by now. */
static void
refuses_records_that_do_not_belong_together(void **state)
{
	struct buf text = tag_text("v1.2", COMMIT, SIG), out = BUF_INIT;
	struct buf other = tag_text("v1.2-3", COMMIT, SIG);
	struct buf good_payload = BUF_INIT, good_signature = BUF_INIT;
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = rule(1);
	enum git_signature_kind kind;
	struct candidate good, c;
	struct tag_judgement j;
	size_t i;

	(void)state;
	memset(&good, 0, sizeof(good));
	good.kind = CANDIDATE_TAG;
	good.ref = SPAN("v1.2");
	good.ground = ground();
	good.object = buf_span(&text);
	assert_int_equal(git_id_of(GIT_TAG, good.object, &good.id), RB_OK);
	assert_int_equal(git_tag_split(good.object, &kind, &good_payload,
			     &good_signature),
	    RB_OK);
	good.payload = buf_span(&good_payload);
	good.signature = buf_span(&good_signature);
	put_status(&records, true, GOOD(FPR_A), 0);
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
	put_status(&records, true, GOOD(FPR_A), 0);
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
	    "gpgsig -----BEGIN PGP SIGNATURE-----\n \n iHUE\n"
	    " -----END PGP SIGNATURE-----\n\nm\n";
	struct records records = { BUF_INIT, BUF_INIT };
	struct tag_rule r = rule(1);
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
	put_candidate(&records, &c);
	put_status(&records, true, GOOD(FPR_B), 0);
	assert_int_equal(judge(&r, &records, &j, outcomes), TAGS_NONE);
	r.commit_suffices = true;
	assert_int_equal(judge(&r, &records, &j, outcomes),
	    TAGS_COMMIT_ACCEPTED);
	assert_int_equal(j.tag.len, 0);
	assert_true(span_equal_str(j.signers[0], FPR_B));
	records_clear(&records);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_each_way_not_to_count),
		cmocka_unit_test(refuses_records_that_do_not_belong_together),
		cmocka_unit_test(what_gpgv_was_not_asked_about_does_not_count),
		cmocka_unit_test(counts_primary_keys),
		cmocka_unit_test(a_version_needs_a_tag_of_a_version),
		cmocka_unit_test(nothing_goes_back),
		cmocka_unit_test(
		    a_tag_says_the_version_where_its_tree_says_none),
		cmocka_unit_test(a_tag_is_named_that_stands_for_the_commit),
		cmocka_unit_test(what_stood_once_falls_by_a_revocation_alone),
		cmocka_unit_test(a_signed_commit_counts_in_its_mode_alone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
