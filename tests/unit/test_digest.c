/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/digest.h"
#include "common/base/file.h"

/* FIPS 180-2, B.1 and the empty message */
#define ABC "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
#define EMPTY "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"

static void
assert_digest(const struct digest *d, const char *hex)
{
	char text[DIGEST_HEX_LEN + 1];

	digest_hex(d, text);
	assert_string_equal(text, hex);
}

static void
refuses_every_other_spelling(void **state)
{
	struct digest d = DIGEST_INIT;

	(void)state;
	assert_int_equal(digest_parse(SPAN(""), &d), RB_EFORMAT);
	assert_int_equal(digest_parse(span_of(ABC, 63), &d), RB_EFORMAT);
	assert_int_equal(digest_parse(SPAN(ABC "0"), &d), RB_EFORMAT);
	assert_int_equal(digest_parse(SPAN(ABC "\n"), &d), RB_EFORMAT);
	assert_int_equal(digest_parse(SPAN("BA7816BF8F01CFEA414140DE5DAE2223"
					   "B00361A396177A9CB410FF61F20015AD"),
			     &d),
	    RB_EFORMAT);
	assert_int_equal(digest_parse(SPAN(ABC), &d), RB_OK);
	assert_digest(&d, ABC);
}

static void
agrees_with_the_standard(void **state)
{
	struct digester *digester = NULL;
	struct digest d = DIGEST_INIT, again = DIGEST_INIT;
	struct span none = SPAN_INIT;

	(void)state;
	assert_int_equal(digest_of(SPAN("abc"), &d), RB_OK);
	assert_digest(&d, ABC);
	assert_int_equal(digest_of(none, &d), RB_OK);
	assert_digest(&d, EMPTY);

	assert_int_equal(digester_new(&digester), RB_OK);
	assert_int_equal(digester_put(digester, SPAN("a")), RB_OK);
	assert_int_equal(digester_put(digester, none), RB_OK);
	assert_int_equal(digester_put(digester, SPAN("bc")), RB_OK);
	assert_int_equal(digester_end(digester, &d), RB_OK);
	assert_digest(&d, ABC);
	/* The next one starts afresh. */
	assert_int_equal(digester_end(digester, &again), RB_OK);
	assert_digest(&again, EMPTY);
	assert_false(digest_equal(&d, &again));
	again.b[31] ^= 1;
	d = again;
	assert_true(digest_equal(&d, &again));
	assert_int_equal(digest_span(&d).len, DIGEST_LEN);
	digester_free(&digester);
	assert_null(digester);
	digester_free(&digester);
}

static void
a_part_of_a_file(void **state)
{
	struct digest d = DIGEST_INIT, whole = DIGEST_INIT;
	uint8_t *big;
	int fd = -1;
	const size_t len = 600 * 1024 + 7; /* more than two reads */

	(void)state;
	assert_int_equal(memory_file("t", SPAN("xxabcyy"), &fd), RB_OK);
	assert_int_equal(digest_of_fd(fd, 2, 3, &d), RB_OK);
	assert_digest(&d, ABC);
	assert_true(lseek(fd, 0, SEEK_CUR) == 0);
	assert_int_equal(digest_of_fd(fd, 7, 0, &d), RB_OK);
	assert_digest(&d, EMPTY);
	/* Less than was promised must never pass for all of it. */
	assert_int_equal(digest_of_fd(fd, 2, 6, &d), RB_EIO);
	assert_int_equal(digest_of_fd(fd, 8, 1, &d), RB_EIO);
	assert_int_equal(digest_of_fd(fd, UINT64_MAX, 1, &d), RB_ELIMIT);
	assert_int_equal(digest_of_fd(fd, 1, UINT64_MAX, &d), RB_ELIMIT);
	assert_int_equal(digest_of_fd(fd, 1, INT64_MAX, &d), RB_ELIMIT);
	assert_int_equal(digest_of_fd(-1, 0, 1, &d), RB_EIO);
	assert_digest(&d, EMPTY);
	fd_close(&fd);

	big = malloc(len);
	assert_non_null(big);
	memset(big, 'q', len);
	assert_int_equal(memory_file("t", span_of(big, len), &fd), RB_OK);
	assert_int_equal(digest_of(span_of(big, len), &whole), RB_OK);
	assert_int_equal(digest_of_fd(fd, 0, len, &d), RB_OK);
	assert_true(digest_equal(&d, &whole));
	fd_close(&fd);
	free(big);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_other_spelling),
		cmocka_unit_test(agrees_with_the_standard),
		cmocka_unit_test(a_part_of_a_file),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
