/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which tags count, and which do not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "tests/flow/tag_world.h"

static void
every_kind_of_tag_is_told_apart(void **state)
{
	static const struct {
		const char *branch, *ref;
		enum tag_outcome outcome;
		enum tag_ruling ruling;
		const char *signer;
	} cases[] = {
		{ "rsa", "v1.0.1", TAG_VALID, TAGS_ACCEPTED, "alice" },
		{ "ed25519", "v1.0.2", TAG_VALID, TAGS_ACCEPTED, "bob" },
		{ "subkeys", "v1.0.3", TAG_VALID, TAGS_ACCEPTED, "carol" },
		{ "subkeys", "carol_1", TAG_VALID, TAGS_ACCEPTED, "carol" },
		{ "expired", "v1.0.5", TAG_EXPIRED_KEY, TAGS_TOO_FEW, NULL },
		{ "revoked", "v1.0.6", TAG_REVOKED_KEY, TAGS_TOO_FEW, NULL },
		{ "weak", "v1.0.7", TAG_WEAK_DIGEST, TAGS_TOO_FEW, NULL },
		{ "twice", "v1.0.8", TAG_SIGNED_TWICE, TAGS_TOO_FEW, NULL },
		{ "twice", "twice", TAG_SIGNED_TWICE, TAGS_TOO_FEW, NULL },
		{ "unknown", "v1.0.9", TAG_UNKNOWN_KEY, TAGS_TOO_FEW, NULL },
		{ "nested", "nested", TAG_NESTED, TAGS_ACCEPTED, "alice" },
		{ "lightweight", "v1.0.11", TAG_LIGHTWEIGHT, TAGS_TOO_FEW,
		    NULL },
		{ "ssh", "v1.0.12", TAG_SSH, TAGS_TOO_FEW, NULL },
		{ "other-name", "v1.0.14", TAG_OTHER_NAME, TAGS_TOO_FEW, NULL },
		{ "other-version", "v9.9.9", TAG_OTHER_VERSION, TAGS_TOO_FEW,
		    NULL },
		{ "release", "v1.0.16-2", TAG_VALID, TAGS_ACCEPTED, "alice" },
		{ "latest", "v1.0.29-2-latest", TAG_VALID, TAGS_ACCEPTED,
		    "alice" },
		{ "unended", "v1.0.30", TAG_VALID, TAGS_ACCEPTED, "alice" },
		{ "unsigned", "v1.0.18", TAG_UNSIGNED, TAGS_TOO_FEW, NULL },
		{ "expired-signature", "v1.0.19", TAG_EXPIRED_SIGNATURE,
		    TAGS_TOO_FEW, NULL },
		{ "bad", "v1.0.20", TAG_BAD_SIGNATURE, TAGS_TOO_FEW, NULL },
		{ "x509", "v1.0.21", TAG_X509, TAGS_TOO_FEW, NULL },
		{ "forged", "mallory_1", TAG_UNKNOWN_KEY, TAGS_TOO_FEW, NULL },
		{ "behind", "v1.0.24", TAG_MALFORMED, TAGS_TOO_FEW, NULL },
		{ "versionless", "v1.0.25", TAG_VALID, TAGS_ACCEPTED, "alice" },
	};
	struct tag_question q;
	struct tagged t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		q = world_question(cases[i].branch);
		tagged_init(&t);
		world_verify(&q, "now", &t);
		if (world_seen(&t, cases[i].ref)->outcome != cases[i].outcome)
			fail_msg("%s: %s is %s", cases[i].branch, cases[i].ref,
			    tag_outcome_name(
				world_seen(&t, cases[i].ref)->outcome));
		if (t.ruling != cases[i].ruling)
			fail_msg("%s: %s", cases[i].branch,
			    tag_ruling_name(t.ruling));
		assert_string_equal(t.commit, world_fact(cases[i].branch));
		assert_int_equal(t.nsigners, cases[i].signer == NULL ? 0 : 1);
		if (cases[i].signer != NULL)
			assert_string_equal(t.signers[0],
			    world_fact(cases[i].signer));
		assert_true(t.counts[cases[i].outcome] >= 1);
		tagged_clear(&t);
	}
}

static void
maintainers_are_counted_by_their_primary_keys(void **state)
{
	struct tag_question q = world_question("subkeys");
	struct tagged t;

	(void)state;
	q.threshold = 2;
	tagged_init(&t);
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_TOO_FEW);
	assert_int_equal(t.counts[TAG_VALID], 2);
	assert_int_equal(t.nsigners, 1);
	tagged_clear(&t);
	q = world_question("two");
	q.threshold = 2;
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_ACCEPTED);
	assert_int_equal(t.nsigners, 2);
	assert_string_equal(t.tag, "v1.0.4");
	tagged_clear(&t);
}

static void
only_listed_maintainers_count(void **state)
{
	struct tag_question q = world_question("rsa");
	const char *const bob[] = { world_fact("bob") };
	struct tagged t;

	(void)state;
	q.maintainers = bob;
	q.nmaintainers = 1;
	tagged_init(&t);
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_TOO_FEW);
	assert_int_equal(t.counts[TAG_UNKNOWN_KEY], 1);
	tagged_clear(&t);
}

