/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/process/msg.h"
#include "rebuilder/published.h"

/* As rebuilder-judge writes it; `content` stands for the bytes. */
static void
put_record(struct buf *b, const char *name, const char *version,
    const char *path, const char *content)
{
	struct digest d;

	assert_int_equal(digest_of(span_of_str(content), &d), RB_OK);
	assert_int_equal(put_text(b, name), RB_OK);
	assert_int_equal(put_text(b, version), RB_OK);
	assert_int_equal(put_text(b, "amd64"), RB_OK);
	assert_int_equal(put_text(b, path), RB_OK);
	assert_int_equal(put_u64(b, strlen(content)), RB_OK);
	assert_int_equal(put_digest(b, &d), RB_OK);
	assert_int_equal(put_u8(b, 0), RB_OK);
}

static void
take(struct trip *t, const struct repository *from, uint32_t n, struct buf *b)
{
	struct span in = buf_span(b);

	assert_int_equal(published_take(t, from, n, &in), RB_OK);
	assert_int_equal(in.len, 0);
	buf_reset(b);
}

static void
refuses_records_that_are_cut_short(void **state)
{
	struct repository suite = { .suite = NULL };
	struct buf b = BUF_INIT;
	struct trip t;
	struct span in;
	size_t len;

	(void)state;
	put_record(&b, "a", "1", "pool/a.deb", "x");
	for (len = 0; len < b.len; len++) {
		trip_init(&t);
		in = span_of(b.p, len);
		assert_int_not_equal(published_take(&t, &suite, 1, &in), RB_OK);
		trip_clear(&t);
	}
	trip_init(&t);
	in = buf_span(&b);
	assert_int_equal(published_take(&t, &suite, UINT32_MAX, &in),
	    RB_ELIMIT);
	trip_clear(&t);
	buf_clear(&b);
}

static void
knows_one_file_wherever_it_is_found_again(void **state)
{
	struct repository stable = { .suite = NULL };
	struct repository testing = { .suite = NULL };
	struct buf b = BUF_INIT;
	struct trip t;

	(void)state;
	trip_init(&t);
	put_record(&b, "a", "1", "pool/a.deb", "x");
	put_record(&b, "b", "1", "pool/b.deb", "y");
	take(&t, &stable, 2, &b);
	/* The same, elsewhere. */
	put_record(&b, "a", "1", "pool/testing/a.deb", "x");
	take(&t, &testing, 1, &b);
	assert_int_equal(t.published.n, 2);
	assert_ptr_equal(t.published.list[0].from, &stable);
	assert_string_equal(t.published.list[0].path, "pool/a.deb");
	/* Other bytes under the same name are another file. */
	put_record(&b, "a", "1", "pool/testing/a.deb", "z");
	take(&t, &testing, 1, &b);
	assert_int_equal(t.published.n, 3);
	assert_ptr_equal(t.published.list[2].from, &testing);
	/* And so is another package with the same bytes. */
	put_record(&b, "c", "1", "pool/c.deb", "x");
	take(&t, &testing, 1, &b);
	assert_int_equal(t.published.n, 4);
	trip_clear(&t);
	buf_clear(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_records_that_are_cut_short),
		cmocka_unit_test(knows_one_file_wherever_it_is_found_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
