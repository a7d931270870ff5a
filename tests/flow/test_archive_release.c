/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole node against an archive whose signed text is not as it must be. */
#include "tests/flow/archive_world.h"

/* Every node below has seen the honest archive: that is how dates go back. */
static void
rebuilds_from_an_honest_archive(void **state)
{
	(void)state;
	archive_is_well();
}

static void
refuses_a_text_that_no_key_it_trusts_has_signed(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "cp $dists/Release $dists/InRelease",
		    .says = "no signed text" },
		{ .deed = ": >$dists/InRelease", .says = "no signed text" },
		{ .deed = "sign other", .says = "none of 1 signatures" },
		{ .deed = "sign expired --faked-system-time 20200101T000000",
		    .says = "none of 1 signatures" },
		{ .deed = "sign revoked", .says = "REVKEYSIG" },
		/* One revoked key spoils what a good one says. */
		{ .deed = "sign good -u revoked", .says = "REVKEYSIG" },
		{ .deed = "sign good --allow-weak-digest-algos "
			  "--digest-algo SHA1",
		    .says = "none of 1 signatures" },
	};

	(void)state;
	SUFFER(list);
}

static void
refuses_a_text_that_is_not_the_one_that_was_signed(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "sed -i s/^Label:.*/Label:\\ Best/ $dists/InRelease",
		    .says = "BADSIG" },
		{ .deed = "sed -i /^SHA256/d $dists/InRelease",
		    .says = "BADSIG" },
		{ .deed = "sed -i \"1i Label: Best\" $dists/InRelease",
		    .says = "before" },
		{ .deed = "echo Label: Best >>$dists/InRelease",
		    .says = "behind" },
		{ .deed = "echo >>$dists/InRelease", .says = "behind" },
		{ .deed = "cat $dists/InRelease $dists/InRelease >two; "
			  "mv two $dists/InRelease",
		    .says = "gpgv" },
		{ .deed = "head -c 300 $dists/InRelease >part; "
			  "mv part $dists/InRelease",
		    .says = "gpgv" },
	};

	(void)state;
	SUFFER(list);
}

static void
refuses_what_was_signed_for_another_suite_or_time(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "codename=other-suite; publish",
		    .says = "Release is of 'other-suite', not of" },
		{ .deed = "date_offset=-1; publish",
		    .says = "older than one seen before" },
		{ .deed = "date_offset=172800; publish",
		    .says = "more than a day from now" },
		{ .deed = "until_offset=-1; publish",
		    .says = "was valid until" },
	};

	(void)state;
	SUFFER(list);
}

static void
refuses_signed_text_that_is_not_a_release(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "echo nonsense >$dists/Release; sign good",
		    .says = "Release: line 'nonsense' has no colon" },
		{ .deed = "compress; release; "
			  "sed -i /^Date/d $dists/Release; sign good",
		    .says = "Date" },
		{ .deed = "compress; release; "
			  "sed -i s/^Date:.*/Date:\\ today/ $dists/Release; "
			  "sign good",
		    .says = "Date is not a date" },
		{ .deed = "compress; release; "
			  "sed -i /^SHA256/,\\$d $dists/Release; sign good",
		    .says = "no SHA256 list" },
		{ .deed = "compress; release; "
			  "sed -i /Sources$/d $dists/Release; sign good",
		    .says = "does not list what 'main/source/Sources.xz'" },
		{ .deed = "compress; release; "
			  "sed -i s,main/,main/../, $dists/Release; sign good",
		    .says = "a plain path" },
		{ .deed = "compress; release; tail -n 1 $dists/Release >last; "
			  "cat last >>$dists/Release; sign good",
		    .says = "twice" },
	};

	(void)state;
	SUFFER(list);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(rebuilds_from_an_honest_archive,
		    archive_world_check),
		cmocka_unit_test_setup(
		    refuses_a_text_that_no_key_it_trusts_has_signed,
		    archive_world_check),
		cmocka_unit_test_setup(
		    refuses_a_text_that_is_not_the_one_that_was_signed,
		    archive_world_check),
		cmocka_unit_test_setup(
		    refuses_what_was_signed_for_another_suite_or_time,
		    archive_world_check),
		cmocka_unit_test_setup(
		    refuses_signed_text_that_is_not_a_release,
		    archive_world_check),
	};

	return cmocka_run_group_tests(tests, archive_world_start,
	    archive_world_stop);
}
