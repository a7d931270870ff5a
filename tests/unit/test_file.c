/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"

static char dir_name[] = "/tmp/rb-file-XXXXXX";
static int dir = -1;

static int
setup(void **state)
{
	(void)state;
	if (mkdtemp(dir_name) == NULL)
		return -1;
	dir = open(dir_name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	return dir < 0 ? -1 : 0;
}

static int
teardown(void **state)
{
	static const char *const names[] = { "a", "a.new", "b", "link",
		"pipe" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		(void)unlinkat(dir, names[i], 0);
	fd_close(&dir);
	return rmdir(dir_name);
}

static void
assert_content(const char *name, const char *text)
{
	struct buf b = BUF_INIT;

	assert_int_equal(file_read_at(dir, name, 1000, &b), RB_OK);
	assert_true(span_equal_str(buf_span(&b), text));
	buf_clear(&b);
}

static void
reads_no_more_than_the_limit(void **state)
{
	struct buf b = BUF_INIT;
	size_t limit;
	char *big;
	int fd = -1;

	(void)state;
	assert_int_equal(buf_put_str(&b, "kept"), RB_OK);
	assert_int_equal(memory_file("t", SPAN("12345"), &fd), RB_OK);
	for (limit = 0; limit < 5; limit++) {
		assert_true(lseek(fd, 0, SEEK_SET) == 0);
		assert_int_equal(file_read_fd(fd, limit, &b), RB_ELIMIT);
		assert_true(span_equal_str(buf_span(&b), "kept"));
	}
	assert_true(lseek(fd, 0, SEEK_SET) == 0);
	assert_int_equal(file_read_fd(fd, 5, &b), RB_OK);
	assert_true(span_equal_str(buf_span(&b), "kept12345"));
	assert_true(lseek(fd, 2, SEEK_SET) == 2);
	buf_reset(&b);
	assert_int_equal(file_read_fd(fd, SIZE_MAX, &b), RB_OK);
	assert_true(span_equal_str(buf_span(&b), "345"));
	assert_int_equal(file_read_fd(-1, 5, &b), RB_EIO);
	fd_close(&fd);
	assert_int_equal(fd, -1);
	fd_close(&fd);

	big = calloc(1, 100000);
	assert_non_null(big);
	assert_int_equal(memory_file("t", span_of(big, 100000), &fd), RB_OK);
	assert_true(lseek(fd, 0, SEEK_SET) == 0);
	buf_reset(&b);
	assert_int_equal(file_read_fd(fd, 99999, &b), RB_ELIMIT);
	assert_true(lseek(fd, 0, SEEK_SET) == 0);
	assert_int_equal(file_read_fd(fd, 100000, &b), RB_OK);
	assert_int_equal(b.len, 100000);
	fd_close(&fd);
	free(big);
	buf_clear(&b);
}

static void
reads_files_not_links_nor_waits_for_pipes(void **state)
{
	struct buf b = BUF_INIT;

	(void)state;
	assert_int_equal(file_read_at(dir, "absent", 10, &b), RB_ENOTFOUND);
	assert_int_equal(symlinkat("a", dir, "link"), 0);
	assert_int_equal(file_read_at(dir, "link", 10, &b), RB_EREFUSED);
	assert_int_equal(mkfifoat(dir, "pipe", 0600), 0);
	assert_int_equal(file_read_at(dir, "pipe", 10, &b), RB_OK);
	assert_int_equal(b.len, 0);
	assert_int_equal(file_read_at(dir, ".", 10, &b), RB_EIO);
	buf_clear(&b);
}

static void
replaces_a_file_whole(void **state)
{
	struct stat st;

	(void)state;
	(void)umask(077);
	assert_int_equal(file_replace_at(dir, "a", SPAN("one"), 0644), RB_OK);
	assert_content("a", "one");
	assert_int_equal(fstatat(dir, "a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0644);
	assert_int_equal(file_replace_at(dir, "a", SPAN(""), 0400), RB_OK);
	assert_content("a", "");
	assert_int_equal(fstatat(dir, "a", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0400);
	assert_int_equal(file_replace_at(dir, "a", SPAN("two"), 0600), RB_OK);
	assert_content("a", "two");
	assert_int_not_equal(faccessat(dir, "a.new", F_OK, 0), 0);
}

/* What lies under the temporary name is neither followed nor reused. */
static void
replaces_in_spite_of_leftovers(void **state)
{
	struct stat st;

	(void)state;
	assert_int_equal(file_replace_at(dir, "b", SPAN("other"), 0600), RB_OK);
	assert_int_equal(symlinkat("b", dir, "a.new"), 0);
	assert_int_equal(file_replace_at(dir, "a", SPAN("three"), 0600), RB_OK);
	assert_content("a", "three");
	assert_content("b", "other");
	assert_int_equal(linkat(dir, "b", dir, "a.new", 0), 0);
	assert_int_equal(file_replace_at(dir, "a", SPAN("four"), 0600), RB_OK);
	assert_content("a", "four");
	assert_content("b", "other");
	assert_int_equal(fstatat(dir, "b", &st, 0), 0);
	assert_int_equal(st.st_nlink, 1);
}

static void
a_failed_replace_leaves_the_old(void **state)
{
	struct rlimit limit = { 2, 2 }, before;
	void (*handler)(int);
	char name[300];
	int at = -1;

	(void)state;
	assert_int_equal(file_replace_at(dir, "a", SPAN("old"), 0600), RB_OK);
	assert_int_equal(file_replace_at(dir, "x/a", SPAN(""), 0600),
	    RB_EINTERNAL);
	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	assert_int_equal(file_replace_at(dir, name, SPAN(""), 0600), RB_ELIMIT);
	assert_int_equal(file_replace_at(at, "a", SPAN(""), 0600), RB_EIO);

	/* The disk is full after two bytes. */
	handler = signal(SIGXFSZ, SIG_IGN);
	assert_int_equal(getrlimit(RLIMIT_FSIZE, &before), 0);
	limit.rlim_max = before.rlim_max;
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &limit), 0);
	assert_int_equal(file_replace_at(dir, "a", SPAN("newer"), 0600),
	    RB_EIO);
	assert_int_equal(setrlimit(RLIMIT_FSIZE, &before), 0);
	(void)signal(SIGXFSZ, handler);
	assert_content("a", "old");
	assert_int_not_equal(faccessat(dir, "a.new", F_OK, 0), 0);
}

static void
copies_exactly_what_was_asked(void **state)
{
	struct buf b = BUF_INIT;
	int from = -1, to;

	(void)state;
	assert_int_equal(memory_file("t", SPAN("0123456789"), &from), RB_OK);
	to = memfd_create("to", MFD_CLOEXEC);
	assert_true(to >= 0);
	assert_int_equal(file_copy_range(from, 2, 3, to), RB_OK);
	assert_int_equal(file_copy_range(from, 9, 1, to), RB_OK);
	assert_int_equal(file_copy_range(from, 9, 0, to), RB_OK);
	assert_true(lseek(to, 0, SEEK_SET) == 0);
	assert_int_equal(file_read_fd(to, 100, &b), RB_OK);
	assert_true(span_equal_str(buf_span(&b), "2349"));
	assert_int_equal(file_copy_range(from, 9, 2, to), RB_EIO);
	assert_int_equal(file_copy_range(from, UINT64_MAX, 2, to), RB_ELIMIT);
	assert_int_equal(file_copy_range(from, 2, UINT64_MAX, to), RB_ELIMIT);
	assert_int_equal(file_copy_range(from, 0, 1, from), RB_EIO);
	buf_clear(&b);
	fd_close(&from);
	fd_close(&to);
}

static void
a_size_is_a_regular_files(void **state)
{
	uint64_t size = 42;
	int ends[2] = { -1, -1 };
	int fd = -1;

	(void)state;
	assert_int_equal(pipe2(ends, O_CLOEXEC), 0);
	assert_int_equal(file_size(ends[0], &size), RB_EFORMAT);
	assert_int_equal(file_size(dir, &size), RB_EFORMAT);
	assert_int_equal(file_size(-1, &size), RB_EIO);
	assert_int_equal(size, 42);
	assert_int_equal(memory_file("t", SPAN("123"), &fd), RB_OK);
	assert_int_equal(file_size(fd, &size), RB_OK);
	assert_int_equal(size, 3);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
	fd_close(&fd);
}

static void
a_memory_file_never_changes(void **state)
{
	char byte = 0;
	void *p;
	int fd = -1;

	(void)state;
	assert_int_equal(memory_file("t", SPAN("123"), &fd), RB_OK);
	assert_int_equal(pwrite(fd, "x", 1, 0), -1);
	assert_int_equal(pwrite(fd, "x", 1, 3), -1);
	assert_int_equal(ftruncate(fd, 0), -1);
	assert_int_equal(ftruncate(fd, 4), -1);
	p = mmap(NULL, 3, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	assert_ptr_equal(p, MAP_FAILED);
	assert_int_equal(read(fd, &byte, 1), 1);
	assert_int_equal(byte, '1');
	fd_close(&fd);
}

static void
closing_keeps_errno(void **state)
{
	int fd = 1000000;

	(void)state;
	errno = EXDEV;
	fd_close(&fd);
	assert_int_equal(errno, EXDEV);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(reads_no_more_than_the_limit),
		cmocka_unit_test(reads_files_not_links_nor_waits_for_pipes),
		cmocka_unit_test(replaces_a_file_whole),
		cmocka_unit_test(replaces_in_spite_of_leftovers),
		cmocka_unit_test(a_failed_replace_leaves_the_old),
		cmocka_unit_test(copies_exactly_what_was_asked),
		cmocka_unit_test(a_size_is_a_regular_files),
		cmocka_unit_test(a_memory_file_never_changes),
		cmocka_unit_test(closing_keeps_errno),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
