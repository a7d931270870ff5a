/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/sample.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "attestor/signer_state.h"
#include "common/base/file.h"
#include "common/process/node.h"

/* Number of the sync, from 0, that fails; it counts down. */
static long failing_sync = -1;

/* ld(1), --wrap */
int __real_fdatasync(int fd);
int __wrap_fdatasync(int fd);

int
__wrap_fdatasync(int fd)
{
	if (failing_sync < 0 || failing_sync-- > 0)
		return __real_fdatasync(fd);
	errno = EIO;
	return -1;
}

static struct digest
leaf(uint64_t n)
{
	struct digest d = DIGEST_INIT;

	assert_ok(digest_of(span_of(&n, sizeof(n)), &d));
	return d;
}

static struct signer_state
state_of(uint64_t size)
{
	const struct key_public key = { { 1, 2, 3 } };
	struct signer_state s = SIGNER_STATE_INIT;
	struct digest d;
	uint64_t i;

	assert_ok(signer_state_begin(SAMPLE_NODE, &key, &s));
	for (i = 0; i < size; i++) {
		d = leaf(i);
		assert_ok(signer_state_append(&s, &d));
	}
	return s;
}

static int
new_file(void)
{
	int fd = memfd_create("state", MFD_CLOEXEC | MFD_ALLOW_SEALING);

	assert_true(fd >= 0);
	return fd;
}

/* A file as a signer at `first` and `second` leaves it. */
static int
file_of(uint64_t first, uint64_t second)
{
	uint8_t copy[SIGNER_COPY_LEN];
	struct signer_state s = state_of(first);
	int fd = new_file();

	assert_ok(signer_state_write(&s, copy));
	assert_int_equal(pwrite(fd, copy, sizeof(copy), 0), sizeof(copy));
	s = state_of(second);
	assert_ok(signer_state_write(&s, copy));
	assert_int_equal(pwrite(fd, copy, sizeof(copy), SIGNER_COPY_LEN),
	    sizeof(copy));
	return fd;
}

static void
spoil(int fd, off_t at)
{
	uint8_t b = 0;

	assert_int_equal(pread(fd, &b, 1, at), 1);
	b ^= 0x40;
	assert_int_equal(pwrite(fd, &b, 1, at), 1);
}

static enum rb_err
load(int fd, uint64_t *size, struct fault *why)
{
	const struct signer_state begin = state_of(0);
	struct signer_state s = SIGNER_STATE_INIT;
	enum rb_err rc = signer_state_load(fd, &begin, &s, why);

	if (rc == RB_OK)
		*size = s.frontier.size;
	return rc;
}

/* Loads, and both copies are equal and whole after it. */
static void
assert_loads(int fd, uint64_t expected)
{
	const struct signer_state s = state_of(expected);
	uint8_t copy[SIGNER_COPY_LEN], found[SIGNER_COPY_LEN];
	struct fault why = FAULT_INIT;
	uint64_t size = 0;
	int i;

	if (load(fd, &size, &why) != RB_OK)
		fail_msg("%s", why.text);
	assert_int_equal(size, expected);
	assert_ok(signer_state_write(&s, copy));
	for (i = 0; i < 2; i++) {
		assert_int_equal(pread(fd, found, sizeof(found),
				     i * SIGNER_COPY_LEN),
		    sizeof(found));
		assert_memory_equal(found, copy, sizeof(copy));
	}
	close(fd);
}

static void
assert_refuses(int fd, enum rb_err expected)
{
	struct fault why = FAULT_INIT;
	uint64_t size = 99;

	assert_int_equal(load(fd, &size, &why), expected);
	assert_int_equal(size, 99);
	assert_true(why.text[0] != '\0');
	close(fd);
}

/* Every byte counts, padding too. */
static void
refuses_every_altered_byte(void **state)
{
	struct signer_state s = state_of(5), out = SIGNER_STATE_INIT;
	uint8_t copy[SIGNER_COPY_LEN];
	size_t i;

	(void)state;
	assert_ok(signer_state_write(&s, copy));
	for (i = 0; i < sizeof(copy); i++) {
		copy[i] ^= 1;
		assert_int_equal(signer_state_parse(copy, &out), RB_EDIGEST);
		copy[i] ^= 1;
	}
	assert_ok(signer_state_parse(copy, &out));
}

