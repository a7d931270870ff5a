/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole node against an archive that publishes .buildinfo files. */
#include "tests/flow/archive_world.h"

#include <unistd.h>

#define FILE_NAME "/pool/main/t/tiny/tiny_1.0_"
#define HAD "buildinfo tiny 1.0 \"tiny (= 1.0)\"; "

static int
start(void **state)
{
	char deed[256];

	if (geteuid() != 0)
		return 0;
	(void)archive_world_make(state);
	(void)snprintf(deed, sizeof(deed),
	    "edit_conf \"s|^  keyring:.*|&\\n  buildinfo-keyring: "
	    "$PWD/keyring.gpg\\n  old: [http://127.0.0.1:%u/]|\"",
	    archive_world.elsewhere.port);
	archive_do(deed);
	archive_serve();
	return 0;
}

static void
needs_none(void **state)
{
	(void)state;
	archive_is_well();
}

static void
refuses_one_that_no_key_it_trusts_has_signed(void **state)
{
	static const struct hostile list[] = {
		{ .deed = HAD "cp text $info",
		    .reason = "input",
		    .says = FILE_NAME },
		{ .deed = HAD "cp text $info",
		    .reason = "input",
		    .says = ".buildinfo: it is not signed" },
		{ .deed = HAD ": >$info",
		    .reason = "input",
		    .says = ".buildinfo: it is not signed" },
		{ .deed = HAD "sign_buildinfo other",
		    .reason = "input",
		    .says = "none of 1 signatures" },
		{ .deed = HAD "sign_buildinfo revoked",
		    .reason = "input",
		    .says = "REVKEYSIG" },
		{ .deed = HAD "sign_buildinfo good --allow-weak-digest-algos "
			      "--digest-algo SHA1",
		    .reason = "input",
		    .says = "none of 1 signatures" },
		{ .deed = HAD "sign_buildinfo good; "
			      "sed -i \"s/tiny (= 1.0)/tiny (= 1.1)/\" $info",
		    .reason = "input",
		    .says = "BADSIG" },
		{ .deed = HAD "sign_buildinfo good; echo x >>$info",
		    .reason = "input",
		    .says = "behind" },
		{ .deed = HAD "sign_buildinfo good; cat $info $info >two; "
			      "mv two $info",
		    .reason = "input",
		    .says = "gpgv" },
	};

	(void)state;
	SUFFER(list);
}

static void
refuses_one_that_is_not_what_it_must_be(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "about=other; " HAD "sign_buildinfo good",
		    .reason = "input",
		    .says = "it is about other 1.0, not about tiny 1.0" },
		{ .deed = HAD "sed -i s/1.0$/2.0/ text; sign_buildinfo good",
		    .reason = "input",
		    .says = "Format: '2.0' is not 1.0" },
		{ .deed = HAD
		    "sed -i /^Installed/,\\$d text; sign_buildinfo good",
		    .reason = "input",
		    .says = "it lacks field 'Installed-Build-Depends'" },
		{ .deed = "buildinfo tiny 1.0 \"tiny (>= 1.0)\"; "
			  "sign_buildinfo good",
		    .reason = "input",
		    .says = "'tiny (>= 1.0)' is not a package" },
		{ .deed = "buildinfo tiny 1.0 \"tiny (= 1)\" \"tiny (= 2)\"; "
			  "sign_buildinfo good",
		    .reason = "input",
		    .says = "stands there once" },
		{ .deed = HAD "sign_buildinfo good",
		    .manner = MANNER_ENDLESS,
		    .path = ".buildinfo",
		    .says = "the server sends more" },
		{ .deed = HAD "sign_buildinfo good",
		    .manner = MANNER_CUT,
		    .path = ".buildinfo",
		    .says = FILE_NAME },
	};

	(void)state;
	SUFFER(list);
}

