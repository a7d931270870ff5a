/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/depot.h"

struct place {
	char path[64];
	struct depot *depot;
};

static int
make_place(void **state)
{
	struct place *p = calloc(1, sizeof(*p));

	if (p == NULL)
		return -1;
	memcpy(p->path, "/tmp/test_depot.XXXXXX", 23);
	if (mkdtemp(p->path) == NULL || depot_open(p->path, &p->depot) != RB_OK)
		return -1;
	*state = p;
	return 0;
}

static int
remove_place(void **state)
{
	struct place *p = *state;
	char command[96];

	depot_close(&p->depot);
	snprintf(command, sizeof(command), "rm -rf %s", p->path);
	if (system(command) != 0)
		return -1;
	free(p);
	return 0;
}

static void
fill(struct depot *d, const struct digest *digest, struct span bytes, int *fd)
{
	uint64_t have = 0;

	assert_int_equal(depot_part(d, digest, fd, &have), RB_OK);
	assert_int_equal(have, 0);
	assert_int_equal(file_write_fd(*fd, bytes), RB_OK);
}

static void
keeps_nothing_but_the_bytes_that_were_named(void **state)
{
	struct place *p = *state;
	struct digest wanted;
	int fd = -1;

	assert_int_equal(digest_of(SPAN("good"), &wanted), RB_OK);
	fill(p->depot, &wanted, SPAN("evil"), &fd);
	assert_int_equal(depot_keep(p->depot, &wanted, fd), RB_EDIGEST);
	fd_close(&fd);
	assert_false(depot_has(p->depot, &wanted));
	/* Other bytes can't be resumed: the next try starts from nothing. */
	fill(p->depot, &wanted, SPAN("good"), &fd);
	assert_int_equal(depot_keep(p->depot, &wanted, fd), RB_OK);
	fd_close(&fd);
	assert_true(depot_has(p->depot, &wanted));
}

static void
finds_nothing_that_is_still_coming_in(void **state)
{
	struct place *p = *state;
	struct digest wanted;
	int fd = -1, found = -1;

	assert_int_equal(digest_of(SPAN("whole"), &wanted), RB_OK);
	fill(p->depot, &wanted, SPAN("who"), &fd);
	assert_int_equal(depot_get(p->depot, &wanted, &found), RB_ENOTFOUND);
	assert_int_equal(found, -1);
	fd_close(&fd);
}

static void
resumes_where_a_partial_file_ended(void **state)
{
	struct place *p = *state;
	struct digest wanted;
	uint64_t have = 0;
	int fd = -1;

	assert_int_equal(digest_of(SPAN("resumed"), &wanted), RB_OK);
	fill(p->depot, &wanted, SPAN("resum"), &fd);
	fd_close(&fd);
	assert_int_equal(depot_part(p->depot, &wanted, &fd, &have), RB_OK);
	assert_int_equal(have, 5);
	assert_int_equal(pwrite(fd, "ed", 2, 5), 2);
	assert_int_equal(depot_keep(p->depot, &wanted, fd), RB_OK);
	fd_close(&fd);
}

static void
lets_one_writer_fill_a_file(void **state)
{
	struct place *p = *state;
	struct digest wanted;
	uint64_t have = 0;
	int fd = -1, second = -1;

	assert_int_equal(digest_of(SPAN("x"), &wanted), RB_OK);
	fill(p->depot, &wanted, SPAN("x"), &fd);
	assert_int_equal(depot_part(p->depot, &wanted, &second, &have),
	    RB_EREFUSED);
	assert_int_equal(second, -1);
	fd_close(&fd);
}

static void
gives_nothing_to_who_kept_the_partial_file(void **state)
{
	struct place *p = *state;
	struct digest wanted;
	struct buf bytes = BUF_INIT;
	int fd = -1, kept = -1, found = -1;

	assert_int_equal(digest_of(SPAN("clean"), &wanted), RB_OK);
	fill(p->depot, &wanted, SPAN("clean"), &fd);
	kept = dup(fd);
	assert_int_not_equal(kept, -1);
	assert_int_equal(depot_keep(p->depot, &wanted, fd), RB_OK);
	/* rebuilder-net, say, that somebody took over. */
	assert_int_equal(pwrite(kept, "EVIL!", 5, 0), 5);
	assert_int_equal(depot_get(p->depot, &wanted, &found), RB_OK);
	assert_int_equal(file_read_fd(found, 100, &bytes), RB_OK);
	assert_true(span_equal_str(buf_span(&bytes), "clean"));
	buf_clear(&bytes);
	fd_close(&fd);
	fd_close(&kept);
	fd_close(&found);
}

static void *
add_again_and_again(void *arg)
{
	static const char bytes[100000] = "the same bytes";
	struct depot *d = arg;
	struct digest digest;
	int i;

	for (i = 0; i < 50; i++)
		if (depot_add_bytes(d, span_of(bytes, sizeof(bytes)),
			&digest) != RB_OK)
			return arg;
	return NULL;
}

static void
lets_two_add_the_same_bytes_at_once(void **state)
{
	struct place *p = *state;
	pthread_t threads[2];
	void *failed = NULL;
	size_t i;

	for (i = 0; i < 2; i++)
		assert_int_equal(pthread_create(&threads[i], NULL,
				     add_again_and_again, p->depot),
		    0);
	for (i = 0; i < 2; i++) {
		assert_int_equal(pthread_join(threads[i], &failed), 0);
		assert_null(failed);
	}
}

static void
gives_out_read_only_descriptors(void **state)
{
	struct place *p = *state;
	struct digest digest;
	int fd = -1;

	assert_int_equal(depot_add_bytes(p->depot, SPAN("bytes"), &digest),
	    RB_OK);
	assert_int_equal(depot_get(p->depot, &digest, &fd), RB_OK);
	assert_int_equal(write(fd, "x", 1), -1);
	fd_close(&fd);
}

static void
adds_the_same_bytes_once(void **state)
{
	struct place *p = *state;
	struct digest first, second;

	assert_int_equal(depot_add_bytes(p->depot, SPAN("bytes"), &first),
	    RB_OK);
	assert_int_equal(depot_add_bytes(p->depot, SPAN("bytes"), &second),
	    RB_OK);
	assert_true(digest_equal(&first, &second));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(keeps_nothing_but_the_bytes_that_were_named),
		cmocka_unit_test(finds_nothing_that_is_still_coming_in),
		cmocka_unit_test(resumes_where_a_partial_file_ended),
		cmocka_unit_test(lets_one_writer_fill_a_file),
		cmocka_unit_test(gives_nothing_to_who_kept_the_partial_file),
		cmocka_unit_test(lets_two_add_the_same_bytes_at_once),
		cmocka_unit_test(gives_out_read_only_descriptors),
		cmocka_unit_test(adds_the_same_bytes_once),
	};

	return cmocka_run_group_tests(tests, make_place, remove_place);
}