static void
seal(uint8_t copy[SIGNER_COPY_LEN])
{
	struct digest sum = DIGEST_INIT;

	assert_ok(digest_of(span_of(copy, SIGNER_COPY_LEN - DIGEST_LEN), &sum));
	memcpy(copy + SIGNER_COPY_LEN - DIGEST_LEN, sum.b, DIGEST_LEN);
}

/* With a right sum: written by something that is not us. */
static void
refuses_every_other_spelling(void **state)
{
	static const struct {
		const char *why;
		size_t at;
		uint8_t byte;
		enum rb_err rc;
	} wrong[] = {
		{ "another magic", 0, 'Q', RB_EFORMAT },
		{ "another version", 13, '2', RB_EFORMAT },
		{ "fewer leaves than roots", 15 + 7, 0, RB_EFORMAT },
		{ "a size that no tree has", 15, 0xff, RB_ELIMIT },
		{ "a size above the limit by one bit", 15, 0x80, RB_ELIMIT },
		{ "bytes in the padding", 4000, 1, RB_EFORMAT },
		{ "a root too many", 15 + 8 + 64 + 64, 1, RB_EFORMAT },
	};
	struct signer_state s = state_of(4), out = SIGNER_STATE_INIT;
	uint8_t copy[SIGNER_COPY_LEN];
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		assert_ok(signer_state_write(&s, copy));
		copy[wrong[i].at] = wrong[i].byte;
		seal(copy);
		rc = signer_state_parse(copy, &out);
		if (rc != wrong[i].rc)
			fail_msg("%s: %s", wrong[i].why, err_name(rc));
	}
}

static void
refuses_a_last_leaf_in_an_empty_log(void **state)
{
	struct signer_state s = state_of(0), out = SIGNER_STATE_INIT;
	uint8_t copy[SIGNER_COPY_LEN];

	(void)state;
	s.last = leaf(1);
	assert_ok(signer_state_write(&s, copy));
	assert_int_equal(signer_state_parse(copy, &out), RB_EFORMAT);
}

static void
refuses_a_file_of_another_log(void **state)
{
	const struct key_public key = { { 9 } };
	struct signer_state other = SIGNER_STATE_INIT;
	int fd = new_file();

	(void)state;
	assert_ok(signer_state_begin(SAMPLE_NODE, &key, &other));
	assert_ok(signer_state_save(fd, &other));
	assert_refuses(dup(fd), RB_EREFUSED);
	assert_ok(signer_state_begin("rebuilder.example/other",
	    &(struct key_public){ { 1, 2, 3 } }, &other));
	assert_ok(signer_state_save(fd, &other));
	assert_refuses(fd, RB_EREFUSED);
}

static void
refuses_what_no_crash_leaves_behind(void **state)
{
	int fd;

	(void)state;
	assert_refuses(file_of(4, 5),
	    RB_ESTALE); /* the first is never behind */
	assert_refuses(file_of(7, 5), RB_ESTALE); /* nor two ahead */
	fd = file_of(5, 5);
	spoil(fd, 100);
	spoil(fd, SIGNER_COPY_LEN + 100);
	assert_refuses(fd, RB_EFORMAT);
}

static void
refuses_a_first_copy_that_does_not_continue_the_second(void **state)
{
	struct signer_state s = state_of(6);
	uint8_t copy[SIGNER_COPY_LEN];
	int fd = file_of(6, 5);

	(void)state;
	s.frontier.roots[0] = leaf(99);
	assert_ok(signer_state_write(&s, copy));
	assert_int_equal(pwrite(fd, copy, sizeof(copy), 0), sizeof(copy));
	assert_refuses(fd, RB_ESTALE);
}

/* Never from anew: a file that once held a state is not empty. */
static void
refuses_a_file_cut_short(void **state)
{
	int fd = file_of(5, 5);

	(void)state;
	assert_int_equal(ftruncate(fd, 1), 0);
	assert_refuses(dup(fd), RB_EFORMAT);
	assert_int_equal(ftruncate(fd, SIGNER_COPY_LEN - 1), 0);
	assert_refuses(fd, RB_EFORMAT);
}

