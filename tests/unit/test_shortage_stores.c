/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Every call of ours that can fail, in what keeps things: it fails once, is
 * reported, and leaves what was there before or what was to be there.
 */
#include "tests/unit/sample.h"

#include <unistd.h>

#include "attestor/truth.h"
#include "common/store/store.h"
#include "rebuilder/component_state.h"
#include "rebuilder/queue.h"
#include "rebuilder/said.h"
#include "tests/unit/shortage.h"

static char *directory;
static struct key *key;
static struct buf leaf; /* one for the store */
static struct statement statement;

static int
set_up(void **state)
{
	(void)state;
	directory = sample_directory();
	assert_ok(key_generate(&key));
	leaf = sample_leaf(key, 0);
	sample_statement(0, &statement);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	statement_clear(&statement);
	buf_clear(&leaf);
	key_free(&key);
	sample_remove(directory);
	return 0;
}

static enum rb_err
append(struct store *s)
{
	struct store_txn *t = NULL;
	enum rb_err rc;

	if ((rc = store_begin(s, STORE_WRITE, &t)) != RB_OK)
		return rc;
	rc = store_append(t, 0, buf_span(&leaf), &statement);
	if (rc == RB_OK)
		rc = store_put_checkpoint(t, SPAN("note"));
	if (rc == RB_OK)
		return store_commit(&t);
	store_abort(&t);
	return rc;
}

static enum rb_err
deed_store(void)
{
	struct store *s = NULL;
	enum rb_err rc;

	if ((rc = store_open(directory, STORE_WRITE, &s, NULL)) == RB_OK)
		rc = append(s);
	store_close(&s);
	return rc;
}

/* Empty again for the next one, if it holds all of it. */
static void
check_store(enum rb_err rc)
{
	struct store *s = NULL;
	struct store_txn *t = NULL;
	struct span note = SPAN_INIT;
	uint64_t size = 9;

	assert_ok(store_open(directory, STORE_WRITE, &s, NULL));
	assert_ok(store_begin(s, STORE_WRITE, &t));
	assert_ok(store_size(t, &size));
	assert_int_equal(size, rc == RB_OK ? 1 : 0);
	assert_int_equal(store_checkpoint(t, &note),
	    size == 1 ? RB_OK : RB_ENOTFOUND);
	assert_ok(store_empty(t));
	assert_ok(store_commit(&t));
	store_close(&s);
}

static enum rb_err
deed_truth(void)
{
	struct truth_blob blob = { DIGEST_INIT, BUF_INIT };
	struct truth *t = NULL;
	struct buf b = BUF_INIT;
	uint64_t size = 0;
	enum rb_err rc;

	if ((rc = truth_open(directory, &t, NULL)) != RB_OK ||
	    (rc = truth_bind(t, SPAN("key"))) != RB_OK ||
	    (rc = truth_size(t, &size)) != RB_OK)
		goto out;
	rc = truth_pending(t, &b);
	if (rc == RB_ENOTFOUND)
		rc = truth_journal(t, SPAN("one"), &blob, 1);
	if (rc == RB_OK)
		rc = truth_commit(t, size, SPAN("envelope"), SPAN("note"));
	if (rc == RB_OK)
		rc = truth_leaf(t, size, &b);
	/* The same statement is never twice a leaf. */
	if (rc == RB_EREFUSED && size > 0)
		rc = RB_OK;
out:
	buf_clear(&b);
	truth_close(&t);
	return rc;
}

static void
check_truth(enum rb_err rc)
{
	struct truth *t = NULL;
	struct digest d = DIGEST_INIT;
	struct buf b = BUF_INIT;
	uint64_t size = 9, index = 0;

	assert_ok(truth_open(directory, &t, NULL));
	assert_ok(truth_size(t, &size));
	assert_true(size <= 1);
	if (rc == RB_OK)
		assert_int_equal(size, 1);
	assert_int_equal(truth_checkpoint(t, &b),
	    size == 1 ? RB_OK : RB_ENOTFOUND);
	assert_ok(digest_of(SPAN("one"), &d));
	assert_int_equal(truth_find(t, &d, &index),
	    size == 1 ? RB_OK : RB_ENOTFOUND);
	/* Its blobs come with it. */
	if (truth_pending(t, &b) == RB_OK)
		assert_ok(truth_has_blob(t, &(struct digest)DIGEST_INIT));
	buf_clear(&b);
	truth_close(&t);
}

static enum rb_err
join(void *self, struct span k, struct span value)
{
	enum rb_err rc = buf_put(self, k);

	return rc == RB_OK ? buf_put(self, value) : rc;
}

static const struct journal_write pair[] = {
	{ JOURNAL_PUT, JOURNAL_JOB, { (const uint8_t *)"a", 1 },
	    { (const uint8_t *)"1", 1 } },
	{ JOURNAL_COUNT, JOURNAL_STATE, { (const uint8_t *)"n", 1 },
	    { (const uint8_t *)"\0\0\0\0\0\0\0\1", 8 } },
};

