/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "rebuilder/compare/compare_files.h"

/* Every read of the code under test passes here (linked with --wrap). */
ssize_t __real_pread(int fd, void *p, size_t len, off_t offset);
ssize_t __wrap_pread(int fd, void *p, size_t len, off_t offset);

static struct {
	ssize_t (*read)(int fd, void *p, size_t len, off_t offset);
	unsigned int calls;
	int fd; /* what the reader may spoil */
} hook;

ssize_t
__wrap_pread(int fd, void *p, size_t len, off_t offset)
{
	hook.calls++;
	if (hook.read != NULL)
		return hook.read(fd, p, len, offset);
	return __real_pread(fd, p, len, offset);
}

static struct hasher *hasher;

static int
start(void **state)
{
	(void)state;
	return hasher_new(&hasher) == RB_OK ? 0 : -1;
}

static int
stop(void **state)
{
	(void)state;
	hasher_free(&hasher);
	hasher_free(&hasher);
	return 0;
}

static int
unhook(void **state)
{
	(void)state;
	memset(&hook, 0, sizeof(hook));
	return 0;
}

/* A file of bytes that repeat with no power of two. */
static int
make_file(size_t len)
{
	uint8_t *p = malloc(len + 1);
	size_t i;
	int fd = memfd_create("test", MFD_CLOEXEC);

	assert_non_null(p);
	assert_int_not_equal(fd, -1);
	for (i = 0; i < len; i++)
		p[i] = (uint8_t)(i % 251);
	assert_int_equal(write(fd, p, len), (ssize_t)len);
	free(p);
	return fd;
}

static void
flip(int fd, off_t at)
{
	uint8_t byte;

	assert_int_equal(__real_pread(fd, &byte, 1, at), 1);
	byte ^= 0x20;
	assert_int_equal(pwrite(fd, &byte, 1, at), 1);
}

static enum rb_err
compare(int a, uint64_t offset, uint64_t len, int b, struct comparison *c)
{
	struct fault why = FAULT_INIT;
	enum rb_err rc;

	memset(c, 0x5a, sizeof(*c));
	c->same = false;
	rc = compare_files(hasher, a, offset, len, b, c, &why);
	if (rc == RB_OK)
		assert_string_equal(why.text, "");
	else
		assert_false(c->same);
	if (rc == RB_EFORMAT || rc == RB_EREFUSED)
		assert_string_not_equal(why.text, "");
	return rc;
}

static void
assert_digests_are_real(const struct comparison *c, int a, uint64_t offset,
    int b)
{
	struct digest d;

	assert_int_equal(digest_of_fd(a, offset, c->rebuilt_size, &d), RB_OK);
	assert_true(digest_equal(&d, &c->rebuilt));
	assert_int_equal(digest_of_fd(b, 0, c->published_size, &d), RB_OK);
	assert_true(digest_equal(&d, &c->published));
}

static void
assert_differs(size_t len, size_t at)
{
	int a = make_file(len), b = make_file(len);
	struct comparison c;

	flip(b, (off_t)at);
	assert_int_equal(compare(a, 0, len, b, &c), RB_OK);
	assert_false(c.same);
	assert_int_equal(c.offset, at);
	assert_int_equal(c.rebuilt_size, len);
	assert_int_equal(c.published_size, len);
	assert_digests_are_real(&c, a, 0, b);
	assert_false(digest_equal(&c.rebuilt, &c.published));
	close(a);
	close(b);
}

static void
finds_one_byte_anywhere_in_a_small_file(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < 300; i++)
		assert_differs(300, i);
}