static void
every_torn_write_leaves_the_old_state_or_the_new(void **state)
{
	const struct signer_state next = state_of(6);
	uint8_t copy[SIGNER_COPY_LEN];
	size_t cut;
	int fd;

	(void)state;
	assert_ok(signer_state_write(&next, copy));
	for (cut = 0; cut <= SIGNER_COPY_LEN; cut += 64) {
		fd = file_of(5, 5);
		assert_int_equal(pwrite(fd, copy, cut, 0), (ssize_t)cut);
		/* What differs ends before the padding, but for the sum. */
		assert_loads(fd, cut == SIGNER_COPY_LEN ? 6 : 5);
		fd = file_of(6, 5);
		assert_int_equal(pwrite(fd, copy, cut, SIGNER_COPY_LEN),
		    (ssize_t)cut);
		assert_loads(fd, 6);
	}
}

static void
one_rotten_copy_rolls_nothing_back(void **state)
{
	int fd;

	(void)state;
	fd = file_of(5, 5);
	spoil(fd, 200);
	assert_loads(fd, 5);
	fd = file_of(5, 5);
	spoil(fd, SIGNER_COPY_LEN + 200);
	assert_loads(fd, 5);
}

static void
only_the_line_of_init_begins_a_log(void **state)
{
	static const struct span wrong[] = {
		SPAN_INIT, /* what a full disk leaves */
		{ (const uint8_t *)"new log", 7 },
		{ (const uint8_t *)"new log\n\n", 9 },
		{ (const uint8_t *)"old log\n", 8 },
		{ (const uint8_t *)"\0\0\0\0\0\0\0\0", 8 },
	};
	struct signer_state begin = state_of(0), s;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		fd = new_file();
		assert_ok(file_write_fd(fd, wrong[i]));
		assert_int_equal(signer_state_load(fd, &begin, &s, NULL),
		    RB_EFORMAT);
		fd_close(&fd);
	}
	fd = new_file();
	assert_ok(file_write_fd(fd, SPAN(NODE_STATE_NEW)));
	assert_loads(fd, 0);
}

/* A begin of which the disk has these bytes, and zeros or no end for others. */
static int
begun_file(size_t first, size_t second, size_t size)
{
	const struct signer_state begin = state_of(0);
	uint8_t copy[SIGNER_COPY_LEN];
	int fd = new_file();

	assert_ok(file_write_fd(fd, SPAN(NODE_STATE_NEW)));
	assert_ok(signer_state_write(&begin, copy));
	assert_int_equal(ftruncate(fd, (off_t)size), 0);
	assert_int_equal(pwrite(fd, copy, second, SIGNER_COPY_LEN),
	    (ssize_t)second);
	assert_int_equal(pwrite(fd, copy, first, 0), (ssize_t)first);
	return fd;
}

static void
every_torn_begin_is_begun_again(void **state)
{
	size_t cut;

	(void)state;
	for (cut = 0; cut <= SIGNER_COPY_LEN; cut += 512) {
		assert_loads(begun_file(0, 0, cut < 8 ? 8 : cut), 0);
		assert_loads(begun_file(0, 0, SIGNER_COPY_LEN + cut), 0);
		assert_loads(begun_file(0, cut, 8), 0);
		assert_loads(begun_file(0, cut, 2 * SIGNER_COPY_LEN), 0);
		assert_loads(begun_file(cut, SIGNER_COPY_LEN, 8), 0);
	}
}

static void
nothing_else_behind_the_line_of_init_begins_a_log(void **state)
{
	int fd;

	(void)state;
	/* What a torn begin never is: it has another byte than ours. */
	fd = begun_file(0, SIGNER_COPY_LEN, 8);
	spoil(fd, SIGNER_COPY_LEN + 100);
	assert_refuses(fd, RB_EFORMAT);
	fd = begun_file(0, 0, 2 * SIGNER_COPY_LEN);
	spoil(fd, 100);
	assert_refuses(fd, RB_EFORMAT);
	/* The other copy has leaves: they count. */
	fd = file_of(5, 5);
	assert_int_equal(pwrite(fd, NODE_STATE_NEW, 8, 0), 8);
	assert_loads(fd, 5);
	/* A file that is longer is none of ours. */
	assert_refuses(begun_file(0, 0, 2 * SIGNER_COPY_LEN + 1), RB_EFORMAT);
}