static enum rb_err
deed_journal(void)
{
	struct digest d = DIGEST_INIT;
	struct journal *j = NULL;
	struct buf b = BUF_INIT;
	uint64_t n = 0;
	int64_t newest = 0;
	enum rb_err rc;

	if ((rc = journal_open(directory, &j, NULL)) == RB_OK &&
	    (rc = journal_write(j, pair, 2)) == RB_OK &&
	    (rc = journal_each(j, JOURNAL_JOB, SPAN(""), join, &b)) == RB_OK &&
	    (rc = journal_number(j, JOURNAL_STATE, SPAN("n"), &n)) == RB_OK &&
	    (rc = journal_remember(j, &d, SPAN("m"))) == RB_OK &&
	    (rc = journal_recall(j, &d, &b)) == RB_OK &&
	    (rc = journal_attempt(j, &d, &n)) == RB_OK &&
	    (rc = journal_saw(j, "suite", 5)) == RB_OK)
		rc = journal_newest(j, "suite", &newest);
	if (rc == RB_OK) {
		assert_true(span_equal_str(buf_span(&b), "a1m"));
		assert_int_equal(newest, 5);
	}
	buf_clear(&b);
	journal_close(&j);
	return rc;
}

/* Both of a pair or none: job and number say the same. */
static void
check_journal(enum rb_err rc)
{
	static uint64_t before;
	struct journal *j = NULL;
	struct buf b = BUF_INIT;
	uint64_t n = 0;

	(void)rc;
	assert_ok(journal_open(directory, &j, NULL));
	assert_ok(journal_number(j, JOURNAL_STATE, SPAN("n"), &n));
	assert_int_equal(journal_read(j, JOURNAL_JOB, SPAN("a"), 1, &b),
	    n > 0 ? RB_OK : RB_ENOTFOUND);
	assert_true(n == before || n == before + 1);
	before = n;
	buf_clear(&b);
	journal_close(&j);
}

static enum rb_err
fill(struct component_state *s)
{
	bool is_new = false;

	return alarms_add(&s->alarms, 7, "something smells", &is_new);
}

static enum rb_err
deed_component(void)
{
	struct component_state s, found;
	struct journal *j = NULL;
	enum rb_err rc;

	component_state_init(&s);
	component_state_init(&found);
	if ((rc = journal_open(directory, &j, NULL)) == RB_OK &&
	    (rc = fill(&s)) == RB_OK &&
	    (rc = component_state_put(j, "core", &s)) == RB_OK)
		rc = component_state_get(j, "core", &found);
	if (rc == RB_OK) {
		assert_int_equal(found.alarms.n, 1);
		assert_string_equal(found.alarms.list[0].sentence,
		    "something smells");
	}
	component_state_clear(&s);
	component_state_clear(&found);
	journal_close(&j);
	return rc;
}

/* An alarm is there whole, or there is none. */
static void
check_component(enum rb_err rc)
{
	struct component_state s;
	struct journal *j = NULL;

	component_state_init(&s);
	assert_ok(journal_open(directory, &j, NULL));
	assert_ok(component_state_get(j, "core", &s));
	assert_true(s.alarms.n <= 1);
	if (rc == RB_OK)
		assert_int_equal(s.alarms.n, 1);
	component_state_clear(&s);
	journal_close(&j);
}

static enum rb_err
deed_said(void)
{
	struct result r;
	struct said s;
	struct journal *j = NULL;
	uint64_t n = 0;
	enum rb_err rc;

	memset(&r, 0, sizeof(r));
	r.file = (char *)(uintptr_t)"tiny_1.0_amd64.deb";
	r.verdict = VERDICT_REPRODUCED;
	said_init(&s);
	if ((rc = journal_open(directory, &j, NULL)) == RB_OK &&
	    (rc = said_add(j, "deb:tiny", &r)) == RB_OK &&
	    (rc = said_count(j, VERDICT_REPRODUCED, &n)) == RB_OK)
		rc = said_find(j, "tiny_1.0_amd64.deb", &s, NULL);
	said_clear(&s);
	journal_close(&j);
	return rc;
}

static enum rb_err
work_off(struct queue *q)
{
	const char *const after[] = { "deb:a", NULL };
	const struct wish first = { "deb:a", false, 5, NULL },
			  second = { "deb:b", true, 3, after };
	const struct retry_policy policy = { 0, 0 };
	const struct job_end how = { .outcome = JOB_TRIED };
	struct job *job = NULL, *oldest = NULL;
	enum rb_err rc;

	if ((rc = queue_add(q, &first, 1, &job, NULL)) != RB_OK)
		return rc;
	assert_ptr_equal(queue_find(q, "deb:a"), job);
	if ((rc = queue_add(q, &second, 1, &job, NULL)) != RB_OK) {
		/* What could not be added is not there by half. */
		assert_null(queue_find(q, "deb:b"));
		return rc;
	}
	job = queue_next(q, 1, 1);
	assert_string_equal(job->target, "deb:a");
	queue_end(q, job, &how, &policy, 0, 2, 2, &oldest);
	assert_ptr_equal(queue_next(q, 2, 2), queue_find(q, "deb:b"));
	return RB_OK;
}

static enum rb_err
deed_queue(void)
{
	struct queue *q = NULL;
	enum rb_err rc;

	if ((rc = queue_new(&q)) == RB_OK)
		rc = work_off(q);
	queue_free(&q);
	return rc;
}

static void
a_shortage_leaves_the_old_or_the_new(void **state)
{
	static const struct {
		enum rb_err (*deed)(void);
		void (*check)(enum rb_err rc);
	} all[] = { { deed_store, check_store }, { deed_truth, check_truth },
		{ deed_journal, check_journal },
		{ deed_component, check_component }, { deed_said, NULL },
		{ deed_queue, NULL } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
		shortage_try(all[i].deed, all[i].check);
		sample_remove(directory);
		directory = sample_directory();
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    a_shortage_leaves_the_old_or_the_new, set_up, tear_down),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
