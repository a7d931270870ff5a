/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A whole node whose depot lies on a disk that is too small. */
#include "tests/flow/archive_world.h"

#include <sched.h>
#include <stdbool.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

static char *
depot_path(void)
{
	char *path = NULL;

	if (asprintf(&path, "%s/node/rebuilder/store",
		archive_world.directory) == -1)
		abort();
	return path;
}

/* Our own mounts, which end with us. */
static int
make_disk(void **state)
{
	struct stat st;
	char *depot;

	if (geteuid() != 0)
		return 0;
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
	(void)archive_world_make(state);
	depot = depot_path();
	assert_int_equal(stat(depot, &st), 0);
	assert_int_equal(mount("depot", depot, "tmpfs", 0, "mode=700"), 0);
	assert_int_equal(chown(depot, st.st_uid, st.st_gid), 0);
	free(depot);
	archive_serve();
	return 0;
}

static int
take_disk_away(void **state)
{
	char *depot;

	if (geteuid() != 0)
		return 0;
	archive_serve_end();
	depot = depot_path();
	assert_int_equal(umount2(depot, MNT_DETACH), 0);
	free(depot);
	return archive_world_stop(state);
}

static void
resize_disk(unsigned int kilobytes)
{
	char *depot = depot_path(), size[32];

	(void)snprintf(size, sizeof(size), "size=%uk", kilobytes);
	assert_int_equal(mount(NULL, depot, NULL, MS_REMOUNT, size), 0);
	free(depot);
}

/* True when the disk was large enough after all. */
static bool
has_come_through(const struct said *said)
{
	static const char *const sentences[] = { "is its disk full?",
		"No space left on device", "or a disk is full" };
	size_t i;

	assert_int_equal(said->status, 2);
	if (strstr(said->text, "\"verdict\"") != NULL) {
		/* What our own disk did is nobody else's fault. */
		assert_non_null(
		    strstr(said->text, "\"reason\":\"dependencies\""));
		return true;
	}
	for (i = 0; i < sizeof(sentences) / sizeof(sentences[0]); i++) {
		if (strstr(said->text, sentences[i]) != NULL)
			return false;
	}
	fail_msg("no word about the disk: %s", said->text);
	return false;
}

/*
 * From a disk of one page to one that is large enough, so that each step of
 * the way is once the one that finds no room.
 */
static void
says_that_there_is_no_room_and_goes_on_when_there_is(void **state)
{
	static const unsigned int kilobytes[] = { 4, 8, 12, 16, 20, 24, 28, 32,
		40, 64, 200, 208, 216, 224, 232, 240, 300, 400, 416, 424, 428,
		432, 436, 440, 500, 1024 };
	const size_t n = sizeof(kilobytes) / sizeof(kilobytes[0]);
	struct said said;
	size_t i;

	(void)state;
	for (i = 0; i < n; i++) {
		archive_depot_empty();
		resize_disk(kilobytes[i]);
		said = archive_rebuild("deb:tiny");
		if (i < 4)
			assert_false(has_come_through(&said));
		else if (i == n - 1)
			assert_true(has_come_through(&said));
		else
			(void)has_come_through(&said);
		archive_depot_is_right();
		resize_disk(65536);
		archive_is_well();
	}
}

static void
expect(const char *app, const char *rest, const char *words)
{
	static struct said said;

	said = archive_node(app, rest);
	if (said.status != 0 || strstr(said.text, words) == NULL)
		fail_msg("%s: no '%s': %s", app, words, said.text);
}

static void
begins_nothing_below_the_reserve_and_goes_on_by_itself(void **state)
{
	static struct said said;

	(void)state;
	archive_serve_end();
	archive_do("edit_conf \"s/reserve: 0/reserve: 16M/\"");
	resize_disk(8192);
	archive_serve();
	expect("status", "", "disk short");
	said = archive_ask("exec 2>&1; timeout 2 '%s/qubes-rebuilder' rebuild "
			   "-c %s/node/node.yml --json deb:tiny",
	    getenv("RB_BIN"), archive_world.directory);
	assert_int_equal(said.status, 124);
	expect("queue", "", "waiting");
	expect("why", "deb:tiny", "store.reserve");
	expect("status", "--json", "\"disk_short\":1");
	/* Somebody makes room: nobody has to say so. */
	resize_disk(65536);
	archive_is_well();
	expect("status", "", "works");
	archive_serve_end();
	archive_do("edit_conf \"s/reserve: 16M/reserve: 0/\"");
	archive_serve();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(
		    says_that_there_is_no_room_and_goes_on_when_there_is,
		    archive_world_check),
		cmocka_unit_test_setup(
		    begins_nothing_below_the_reserve_and_goes_on_by_itself,
		    archive_world_check),
	};

	return cmocka_run_group_tests(tests, make_disk, take_disk_away);
}