static void
what_is_saved_is_loaded(void **state)
{
	uint64_t size;

	(void)state;
	for (size = 0; size < 70; size++) {
		const struct signer_state s = state_of(size);
		int fd = new_file();

		assert_ok(signer_state_save(fd, &s));
		assert_loads(fd, size);
	}
}

/* A full disk at the first copy: the second still has the old state. */
static void
a_failed_write_is_an_error_and_loses_nothing(void **state)
{
	const struct signer_state next = state_of(6);
	uint8_t before[2 * SIGNER_COPY_LEN], after[2 * SIGNER_COPY_LEN];
	int fd = file_of(5, 5);

	(void)state;
	assert_int_equal(pread(fd, before, sizeof(before), 0), sizeof(before));
	assert_int_equal(fcntl(fd, F_ADD_SEALS, F_SEAL_WRITE), 0);
	assert_int_equal(signer_state_save(fd, &next), RB_EIO);
	assert_int_equal(pread(fd, after, sizeof(after), 0), sizeof(after));
	assert_memory_equal(before, after, sizeof(before));
	close(fd);
}

/* Loads with its sync number `n` failing; whether there were so many. */
static bool
load_fails_at(int fd, long n, uint64_t *size)
{
	const struct signer_state begin = state_of(0);
	struct signer_state s = SIGNER_STATE_INIT;
	struct fault why = FAULT_INIT;
	enum rb_err rc;
	bool has_failed;

	failing_sync = n;
	rc = signer_state_load(fd, &begin, &s, &why);
	has_failed = failing_sync == -1;
	failing_sync = -1;
	assert_int_equal(rc, has_failed ? RB_EIO : RB_OK);
	assert_int_equal(why.text[0] != '\0', has_failed);
	*size = s.frontier.size;
	return has_failed;
}

/*
 * After a failed sync the copies are equal in the page cache and not on the
 * disk: no start may take them for durable.
 */
static void
nothing_is_loaded_before_both_copies_are_synced(void **state)
{
	static const uint64_t firsts[] = { 5, 6 };
	uint64_t size = 0;
	size_t i;
	long n;
	int fd;

	(void)state;
	for (i = 0; i < 2; i++) {
		fd = file_of(firsts[i], 5);
		for (n = 0; load_fails_at(fd, n, &size); n++)
			assert_int_equal(size, 0);
		assert_int_equal(n, 2);
		assert_int_equal(size, firsts[i]);
		close(fd);
	}
}

static void
a_failed_sync_is_an_error_and_the_next_start_repeats_it(void **state)
{
	const struct signer_state next = state_of(6);
	uint64_t size = 0;
	long n;
	int fd;

	(void)state;
	for (n = 0; n < 2; n++) {
		fd = file_of(5, 5);
		failing_sync = n;
		assert_int_equal(signer_state_save(fd, &next), RB_EIO);
		assert_int_equal(failing_sync, -1);
		assert_true(load_fails_at(fd, 0, &size));
		assert_true(load_fails_at(fd, 1, &size));
		assert_loads(fd, 6);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_altered_byte),
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(refuses_a_last_leaf_in_an_empty_log),
		cmocka_unit_test(refuses_a_file_of_another_log),
		cmocka_unit_test(refuses_what_no_crash_leaves_behind),
		cmocka_unit_test(
		    refuses_a_first_copy_that_does_not_continue_the_second),
		cmocka_unit_test(refuses_a_file_cut_short),
		cmocka_unit_test(
		    every_torn_write_leaves_the_old_state_or_the_new),
		cmocka_unit_test(one_rotten_copy_rolls_nothing_back),
		cmocka_unit_test(only_the_line_of_init_begins_a_log),
		cmocka_unit_test(every_torn_begin_is_begun_again),
		cmocka_unit_test(
		    nothing_else_behind_the_line_of_init_begins_a_log),
		cmocka_unit_test(what_is_saved_is_loaded),
		cmocka_unit_test(a_failed_write_is_an_error_and_loses_nothing),
		cmocka_unit_test(
		    nothing_is_loaded_before_both_copies_are_synced),
		cmocka_unit_test(
		    a_failed_sync_is_an_error_and_the_next_start_repeats_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
