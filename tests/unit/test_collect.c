/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/collect.h"
#include "rebuilder/said.h"

#define ok(call) assert_int_equal(call, RB_OK)
#define DAY 86400

static struct {
	char path[64], store[80];
	struct depot *depot;
	struct journal *journal;
} w;

static int
make(void **state)
{
	(void)state;
	(void)snprintf(w.path, sizeof(w.path), "/tmp/test_collect.XXXXXX");
	if (mkdtemp(w.path) == NULL)
		return -1;
	(void)snprintf(w.store, sizeof(w.store), "%s/store", w.path);
	if (mkdir(w.store, 0700) != 0 ||
	    depot_open(w.store, &w.depot) != RB_OK ||
	    journal_open(w.path, &w.journal, NULL) != RB_OK)
		return -1;
	return 0;
}

static int
clear(void **state)
{
	char command[96];

	(void)state;
	depot_close(&w.depot);
	journal_close(&w.journal);
	(void)snprintf(command, sizeof(command), "rm -rf %s", w.path);
	return system(command);
}

/* One of 64 KiB, so that sizes can be told apart from blocks. */
static struct digest
add(char what)
{
	struct digest d = DIGEST_INIT;
	uint8_t *bytes = malloc(65536);

	assert_non_null(bytes);
	memset(bytes, what, 65536);
	ok(depot_add_bytes(w.depot, span_of(bytes, 65536), &d));
	free(bytes);
	return d;
}

static bool
is_there(const struct digest *d)
{
	char hex[DIGEST_HEX_LEN + 1], path[160];

	/* Not by depot_has, which would be a use. */
	digest_hex(d, hex);
	(void)snprintf(path, sizeof(path), "%s/%s", w.store, hex);
	return access(path, F_OK) == 0;
}

static struct collected
run(uint64_t keep, uint64_t size, uint64_t wanted, uint64_t uptime)
{
	const struct collect_policy p = { keep, size, wanted };
	struct collected c = { 0, 0, 0, 0 };

	ok(collect(w.depot, w.journal, &p, uptime, &c));
	return c;
}

static void
what_a_statement_names_stays_for_ever(void **state)
{
	struct result r;
	struct digest log = add('l'), inputs = add('i'), difference = add('d');
	struct digest other = add('o');
	char text[] = "x";

	(void)state;
	memset(&r, 0, sizeof(r));
	r.file = r.package = r.version = r.arch = text;
	r.verdict = VERDICT_FAILED;
	r.reason = text;
	r.log = (struct maybe_digest){ .is_set = true, .value = log };
	r.inputs = (struct maybe_digest){ .is_set = true, .value = inputs };
	r.difference = (struct maybe_digest){ .is_set = true,
		.value = difference };
	ok(said_add(w.journal, "deb:x", &r));
	(void)run(DAY, 1, UINT64_MAX, 1000);
	(void)run(DAY, 1, UINT64_MAX, 100 * DAY);
	assert_true(is_there(&log));
	assert_true(is_there(&inputs));
	assert_true(is_there(&difference));
	assert_false(is_there(&other));
}

static void
what_a_trip_touched_stays_until_it_is_over(void **state)
{
	struct digest got = add('g'), had = add('h'), idle = add('i'), made;
	uint64_t first = 0, second = 0;
	int fd = -1;

	(void)state;
	ok(depot_enter(w.depot, &first));
	ok(depot_get(w.depot, &got, &fd));
	fd_close(&fd);
	ok(depot_enter(w.depot, &second));
	assert_true(depot_has(w.depot, &had));
	made = add('m');
	depot_leave(w.depot, second);
	/* Used while the first trip runs, be it by another. */
	(void)run(1, 1, UINT64_MAX, 100 * DAY);
	assert_true(is_there(&got));
	assert_true(is_there(&had));
	assert_true(is_there(&made));
	assert_false(is_there(&idle));
	(void)run(1, 1, UINT64_MAX, 200 * DAY);
	assert_true(is_there(&got));
	depot_leave(w.depot, first);
	depot_leave(w.depot, first); /* twice is once */
	(void)run(1, 1, UINT64_MAX, 300 * DAY);
	assert_false(is_there(&got));
	assert_false(is_there(&had));
	assert_false(is_there(&made));
}