/* Whoever else was built there, it was not what is published. */
static void
does_not_follow_one_of_another_build(void **state)
{
	struct said said;

	(void)state;
	mirror_behave(&archive_world.mirror, MANNER_HONEST, "", "");
	archive_do("restore; of=keyring.gpg; "
		   "buildinfo tiny 1.0 \"gone (= 1)\"; sign_buildinfo good");
	said = archive_rebuild("deb:tiny");
	assert_non_null(
	    strstr(said.text, "cannot be met from testing-suite/main"));
	assert_null(strstr(said.text, ".buildinfo"));
}

static void
says_which_versions_nobody_has(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "buildinfo tiny 1.0 \"gcc (= 4:12)\" "
			  "\"tiny (= 1.0)\" \"tiny:other (= 1.0)\"; "
			  "sign_buildinfo good",
		    .reason = "dependencies",
		    .says = "builds have: gcc 4:12, tiny:other 1.0" },
		{ .deed = "set -- $(seq -f a%04g 2000); list=; for p; do "
			  "list=\"$list \\\"$p (= 1)\\\"\"; done; "
			  "eval \"buildinfo tiny 1.0 $list\"; "
			  "sign_buildinfo good",
		    .reason = "dependencies",
		    .says = " more" },
	};

	(void)state;
	/* The archive of old versions has nothing yet. */
	archive_do("restore; rm -rf elsewhere; cp -a www elsewhere");
	SUFFER(list);
	archive_do("restore; " HAD "sign_buildinfo good");
	archive_depot_empty();
	assert_non_null(strstr(archive_rebuild("deb:tiny").text,
	    "in the versions of its .buildinfo"));
}

#define OLD "restore; rm -rf elsewhere; "
/* Turns www into an archive of old versions, and makes it honest again. */
#define ASIDE "mv www elsewhere; cp -a honest www; "
#define OLDER "edit Packages \"s/^Version: 1.0/Version: 0.9/\"; "
#define WANTS "buildinfo tiny 1.0 \"tiny (= 0.9)\"; sign_buildinfo good"

static void
finds_versions_in_an_archive_of_any_age(void **state)
{
	static const char *const good[] = {
		OLD OLDER "publish; " ASIDE WANTS,
		/* Older than anything seen, and long past its time. */
		OLD OLDER "date_offset=-99999999; until_offset=-9999999; "
			  "publish; " ASIDE WANTS,
	};
	static const struct {
		const char *deed, *says;
	} bad[] = {
		{ OLD OLDER "compress; release; sign other; " ASIDE WANTS,
		    "none of 1 signatures" },
		{ OLD OLDER "codename=other-suite; publish; " ASIDE WANTS,
		    "Release is of 'other-suite'" },
		{ OLD OLDER "publish; edit Packages /^Description/d; "
			    "compress; " ASIDE WANTS,
		    "are not of one state (archive, testing-suite)" },
		{ OLD "publish; " ASIDE WANTS,
		    "builds have: tiny 0.9; archive.old " },
	};
	struct said said;
	size_t i;

	(void)state;
	mirror_behave(&archive_world.mirror, MANNER_HONEST, "", "");
	for (i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		archive_depot_empty();
		archive_do(good[i]);
		said = archive_rebuild("deb:tiny");
		if (strstr(said.text, "in the versions of its .buildinfo") ==
		    NULL)
			fail_msg("%s: %s", good[i], said.text);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		archive_depot_empty();
		archive_do(bad[i].deed);
		said = archive_rebuild("deb:tiny");
		if (strstr(said.text, bad[i].says) == NULL)
			fail_msg("%s: %s", bad[i].deed, said.text);
	}
	archive_is_well();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(needs_none, archive_world_check),
		cmocka_unit_test_setup(
		    refuses_one_that_no_key_it_trusts_has_signed,
		    archive_world_check),
		cmocka_unit_test_setup(refuses_one_that_is_not_what_it_must_be,
		    archive_world_check),
		cmocka_unit_test_setup(does_not_follow_one_of_another_build,
		    archive_world_check),
		cmocka_unit_test_setup(says_which_versions_nobody_has,
		    archive_world_check),
		cmocka_unit_test_setup(finds_versions_in_an_archive_of_any_age,
		    archive_world_check),
	};

	return cmocka_run_group_tests(tests, start, archive_world_stop);
}
