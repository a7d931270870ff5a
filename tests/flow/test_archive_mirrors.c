/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole node that may ask two mirrors: one is enough, whichever it is. */
#include "tests/flow/archive_world.h"

#include <unistd.h>

#define HONEST "\"verdict\":\"unavailable\",\"reason\":\"dependencies\""

static int
start(void **state)
{
	char deed[128];

	if (geteuid() != 0)
		return 0;
	(void)archive_world_make(state);
	(void)snprintf(deed, sizeof(deed),
	    "edit_conf \"s|^  uri:.*|&\\n  mirrors: [http://127.0.0.1:%u/]|\"",
	    archive_world.elsewhere.port);
	archive_do(deed);
	archive_serve();
	return 0;
}

/* Rebuilds on a new depot; the answer holds `says`. */
static void
rebuild(const char *what, const char *says)
{
	struct said said;

	archive_depot_empty();
	said = archive_rebuild("deb:tiny");
	if (strstr(said.text, says) == NULL)
		fail_msg("%s: not '%s': %s", what, says, said.text);
	archive_depot_is_right();
}

static void
takes_from_a_mirror_what_the_first_lacks(void **state)
{
	static const struct {
		enum manner manner;
		const char *path;
	} cases[] = {
		{ MANNER_GONE, "InRelease" },
		{ MANNER_ERROR, "InRelease" },
		{ MANNER_OTHER, "InRelease" },
		{ MANNER_GONE, "Packages.xz" },
		{ MANNER_LESS, "Packages.xz" },
		{ MANNER_GONE, ".dsc" },
		{ MANNER_CUT, ".dsc" },
		{ MANNER_OTHER, ".deb" },
		{ MANNER_MORE, ".deb" },
		{ MANNER_ENDLESS, ".deb" },
		{ MANNER_SILENT, "" },
	};
	struct mirror *first = &archive_world.mirror;
	size_t i;

	(void)state;
	archive_do("restore; rm -rf elsewhere; cp -a www elsewhere");
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		mirror_behave(first, cases[i].manner, cases[i].path, "");
		rebuild(cases[i].path, HONEST);
		assert_int_not_equal(mirror_asked(first), 0);
	}
	mirror_behave(first, MANNER_HONEST, "", "");
}

static void
needs_no_mirror_that_misbehaves(void **state)
{
	(void)state;
	archive_do("restore; rm -rf elsewhere; mkdir elsewhere");
	rebuild("an empty mirror", HONEST);
}

/* Whose fault it is, is said of the first: it is the repository's own. */
static void
says_what_none_of_them_has(void **state)
{
	(void)state;
	archive_do("restore; rm -f www/pool/main/t/tiny/*.dsc; "
		   "rm -rf elsewhere; cp -a www elsewhere");
	rebuild("no .dsc", "\"reason\":\"source\"");
	archive_do("restore; rm -f www/pool/main/t/tiny/*.deb; "
		   "rm -rf elsewhere; cp -a www elsewhere");
	rebuild("no .deb", "\"reason\":\"published\"");
	archive_do("restore; rm -rf elsewhere; cp -a www elsewhere; "
		   "rm www/dists/*/InRelease");
	archive_do("for i in elsewhere/dists/*/InRelease; do echo x >$i; done");
	rebuild("no InRelease", "the server has no such object (404)");
	archive_do("restore");
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(takes_from_a_mirror_what_the_first_lacks,
		    archive_world_check),
		cmocka_unit_test_setup(needs_no_mirror_that_misbehaves,
		    archive_world_check),
		cmocka_unit_test_setup(says_what_none_of_them_has,
		    archive_world_check),
	};

	return cmocka_run_group_tests(tests, start, archive_world_stop);
}
