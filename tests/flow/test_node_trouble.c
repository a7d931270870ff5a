/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole node whose disk fails in the middle of a job, and whose clock jumps:
 * it says so, keeps what it told, and goes on.
 */
#include "tests/flow/archive_world.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "tests/flow/tape.h"

#define FAILURES 10 /* of each kind, at random */
#define TRIES 20
#define YEAR (365 * 24 * 3600L)

static const char *const parts[] = { "signer", "attestor", "served",
	"rebuilder", NULL };
static const char *const programs[] = { "qubes-rebuilder", "rebuilder",
	"attestor", "attestor-signer", "attestor-publish", "httpd", NULL };

static struct tape tape;

static int
start(void **state)
{
	static char root[96];

	if (geteuid() != 0)
		return 0;
	(void)archive_world_make(state);
	(void)snprintf(root, sizeof(root), "%s/node", archive_world.directory);
	tape_begin(&tape, root, parts, programs);
	tape_clock(&tape, 0);
	archive_serve();
	return 0;
}

static int
stop(void **state)
{
	if (geteuid() != 0)
		return 0;
	archive_serve_end();
	tape_end(&tape);
	tape_clear(&tape);
	return archive_world_stop(state);
}

/* Jobs get their verdicts again, maybe from a rebuilder that began anew. */
static void
is_well(void)
{
	const struct timespec moment = { .tv_nsec = 200000000 };
	struct said said;
	unsigned int i;

	(void)tape_fail_end(&tape);
	for (i = 0; i < TRIES; i++) {
		said = archive_node("rebuild", "--json deb:tiny");
		if (strstr(said.text, "\"verdict\"") != NULL)
			break;
		(void)nanosleep(&moment, NULL);
	}
	/* What a failing job had signed stands, told or not. */
	assert_true(archive_log_size() >= archive_world.leaves);
	archive_world.leaves = archive_log_size();
	archive_is_well();
}

/* How many such calls the rebuilder makes from a question to its answer. */
static long
count_calls(enum tape_calls calls)
{
	tape_fail(&tape, "rebuilder", calls, 0, -1, EIO);
	(void)archive_rebuild("deb:tiny");
	return tape_fail_seen(&tape);
}

static void
a_failing_disk_ends_a_job_and_no_more(void **state)
{
	unsigned int seed = (unsigned int)time(NULL), i;
	enum tape_calls calls;
	struct said said;
	long n, at, hits = 0;

	(void)state;
	print_message("seed %u\n", seed);
	is_well();
	for (calls = CALLS_WRITE; calls <= CALLS_SYNC; calls++) {
		n = count_calls(calls);
		print_message("%ld %s in one job\n", n,
		    calls == CALLS_SYNC ? "syncs" : "writes");
		assert_true(n > 0);
		for (i = 0; i < FAILURES; i++) {
			at = (long)rand_r(&seed) % n;
			tape_fail(&tape, "rebuilder", calls, at, 0,
			    calls == CALLS_SYNC ? EIO : ENOSPC);
			said = archive_node("rebuild", "--json deb:tiny");
			print_message("number %ld: %d %.160s\n", at,
			    said.status, said.text);
			hits += tape_fail_end(&tape);
			is_well();
		}
	}
	assert_true(hits > 0);
}

/* Its jobs can't be kept: nobody is told that they are. */
static void
a_job_that_cannot_be_kept_is_not_taken(void **state)
{
	struct said said;

	(void)state;
	is_well();
	tape_fail(&tape, "rebuilder", CALLS_WRITE, 0, 1000000, EROFS);
	said = archive_node("rebuild", "--json deb:tiny");
	assert_int_equal(said.status, 2);
	assert_null(strstr(said.text, "\"verdict\""));
	if (strstr(said.text, "journal") == NULL)
		fail_msg("no word about the journal: %s", said.text);
	assert_true(tape_fail_end(&tape) > 0);
	is_well();
}

static void
a_clock_may_jump_both_ways(void **state)
{
	static const long jumps[] = { YEAR, -3 * YEAR, 40 * YEAR, 3600, -3600,
		0 };
	struct said said;
	size_t i;

	(void)state;
	is_well();
	for (i = 0; i < sizeof(jumps) / sizeof(jumps[0]); i++) {
		tape_clock(&tape, jumps[i]);
		said = archive_node("rebuild", "--json deb:tiny");
		print_message("%ld: %d %.200s\n", jumps[i], said.status,
		    said.text);
		assert_int_equal(said.status, 2);
		said = archive_node("queue", "--json");
		assert_string_equal(said.text, "");
		assert_true(archive_log_size() >= archive_world.leaves);
		/* And in the middle of its life. */
		if (i == 2) {
			archive_serve_end();
			archive_serve();
		}
	}
	is_well();
}

#define TEST(f) cmocka_unit_test_setup(f, archive_world_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_failing_disk_ends_a_job_and_no_more),
		TEST(a_job_that_cannot_be_kept_is_not_taken),
		TEST(a_clock_may_jump_both_ways),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
