/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole node against a mirror that does not serve what the archive signed. */
#include "tests/flow/archive_world.h"

#define WRONG "sent bytes that are not those of the signed index"

/* All of them do it to one path, and end with one reason. */
static void
suffer_at(const char *path, const char *reason, const struct hostile *list,
    size_t n)
{
	struct hostile h;
	size_t i;

	for (i = 0; i < n; i++) {
		h = list[i];
		h.path = path;
		h.reason = reason;
		archive_suffer(&h, 1);
	}
}
#define SUFFER_AT(path, reason, list) \
	suffer_at(path, reason, list, sizeof(list) / sizeof((list)[0]))

static void
refuses_a_release_from_a_mirror_that_misbehaves(void **state)
{
	static const struct hostile list[] = {
		{ .manner = MANNER_MORE, .says = "behind" },
		{ .manner = MANNER_ENDLESS, .says = "the server sends more" },
		{ .manner = MANNER_CUT, .says = "InRelease" },
		{ .manner = MANNER_LESS, .says = "gpgv" },
		{ .manner = MANNER_OTHER, .says = "gpgv" },
		{ .manner = MANNER_EMPTY, .says = "gpgv" },
		{ .manner = MANNER_SILENT, .says = "InRelease: " },
		{ .manner = MANNER_GONE,
		    .says = "InRelease: the server has no "
			    "such object (404)" },
		{ .manner = MANNER_ERROR,
		    .says = "InRelease: the server answers 500" },
	};

	(void)state;
	SUFFER_AT("InRelease", NULL, list);
}

static void
refuses_an_index_from_a_mirror_that_misbehaves(void **state)
{
	static const struct hostile list[] = {
		{ .manner = MANNER_MORE,
		    .says = "Packages.xz: the server has more" },
		{ .manner = MANNER_ENDLESS,
		    .says = "Packages.xz: the server sends more" },
		{ .manner = MANNER_CUT, .says = "Packages.xz: " },
		{ .manner = MANNER_LESS,
		    .says = "Packages.xz: the mirror " WRONG },
		{ .manner = MANNER_OTHER,
		    .says = "Packages.xz: the mirror " WRONG },
		{ .manner = MANNER_EMPTY,
		    .says = "Packages.xz: the mirror " WRONG },
		{ .manner = MANNER_SILENT, .says = "Packages.xz: " },
		{ .manner = MANNER_GONE,
		    .says = "Packages.xz: the archive does not have it" },
		{ .manner = MANNER_ERROR,
		    .says = "Packages.xz: the server answers 500" },
	};

	(void)state;
	SUFFER_AT("Packages.xz", NULL, list);
}

/* From here on there is a published file to speak about: a signed verdict. */
static void
signs_that_a_source_was_not_to_be_had(void **state)
{
	static const struct hostile list[] = {
		{ .manner = MANNER_MORE, .says = "the server has more" },
		{ .manner = MANNER_ENDLESS, .says = "the server sends more" },
		{ .manner = MANNER_CUT, .says = "tiny_1.0" },
		{ .manner = MANNER_LESS,
		    .says = "tiny_1.0.dsc: the mirror " WRONG },
		{ .manner = MANNER_OTHER,
		    .says = "tiny_1.0.dsc: the mirror " WRONG },
		{ .manner = MANNER_EMPTY,
		    .says = "tiny_1.0.dsc: the mirror " WRONG },
		{ .manner = MANNER_SILENT, .says = "tiny_1.0" },
		{ .manner = MANNER_GONE,
		    .says =
			"tiny_1.0.dsc: the archive does not have it any more" },
		{ .manner = MANNER_ERROR, .says = "the server answers 500" },
	};

	(void)state;
	SUFFER_AT("tiny_1.0.dsc", "source", list);
}

static void
signs_that_a_published_file_was_not_to_be_had(void **state)
{
	static const struct hostile list[] = {
		{ .manner = MANNER_MORE, .says = ".deb: the server has more" },
		{ .manner = MANNER_ENDLESS,
		    .says = ".deb: the server sends more" },
		{ .manner = MANNER_CUT, .says = ".deb: " },
		{ .manner = MANNER_LESS, .says = ".deb: the mirror " WRONG },
		{ .manner = MANNER_OTHER, .says = ".deb: the mirror " WRONG },
		{ .manner = MANNER_EMPTY, .says = ".deb: the mirror " WRONG },
		{ .manner = MANNER_SILENT, .says = ".deb: " },
		{ .manner = MANNER_GONE,
		    .says = ".deb: the archive does not have it any more" },
		{ .manner = MANNER_ERROR,
		    .says = ".deb: the server answers 500" },
	};

	(void)state;
	SUFFER_AT(".deb", "published", list);
}

static void
believes_no_other_server_that_it_is_sent_to(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "rm -rf elsewhere; cp -a www elsewhere; "
			  "for f in $(find elsewhere -type f); do "
			  "echo x >$f; done",
		    .manner = MANNER_REDIRECT,
		    .path = "InRelease",
		    .says = "no signed text" },
		{ .manner = MANNER_REDIRECT,
		    .path = "Sources.xz",
		    .says = "Sources.xz: the mirror " WRONG },
		{ .manner = MANNER_REDIRECT,
		    .path = "tiny_1.0.tar.xz",
		    .reason = "source",
		    .says = "tiny_1.0.tar.xz: the mirror " WRONG },
		{ .manner = MANNER_REDIRECT,
		    .path = ".deb",
		    .reason = "published",
		    .says = ".deb: the mirror " WRONG },
	};

	(void)state;
	SUFFER(list);
}

/* Bytes are judged by their digest, wherever they come from. */
static void
takes_right_bytes_from_another_server(void **state)
{
	static const struct hostile list[] = {
		{ .deed = "rm -rf elsewhere; cp -a www elsewhere; "
			  "rm -r www/pool",
		    .manner = MANNER_REDIRECT,
		    .path = "/pool/",
		    .reason = "dependencies",
		    .says = "tiny_1.0" },
	};

	(void)state;
	SUFFER(list);
}

static void
reads_no_file_of_its_own_for_a_mirror(void **state)
{
	static const char *const paths[] = { "InRelease", "Packages.xz", ".dsc",
		".deb" };
	static const char *const reasons[] = { NULL, NULL, "source",
		"published" };
	struct hostile h = { .manner = MANNER_REDIRECT_TO_FILE,
		.says = "redirect: file:///etc/passwd: not a whole URL" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
		h.path = paths[i];
		h.reason = reasons[i];
		archive_suffer(&h, 1);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    refuses_a_release_from_a_mirror_that_misbehaves,
		    archive_world_check),
		cmocka_unit_test_setup(
		    refuses_an_index_from_a_mirror_that_misbehaves,
		    archive_world_check),
		cmocka_unit_test_setup(signs_that_a_source_was_not_to_be_had,
		    archive_world_check),
		cmocka_unit_test_setup(
		    signs_that_a_published_file_was_not_to_be_had,
		    archive_world_check),
		cmocka_unit_test_setup(
		    believes_no_other_server_that_it_is_sent_to,
		    archive_world_check),
		cmocka_unit_test_setup(takes_right_bytes_from_another_server,
		    archive_world_check),
		cmocka_unit_test_setup(reads_no_file_of_its_own_for_a_mirror,
		    archive_world_check),
	};

	return cmocka_run_group_tests(tests, archive_world_start,
	    archive_world_stop);
}
