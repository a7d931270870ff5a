/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/told/status.h"
#include "common/told/told.h"

#define ok(call) assert_int_equal(call, RB_OK)

static int
new_file(void)
{
	int fd = memfd_create("told", MFD_CLOEXEC);

	assert_int_not_equal(fd, -1);
	return fd;
}

static void
reads(int fd, const char *expected)
{
	struct buf out = BUF_INIT;

	ok(told_read(fd, 1000, &out));
	assert_true(span_equal_str(buf_span(&out), expected));
	buf_clear(&out);
}

static void
reads_not(int fd, size_t max, enum rb_err expected)
{
	struct buf out = BUF_INIT;

	assert_int_equal(told_read(fd, max, &out), expected);
	assert_int_equal(out.len, 0);
	buf_clear(&out);
}

static void
finds_nothing_where_nothing_was_told(void **state)
{
	int fd = new_file();

	(void)state;
	reads_not(fd, 1000, RB_ENOTFOUND);
	fd_close(&fd);
	reads_not(-1, 1000, RB_EIO);
}

static void
a_shorter_document_hides_what_was_longer(void **state)
{
	int fd = new_file();

	(void)state;
	ok(told_write(fd, SPAN("a document that is quite long")));
	reads(fd, "a document that is quite long");
	ok(told_write(fd, SPAN("short")));
	reads(fd, "short");
	ok(told_write(fd, SPAN("")));
	reads(fd, "");
	fd_close(&fd);
}

/* As a reader finds it who comes while it is written. */
static void
refuses_a_torn_document(void **state)
{
	uint8_t old[512], new[512], byte;
	ssize_t nold, nnew;
	int fd = new_file(), torn;
	ssize_t i;

	(void)state;
	ok(told_write(fd, SPAN("the old document, as it was")));
	nold = pread(fd, old, sizeof(old), 0);
	ok(told_write(fd, SPAN("one that is new")));
	nnew = pread(fd, new, sizeof(new), 0);
	assert_true(nold > 0 && nnew == nold);
	for (i = 1; i < nnew; i++) {
		torn = new_file();
		assert_int_equal(pwrite(torn, old, (size_t)nold, 0), nold);
		assert_int_equal(pwrite(torn, new, (size_t)i, 0), i);
		if (memcmp(old, new, (size_t)i) != 0 &&
		    memcmp(old + i, new + i, (size_t)(nnew - i)) != 0)
			reads_not(torn, 1000, RB_EFORMAT);
		fd_close(&torn);
	}
	/* And any bit that is wrong. */
	for (i = 0; i < 8 + 64 + 1; i++) {
		byte = new[i] ^ 1;
		assert_int_equal(pwrite(fd, &byte, 1, i), 1);
		reads_not(fd, 1000, RB_EFORMAT);
		assert_int_equal(pwrite(fd, &new[i], 1, i), 1);
	}
	reads(fd, "one that is new");
	fd_close(&fd);
}

static void
refuses_more_than_was_asked_for(void **state)
{
	uint8_t *big = calloc(1, TOLD_MAX + 1);
	int fd = new_file();

	(void)state;
	assert_non_null(big);
	assert_int_equal(told_write(fd, span_of(big, TOLD_MAX + 1)), RB_ELIMIT);
	ok(told_write(fd, span_of(big, TOLD_MAX)));
	reads_not(fd, 1000, RB_ELIMIT);
	ok(told_write(fd, span_of(big, 1001)));
	reads_not(fd, 1000, RB_ELIMIT);
	ok(told_write(fd, span_of(big, 1000)));
	free(big);
	fd_close(&fd);
}

static void
a_status_has_one_spelling(void **state)
{
	static const char *const wrong[] = { "", "status 1", "status 1\n",
		"status 2\ntime 1\n", "status 1\nstarted 1\ntime 1\n",
		"status 1\ntime 01\n", "status 1\ntime -1\n",
		"status 1\ntime 18446744073709551616\n" };
	struct status s, back;
	struct buf text = BUF_INIT, again = BUF_INIT;
	size_t i;

	(void)state;
	memset(&s, 0, sizeof(s));
	s.time = UINT64_MAX;
	s.unavailable = 7;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_not_equal(status_parse(span_of_str(wrong[i]), &back),
		    RB_OK);
	ok(status_write(&s, &text));
	for (i = 0; i < text.len; i++)
		assert_int_equal(status_parse(span_of(text.p, i), &back),
		    RB_EFORMAT);
	ok(status_parse(buf_span(&text), &back));
	assert_memory_equal(&s, &back, sizeof(s));
	ok(status_write(&back, &again));
	assert_true(span_equal(buf_span(&text), buf_span(&again)));
	ok(buf_put_str(&text, "more 1\n"));
	assert_int_equal(status_parse(buf_span(&text), &back), RB_EFORMAT);
	buf_clear(&text);
	buf_clear(&again);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_nothing_where_nothing_was_told),
		cmocka_unit_test(a_shorter_document_hides_what_was_longer),
		cmocka_unit_test(refuses_a_torn_document),
		cmocka_unit_test(refuses_more_than_was_asked_for),
		cmocka_unit_test(a_status_has_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