static void
finds_one_byte_around_every_block_edge(void **state)
{
	static const size_t lens[] = { HASHER_BLOCK - 1, HASHER_BLOCK,
		HASHER_BLOCK + 1, 2 * HASHER_BLOCK, 2 * HASHER_BLOCK + 7 };
	size_t i, edge, at;

	(void)state;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		for (edge = 0; edge <= 2 * HASHER_BLOCK; edge += HASHER_BLOCK)
			for (at = edge < 2 ? 0 : edge - 2;
			    at < edge + 2 && at < lens[i]; at++)
				assert_differs(lens[i], at);
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++)
		assert_differs(lens[i], lens[i] - 1);
}

static void
finds_a_byte_far_behind_the_ring_of_blocks(void **state)
{
	(void)state;
	assert_differs(40 * HASHER_BLOCK + 1, 40 * HASHER_BLOCK);
}

static void
never_takes_the_front_of_a_file_for_the_file(void **state)
{
	static const size_t lens[] = { 0, 1, 299, HASHER_BLOCK - 1,
		HASHER_BLOCK, HASHER_BLOCK + 1, 2 * HASHER_BLOCK };
	struct comparison c;
	size_t i;
	int a, b;

	(void)state;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		a = make_file(lens[i]);
		b = make_file(lens[i] + 1);
		assert_int_equal(compare(a, 0, lens[i], b, &c), RB_OK);
		assert_false(c.same);
		assert_int_equal(c.offset, lens[i]);
		assert_int_equal(c.published_size, lens[i] + 1);
		assert_digests_are_real(&c, a, 0, b);

		assert_int_equal(compare(b, 0, lens[i] + 1, a, &c), RB_OK);
		assert_false(c.same);
		assert_int_equal(c.offset, lens[i]);
		assert_digests_are_real(&c, b, 0, a);
		close(a);
		close(b);
	}
}

static void
refuses_ranges_that_the_file_does_not_have(void **state)
{
	static const struct {
		const char *what;
		uint64_t offset, len;
	} t[] = {
		{ "one byte too many", 0, 101 },
		{ "one byte too many from one on", 1, 100 },
		{ "starts behind the end", 101, 0 },
		{ "sum wraps to 50", 100, UINT64_MAX - 49 },
		{ "offset with the sign bit", UINT64_MAX, 1 },
		{ "length with the sign bit", 0, UINT64_MAX },
		{ "just over what pread can address", INT64_MAX, 1 },
	};
	int a = make_file(100), b = make_file(100);
	struct comparison c;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(t) / sizeof(t[0]); i++) {
		print_message("%s\n", t[i].what);
		assert_int_equal(compare(a, t[i].offset, t[i].len, b, &c),
		    RB_EFORMAT);
	}
	close(a);
	close(b);
}

static void
refuses_a_file_compared_with_itself(void **state)
{
	int a = make_file(100), b = dup(a);
	struct comparison c;

	(void)state;
	assert_int_equal(compare(a, 0, 100, a, &c), RB_EREFUSED);
	assert_int_equal(compare(a, 0, 100, b, &c), RB_EREFUSED);
	close(a);
	close(b);
}

static void
refuses_what_has_no_size(void **state)
{
	int fds[2], a = make_file(10);
	struct comparison c;

	(void)state;
	assert_int_equal(pipe(fds), 0);
	assert_int_equal(compare(a, 0, 10, fds[0], &c), RB_EFORMAT);
	assert_int_equal(compare(fds[0], 0, 0, a, &c), RB_EFORMAT);
	close(fds[0]);
	close(fds[1]);
	assert_int_equal(compare(a, 0, 10, fds[0], &c), RB_EIO);
	close(a);
}

static void
refuses_what_may_not_be_read(void **state)
{
	int a = make_file(10), b = make_file(10);
	char name[64];
	struct comparison c;
	int w;

	(void)state;
	snprintf(name, sizeof(name), "/proc/self/fd/%d", b);
	w = open(name, O_WRONLY);
	assert_int_not_equal(w, -1);
	assert_int_equal(compare(a, 0, 10, w, &c), RB_EIO);
	assert_int_equal(compare(w, 0, 10, a, &c), RB_EIO);
	close(a);
	close(b);
	close(w);
}

