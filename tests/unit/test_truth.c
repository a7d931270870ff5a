/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/sample.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "attestor/truth.h"

struct fixture {
	char *directory;
	struct truth *truth;
};

static int
set_up(void **state)
{
	struct fixture *f = calloc(1, sizeof(*f));

	assert_non_null(f);
	f->directory = sample_directory();
	assert_ok(truth_open(f->directory, &f->truth, NULL));
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	struct fixture *f = *state;

	truth_close(&f->truth);
	sample_remove(f->directory);
	free(f);
	return 0;
}

static void
open_again(struct fixture *f)
{
	truth_close(&f->truth);
	assert_ok(truth_open(f->directory, &f->truth, NULL));
}

static void
assert_size(struct truth *t, uint64_t expected)
{
	uint64_t size = 99;

	assert_ok(truth_size(t, &size));
	assert_int_equal(size, expected);
}

static void
nothing_is_in_an_empty_truth(void **state)
{
	struct fixture *f = *state;
	struct digest d = DIGEST_INIT;
	struct buf b = BUF_INIT;
	uint64_t index = 7;

	assert_size(f->truth, 0);
	assert_int_equal(truth_leaf(f->truth, 0, &b), RB_ENOTFOUND);
	assert_int_equal(truth_find(f->truth, &d, &index), RB_ENOTFOUND);
	assert_int_equal(truth_blob(f->truth, &d, &b), RB_ENOTFOUND);
	assert_int_equal(truth_has_blob(f->truth, &d), RB_ENOTFOUND);
	assert_int_equal(truth_checkpoint(f->truth, &b), RB_ENOTFOUND);
	assert_int_equal(truth_pending(f->truth, &b), RB_ENOTFOUND);
	assert_int_equal(truth_forget(f->truth), RB_ENOTFOUND);
	assert_int_equal(index, 7);
	assert_null(b.p);
}

static void
nothing_is_committed_that_was_not_pending(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(truth_commit(f->truth, 0, SPAN("e"), SPAN("n")),
	    RB_ENOTFOUND);
	assert_size(f->truth, 0);
}

static void
one_statement_is_pending_at_a_time(void **state)
{
	struct fixture *f = *state;
	struct truth_blob blob = { DIGEST_INIT, BUF_INIT };
	struct buf b = BUF_INIT;

	assert_ok(truth_journal(f->truth, SPAN("one"), NULL, 0));
	/* Nor do its blobs come in. */
	assert_int_equal(truth_journal(f->truth, SPAN("two"), &blob, 1),
	    RB_EREFUSED);
	assert_int_equal(truth_has_blob(f->truth, &blob.digest), RB_ENOTFOUND);
	assert_ok(truth_pending(f->truth, &b));
	assert_true(span_equal_str(buf_span(&b), "one"));
	buf_clear(&b);
}

static void
a_leaf_has_the_next_index_or_none(void **state)
{
	struct fixture *f = *state;
	struct buf b = BUF_INIT;

	assert_ok(truth_journal(f->truth, SPAN("one"), NULL, 0));
	assert_int_equal(truth_commit(f->truth, 1, SPAN("e"), SPAN("n")),
	    RB_EREFUSED);
	/* Still pending: nothing of a refused commit stays. */
	assert_ok(truth_pending(f->truth, &b));
	assert_int_equal(truth_checkpoint(f->truth, &b), RB_ENOTFOUND);
	assert_ok(truth_commit(f->truth, 0, SPAN("e"), SPAN("n")));
	assert_int_equal(truth_pending(f->truth, &b), RB_ENOTFOUND);
	buf_clear(&b);
}

static void
a_statement_is_one_leaf_only(void **state)
{
	struct fixture *f = *state;

	assert_ok(truth_journal(f->truth, SPAN("one"), NULL, 0));
	assert_ok(truth_commit(f->truth, 0, SPAN("e"), SPAN("n")));
	assert_ok(truth_journal(f->truth, SPAN("one"), NULL, 0));
	assert_int_equal(truth_commit(f->truth, 1, SPAN("e"), SPAN("n")),
	    RB_EREFUSED);
	assert_size(f->truth, 1);
}