static void
any_number_of_tags_on_a_commit_works(void **state)
{
	struct tag_question q = world_question("many");
	struct tagged t;

	(void)state;
	tagged_init(&t);
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_ACCEPTED);
	assert_int_equal(t.nseen, 8);
	assert_int_equal(t.counts[TAG_UNSIGNED], 6);
	assert_int_equal(t.counts[TAG_LIGHTWEIGHT], 1);
	tagged_clear(&t);
}

static void
a_commit_without_a_tag_needs_the_mode_for_it(void **state)
{
	struct tag_question q = world_question("commit");
	struct tagged t;

	(void)state;
	tagged_init(&t);
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_NONE);
	tagged_clear(&t);
	q.commit_suffices = true;
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_COMMIT_ACCEPTED);
	assert_null(t.tag);
	assert_string_equal(t.signers[0], world_fact("bob"));
	tagged_clear(&t);
	q = world_question("none");
	q.commit_suffices = true;
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_NONE);
	assert_int_equal(world_seen(&t, "")->outcome, TAG_UNSIGNED);
	tagged_clear(&t);
}

static void
what_is_not_checked_is_never_verified(void **state)
{
	struct tag_question q = world_question("rsa");
	struct fault why = FAULT_INIT;
	struct tagged t;

	(void)state;
	q.unchecked = true;
	assert_int_equal(world_try(&q, "now", &t, &why), RB_EREFUSED);
	assert_non_null(strstr(why.text, "switched off"));
	q = world_question("rsa");
	q.threshold = 0;
	assert_int_equal(world_try(&q, "now", &t, &why), RB_EREFUSED);
}

static void
a_key_file_holds_the_key_of_its_name(void **state)
{
	struct tag_question q = world_question("forged");
	const char *names[] = { q.maintainers[0], world_fact("impostor") };
	struct fault why = FAULT_INIT;
	struct tagged t;

	(void)state;
	q.maintainers = names;
	q.nmaintainers = 2;
	assert_int_equal(world_try(&q, "now", &t, &why), RB_EREFUSED);
	assert_non_null(strstr(why.text, names[1]));
}

static void
a_tag_asked_for_must_itself_be_valid(void **state)
{
	struct tag_question q = world_question("many");
	struct fault why = FAULT_INIT;
	struct tagged t;

	(void)state;
	tagged_init(&t);
	q.tag = "many_1";
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_NOT_ASKED);
	tagged_clear(&t);
	q.tag = "v7";
	assert_int_equal(world_try(&q, "now", &t, &why), RB_ENOTFOUND);
	assert_non_null(strstr(why.text, "no tag 'v7'"));
}

static void
an_unsigned_version_tag_makes_no_version(void **state)
{
	struct tag_question q = world_question("unsigned");
	struct tagged t;

	(void)state;
	q.versions_only = true;
	tagged_init(&t);
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_TOO_FEW);
	tagged_clear(&t);
	/* A code tag on the commit does not make it one either. */
	q = world_question("code");
	q.versions_only = true;
	world_verify(&q, "now", &t);
	assert_int_equal(t.ruling, TAGS_NO_VERSION);
	tagged_clear(&t);
}

static void
an_expired_key_takes_nothing_back_and_a_revoked_one_does(void **state)
{
	static const struct {
		const char *branch;
		bool stands;
	} cases[] = { { "expired", true }, { "revoked", false } };
	struct fault why = FAULT_INIT;
	struct tag_question q, now;
	struct tagged t;
	bool stands;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		now = q = world_question(cases[i].branch);
		q.keys = world_keys_before;
		tagged_init(&t);
		world_verify(&q, "now", &t);
		assert_int_equal(t.ruling, TAGS_ACCEPTED);
		q.keys = now.keys;
		assert_int_equal(tag_stands(&q, &t.evidence, world_depot,
				     &stands, &why),
		    RB_OK);
		assert_int_equal(stands, cases[i].stands);
		tagged_clear(&t);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_kind_of_tag_is_told_apart),
		cmocka_unit_test(maintainers_are_counted_by_their_primary_keys),
		cmocka_unit_test(only_listed_maintainers_count),
		cmocka_unit_test(any_number_of_tags_on_a_commit_works),
		cmocka_unit_test(a_commit_without_a_tag_needs_the_mode_for_it),
		cmocka_unit_test(what_is_not_checked_is_never_verified),
		cmocka_unit_test(a_key_file_holds_the_key_of_its_name),
		cmocka_unit_test(a_tag_asked_for_must_itself_be_valid),
		cmocka_unit_test(an_unsigned_version_tag_makes_no_version),
		cmocka_unit_test(
		    an_expired_key_takes_nothing_back_and_a_revoked_one_does),
	};

	note_open("test_tag");
	return cmocka_run_group_tests(tests, world_start, world_stop);
}