static ssize_t
fail_third(int fd, void *p, size_t len, off_t offset)
{
	if (hook.calls == 3) {
		errno = EIO;
		return -1;
	}
	return __real_pread(fd, p, len, offset);
}

static void
a_failing_disk_is_no_answer(void **state)
{
	int a = make_file(3 * HASHER_BLOCK), b = make_file(3 * HASHER_BLOCK);
	struct comparison c;

	(void)state;
	hook.read = fail_third;
	assert_int_equal(compare(a, 0, 3 * HASHER_BLOCK, b, &c), RB_EIO);
	close(a);
	close(b);
}

static ssize_t
fail_last(int fd, void *p, size_t len, off_t offset)
{
	if (len == 1) {
		errno = EIO;
		return -1;
	}
	return __real_pread(fd, p, len, offset);
}

static void
a_failing_look_behind_the_end_is_no_answer(void **state)
{
	int a = make_file(100), b = make_file(100);
	struct comparison c;

	(void)state;
	hook.read = fail_last;
	assert_int_equal(compare(a, 0, 100, b, &c), RB_EIO);
	close(a);
	close(b);
}

static ssize_t
grow_at_first(int fd, void *p, size_t len, off_t offset)
{
	if (hook.calls == 1)
		assert_int_equal(pwrite(hook.fd, "x", 1, 100), 1);
	return __real_pread(fd, p, len, offset);
}

static void
a_published_file_that_grows_is_no_answer(void **state)
{
	int a = make_file(100), b = make_file(100);
	struct comparison c;

	(void)state;
	hook.read = grow_at_first;
	hook.fd = b;
	assert_int_equal(compare(a, 0, 100, b, &c), RB_EREFUSED);
	close(a);
	close(b);
}

static ssize_t
shrink_at_first(int fd, void *p, size_t len, off_t offset)
{
	if (hook.calls == 1)
		assert_int_equal(ftruncate(hook.fd, 50), 0);
	return __real_pread(fd, p, len, offset);
}

static void
a_file_that_shrinks_is_no_answer(void **state)
{
	struct comparison c;
	int a, b, i;

	(void)state;
	for (i = 0; i < 2; i++) {
		a = make_file(100);
		b = make_file(100);
		memset(&hook, 0, sizeof(hook));
		hook.read = shrink_at_first;
		hook.fd = i == 0 ? a : b;
		assert_int_equal(compare(a, 0, 100, b, &c), RB_EREFUSED);
		close(a);
		close(b);
	}
}

static ssize_t
mend_after_comparing(int fd, void *p, size_t len, off_t offset)
{
	if (hook.calls == 3)
		flip(hook.fd, 7);
	return __real_pread(fd, p, len, offset);
}

static void
a_difference_that_goes_away_is_no_answer(void **state)
{
	int a = make_file(100), b = make_file(100);
	struct comparison c;

	(void)state;
	flip(b, 7);
	hook.read = mend_after_comparing;
	hook.fd = b;
	assert_int_equal(compare(a, 0, 100, b, &c), RB_EREFUSED);
	close(a);
	close(b);
}

static ssize_t
read_little(int fd, void *p, size_t len, off_t offset)
{
	if (hook.calls % 5 == 0) {
		errno = EINTR;
		return -1;
	}
	/* Another amount for each side. */
	return __real_pread(fd, p, len < 1000 ? len : 900 + hook.calls % 97,
	    offset);
}

static void
short_and_interrupted_reads_change_nothing(void **state)
{
	size_t len = HASHER_BLOCK + 1234;
	int a = make_file(len), b = make_file(len);
	struct comparison c, plain;

	(void)state;
	assert_int_equal(compare(a, 0, len, b, &plain), RB_OK);
	hook.read = read_little;
	assert_int_equal(compare(a, 0, len, b, &c), RB_OK);
	assert_true(c.same);
	assert_true(digest_equal(&c.rebuilt, &plain.rebuilt));

	flip(b, (off_t)len - 1);
	assert_int_equal(compare(a, 0, len, b, &c), RB_OK);
	assert_false(c.same);
	assert_int_equal(c.offset, len - 1);
	close(a);
	close(b);
}