static void
a_truth_belongs_to_one_key(void **state)
{
	struct fixture *f = *state;

	assert_ok(truth_bind(f->truth, SPAN("key")));
	assert_ok(truth_bind(f->truth, SPAN("key")));
	open_again(f);
	assert_int_equal(truth_bind(f->truth, SPAN("other")), RB_EREFUSED);
	assert_ok(truth_bind(f->truth, SPAN("key")));
}

static void
what_is_pending_outlives_us_with_its_blobs(void **state)
{
	struct fixture *f = *state;
	struct truth_blob blobs[2] = { { DIGEST_INIT, BUF_INIT },
		{ DIGEST_INIT, BUF_INIT } };
	struct buf b = BUF_INIT;
	size_t i;

	for (i = 0; i < 2; i++) {
		blobs[i].bytes = sample_log(i);
		assert_ok(
		    digest_of(buf_span(&blobs[i].bytes), &blobs[i].digest));
	}
	assert_ok(truth_journal(f->truth, SPAN("one"), blobs, 2));
	open_again(f);
	assert_ok(truth_pending(f->truth, &b));
	assert_true(span_equal_str(buf_span(&b), "one"));
	for (i = 0; i < 2; i++) {
		assert_ok(truth_has_blob(f->truth, &blobs[i].digest));
		assert_ok(truth_blob(f->truth, &blobs[i].digest, &b));
		assert_true(
		    span_equal(buf_span(&b), buf_span(&blobs[i].bytes)));
	}
	/* The same blob again is no error. */
	assert_ok(truth_forget(f->truth));
	assert_ok(truth_journal(f->truth, SPAN("two"), blobs, 2));
	for (i = 0; i < 2; i++)
		buf_clear(&blobs[i].bytes);
	buf_clear(&b);
}

static void
a_committed_leaf_outlives_us(void **state)
{
	struct fixture *f = *state;
	struct digest d = DIGEST_INIT;
	struct buf b = BUF_INIT;
	uint64_t index = 99;

	assert_ok(truth_journal(f->truth, SPAN("zero"), NULL, 0));
	assert_ok(truth_commit(f->truth, 0, SPAN("e0"), SPAN("n0")));
	assert_ok(truth_journal(f->truth, SPAN("one"), NULL, 0));
	assert_ok(truth_commit(f->truth, 1, SPAN("e1"), SPAN("n1")));
	open_again(f);
	assert_size(f->truth, 2);
	assert_ok(truth_leaf(f->truth, 1, &b));
	assert_true(span_equal_str(buf_span(&b), "e1"));
	assert_ok(truth_checkpoint(f->truth, &b));
	assert_true(span_equal_str(buf_span(&b), "n1"));
	assert_ok(digest_of(SPAN("one"), &d));
	assert_ok(truth_find(f->truth, &d, &index));
	assert_int_equal(index, 1);
	buf_clear(&b);
}

static void
nobody_else_reads_it(void **state)
{
	struct fixture *f = *state;
	int dir = open(f->directory, O_RDONLY | O_DIRECTORY);
	struct stat st;

	assert_int_equal(fstatat(dir, "data.mdb", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(fstatat(dir, "lock.mdb", &st, 0), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	close(dir);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(nothing_is_in_an_empty_truth),
		T(nothing_is_committed_that_was_not_pending),
		T(one_statement_is_pending_at_a_time),
		T(a_leaf_has_the_next_index_or_none),
		T(a_statement_is_one_leaf_only),
		T(a_truth_belongs_to_one_key),
		T(what_is_pending_outlives_us_with_its_blobs),
		T(a_committed_leaf_outlives_us),
		T(nobody_else_reads_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