static void
goes_by_the_last_use_and_not_by_a_clock(void **state)
{
	struct digest a = add('a'), b = add('b');

	(void)state;
	/* Both begin their time here, whatever it is. */
	(void)run(30 * DAY, 0, 0, 5 * DAY);
	assert_true(depot_has(w.depot, &b));
	(void)run(30 * DAY, 0, 0, 20 * DAY);
	(void)run(30 * DAY, 0, 0, 35 * DAY);
	assert_true(is_there(&a));
	(void)run(30 * DAY, 0, 0, 35 * DAY + 1);
	assert_false(is_there(&a));
	assert_true(is_there(&b));
	/* A count that went back makes nothing old. */
	(void)run(30 * DAY, 0, 0, 0);
	assert_true(is_there(&b));
	(void)run(0, 0, 0, 1000 * DAY);
	assert_true(is_there(&b));
	(void)run(30 * DAY, 0, 0, 1000 * DAY);
	assert_false(is_there(&b));
}

static void
for_want_of_room_the_oldest_use_goes_first(void **state)
{
	struct digest a = add('a'), b = add('b'), c = add('c');
	struct collected r;

	(void)state;
	(void)run(0, 0, 0, 10);
	assert_true(depot_has(w.depot, &c));
	(void)run(0, 0, 0, 20);
	assert_true(depot_has(w.depot, &a));
	r = run(0, 3 * 65536, 0, 30);
	assert_int_equal(r.removed_files, 0);
	assert_int_equal(r.files, 3);
	r = run(0, 2 * 65536, 0, 40);
	assert_int_equal(r.removed_files, 1);
	assert_int_equal(r.bytes, 2 * 65536);
	assert_false(is_there(&b));
	(void)run(0, 65536, 0, 50);
	assert_false(is_there(&c));
	assert_true(is_there(&a));
	/* A disk that is never free enough. */
	r = run(0, 0, UINT64_MAX, 60);
	assert_int_equal(r.files, 0);
	assert_false(is_there(&a));
}

static void
leaves_alone_what_is_coming_in_and_what_is_not_its_own(void **state)
{
	struct digest d = { { 7 } };
	char path[160];
	uint64_t have = 0;
	int fd = -1;
	FILE *f;

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/README", w.store);
	assert_non_null(f = fopen(path, "we"));
	(void)fclose(f);
	ok(depot_part(w.depot, &d, &fd, &have));
	assert_int_equal(write(fd, "half", 4), 4);
	(void)run(1, 1, UINT64_MAX, 10);
	(void)run(1, 1, UINT64_MAX, 10 * DAY);
	assert_int_equal(lseek(fd, 0, SEEK_END), 4);
	fd_close(&fd);
	ok(depot_part(w.depot, &d, &fd, &have));
	assert_int_equal(have, 4);
	fd_close(&fd);
	/* Nobody fills it any more. */
	(void)run(1, 1, UINT64_MAX, 20 * DAY);
	(void)run(1, 1, UINT64_MAX, 30 * DAY);
	ok(depot_part(w.depot, &d, &fd, &have));
	assert_int_equal(have, 0);
	fd_close(&fd);
	assert_int_equal(access(path, F_OK), 0);
}

static void
lives_with_a_damaged_record(void **state)
{
	struct digest a = add('a');
	const struct journal_write bad[] = {
		{ JOURNAL_PUT, JOURNAL_USED, digest_span(&a), SPAN("x") },
		{ JOURNAL_PUT, JOURNAL_USED, SPAN("short"), SPAN("12345678") },
	};

	(void)state;
	(void)run(DAY, 0, 0, 10);
	ok(journal_write(w.journal, bad, 2));
	(void)run(DAY, 0, 0, 10 * DAY);
	assert_true(is_there(&a));
	(void)run(DAY, 0, 0, 20 * DAY);
	assert_false(is_there(&a));
}

static void
forgets_the_records_of_what_is_gone(void **state)
{
	struct digest a = add('a');
	struct buf value = BUF_INIT;

	(void)state;
	(void)run(0, 0, 0, 10);
	ok(journal_read(w.journal, JOURNAL_USED, digest_span(&a), 8, &value));
	(void)run(0, 1, 0, 20);
	(void)run(0, 1, 0, 30);
	assert_int_equal(journal_read(w.journal, JOURNAL_USED, digest_span(&a),
			     8, &value),
	    RB_ENOTFOUND);
	buf_clear(&value);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(what_a_statement_names_stays_for_ever),
		TEST(what_a_trip_touched_stays_until_it_is_over),
		TEST(goes_by_the_last_use_and_not_by_a_clock),
		TEST(for_want_of_room_the_oldest_use_goes_first),
		TEST(leaves_alone_what_is_coming_in_and_what_is_not_its_own),
		TEST(lives_with_a_damaged_record),
		TEST(forgets_the_records_of_what_is_gone),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