static void
equal_files_are_the_same_at_every_size(void **state)
{
	static const size_t lens[] = { 0, 1, 2, HASHER_BLOCK - 1, HASHER_BLOCK,
		HASHER_BLOCK + 1, 20 * HASHER_BLOCK + 3 };
	struct comparison c;
	size_t i;
	int a, b;

	(void)state;
	for (i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		a = make_file(lens[i]);
		b = make_file(lens[i]);
		assert_int_equal(compare(a, 0, lens[i], b, &c), RB_OK);
		assert_true(c.same);
		assert_int_equal(c.rebuilt_size, lens[i]);
		assert_int_equal(c.published_size, lens[i]);
		assert_true(digest_equal(&c.rebuilt, &c.published));
		assert_digests_are_real(&c, a, 0, b);
		close(a);
		close(b);
	}
}

static void
takes_the_range_and_not_its_neighbours(void **state)
{
	size_t len = HASHER_BLOCK + 5;
	int a = make_file(3 * 251 + len + 9), b = make_file(len);
	struct comparison c;

	(void)state;
	/* make_file repeats every 251 bytes. */
	assert_int_equal(compare(a, 3 * 251, len, b, &c), RB_OK);
	assert_true(c.same);
	flip(a, 3 * 251 - 1);
	flip(a, 3 * 251 + (off_t)len);
	assert_int_equal(compare(a, 3 * 251, len, b, &c), RB_OK);
	assert_true(c.same);
	assert_int_equal(compare(a, 3 * 251 + 1, len, b, &c), RB_OK);
	assert_false(c.same);
	assert_int_equal(c.offset, 0);
	close(a);
	close(b);
}

static void
a_difference_leaves_no_trace_in_the_next_digest(void **state)
{
	size_t len = 3 * HASHER_BLOCK;
	int a = make_file(len), b = make_file(len), d = make_file(len);
	struct comparison c;

	(void)state;
	flip(b, 2 * HASHER_BLOCK + 1);
	assert_int_equal(compare(a, 0, len, b, &c), RB_OK);
	assert_false(c.same);
	assert_int_equal(compare(a, 0, len, d, &c), RB_OK);
	assert_true(c.same);
	assert_digests_are_real(&c, a, 0, d);
	close(a);
	close(b);
	close(d);
}

#define CLAIM(f) cmocka_unit_test_teardown(f, unhook)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(finds_one_byte_anywhere_in_a_small_file),
		CLAIM(finds_one_byte_around_every_block_edge),
		CLAIM(finds_a_byte_far_behind_the_ring_of_blocks),
		CLAIM(never_takes_the_front_of_a_file_for_the_file),
		CLAIM(refuses_ranges_that_the_file_does_not_have),
		CLAIM(refuses_a_file_compared_with_itself),
		CLAIM(refuses_what_has_no_size),
		CLAIM(refuses_what_may_not_be_read),
		CLAIM(a_failing_disk_is_no_answer),
		CLAIM(a_failing_look_behind_the_end_is_no_answer),
		CLAIM(a_published_file_that_grows_is_no_answer),
		CLAIM(a_file_that_shrinks_is_no_answer),
		CLAIM(a_difference_that_goes_away_is_no_answer),
		CLAIM(short_and_interrupted_reads_change_nothing),
		CLAIM(equal_files_are_the_same_at_every_size),
		CLAIM(takes_the_range_and_not_its_neighbours),
		CLAIM(a_difference_leaves_no_trace_in_the_next_digest),
	};

	return cmocka_run_group_tests_name("compare", tests, start, stop);
}
