/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/queue.h"
#include "rebuilder/target.h"

#define ok(call) assert_int_equal(call, RB_OK)
#define NOW 1783000000
#define DAY 86400

static const struct retry_policy three = { 3, 600 };

static struct queue *q;

static int
make(void **state)
{
	(void)state;
	return queue_new(&q) == RB_OK ? 0 : -1;
}

static int
clear(void **state)
{
	(void)state;
	queue_free(&q);
	queue_free(&q);
	return 0;
}

static struct job *
add(const char *target, uint8_t priority, const char *const *after)
{
	const struct wish w = { target, false, priority, after };
	struct job *job = NULL;
	struct fault why = FAULT_INIT;

	ok(queue_add(q, &w, NOW, &job, &why));
	return job;
}

static void
next_is(int64_t steady, const char *target)
{
	struct job *job = queue_next(q, steady, NOW);

	if (target == NULL) {
		assert_null(job);
		return;
	}
	assert_non_null(job);
	assert_string_equal(job->target, target);
	assert_int_equal(job->record.state, JOB_RUNNING);
}

static void
end(const char *target, bool worth_retry, int64_t steady, int64_t now)
{
	const struct job_end e = { JOB_TRIED, worth_retry, { 0, 0, 1, 0 },
		"the build failed", { .is_set = false }, { .is_set = false } };
	struct job *job = queue_find(q, target), *oldest = NULL;

	assert_non_null(job);
	queue_end(q, job, &e, &three, UINT32_MAX / 2, steady, now, &oldest);
	assert_null(oldest);
}

/* "As recorded" is an answer, too, but not one that was printed anew. */
static void
keeps_the_log_of_the_last_machine(void **state)
{
	struct job_end e = { .outcome = JOB_TRIED, .log = { .is_set = true } };
	struct job *job, *oldest = NULL;

	(void)state;
	memset(&e.log.value, 7, sizeof(e.log.value));
	job = add("a", 5, NULL);
	assert_ptr_equal(queue_next(q, 0, NOW), job);
	queue_end(q, job, &e, &three, 0, 0, NOW, &oldest);
	e.log.is_set = false;
	job = add("a", 5, NULL);
	assert_ptr_equal(queue_next(q, 0, NOW), job);
	queue_end(q, job, &e, &three, 0, 0, NOW, &oldest);
	assert_true(job->record.log.is_set);
	assert_int_equal(job->record.log.value.b[0], 7);
}

static void
refuses_more_than_it_can_hold(void **state)
{
	struct fault why = FAULT_INIT;
	char target[32], longest[TARGET_MAX + 1];
	const char *after[JOB_AFTER_MAX + 2];
	struct wish w = { target, false, JOB_PRIORITY, NULL };
	struct job *job = NULL;
	size_t i;

	(void)state;
	memset(longest, 'x', sizeof(longest) - 1);
	longest[sizeof(longest) - 1] = '\0';
	w.target = longest;
	assert_int_equal(queue_add(q, &w, NOW, &job, &why), RB_ELIMIT);
	w.target = target;
	for (i = 0; i <= JOB_AFTER_MAX; i++)
		after[i] = "deb:other";
	after[i] = NULL;
	w.after = after;
	(void)snprintf(target, sizeof(target), "deb:many");
	assert_int_equal(queue_add(q, &w, NOW, &job, &why), RB_ELIMIT);
	w.after = NULL;
	for (i = 0; i < QUEUE_MAX; i++) {
		(void)snprintf(target, sizeof(target), "deb:p%zu", i);
		ok(queue_add(q, &w, NOW, &job, &why));
	}
	(void)snprintf(target, sizeof(target), "deb:one-more");
	assert_int_equal(queue_add(q, &w, NOW, &job, &why), RB_ELIMIT);
	assert_non_null(strstr(why.text, "ask again later"));
	/* One that is here already is no new one. */
	(void)snprintf(target, sizeof(target), "deb:p7");
	assert_int_equal(queue_add(q, &w, NOW, &job, &why), RB_EREFUSED);
}

/* All of them found, begun in their order, tried again and done. */
static void
goes_through_a_hundred_thousand(void **state)
{
	struct queue_counts c;
	char target[32];
	size_t i;

	(void)state;
	for (i = 0; i < QUEUE_MAX; i++) {
		(void)snprintf(target, sizeof(target), "deb:p%zu", i);
		(void)add(target, JOB_PRIORITY, NULL);
	}
	for (i = 0; i < QUEUE_MAX; i++) {
		(void)snprintf(target, sizeof(target), "deb:p%zu", i);
		next_is(100, target);
		end(target, true, 100, NOW);
	}
	queue_count(q, &c);
	assert_int_equal(c.retrying, QUEUE_MAX);
	/* All are due in the same second. */
	assert_int_equal(queue_due(q, 100), 599);
	next_is(698, NULL);
	for (i = 0; i < QUEUE_MAX; i++)
		assert_non_null(queue_next(q, 10000, NOW));
	next_is(10000, NULL);
}

static void
begins_by_priority_and_then_by_order(void **state)
{
	struct wish w = { "deb:a", false, 9, NULL };

	(void)state;
	(void)add("deb:a", 3, NULL);
	(void)add("deb:b", 3, NULL);
	(void)add("deb:c", 5, NULL);
	(void)add("deb:d", 200, NULL); /* as the highest */
	next_is(0, "deb:d");
	next_is(0, "deb:c");
	/* A lower wish changes nothing, a higher one does. */
	w.target = "deb:b";
	w.priority = 0;
	queue_raise(q, queue_find(q, "deb:b"), &w);
	next_is(0, "deb:a");
	(void)add("deb:e", 4, NULL);
	w.priority = 9;
	w.again = true;
	queue_raise(q, queue_find(q, "deb:b"), &w);
	assert_true(queue_find(q, "deb:b")->record.again);
	next_is(0, "deb:b");
	next_is(0, "deb:e");
	next_is(0, NULL);
}

static void
waits_for_older_ones_until_they_are_done(void **state)
{
	const char *const after[] = { "deb:a", "deb:b", "deb:a", "deb:never",
		NULL };
	struct queue_counts c;
	struct job *job;

	(void)state;
	(void)add("deb:a", 3, NULL);
	(void)add("deb:b", 3, NULL);
	job = add("deb:c", 9, after);
	assert_int_equal(job->nblock, 2);
	assert_true(queue_is_block(q, job, "deb:a"));
	assert_false(queue_is_block(q, job, "deb:never"));
	queue_count(q, &c);
	assert_int_equal(c.blocked, 1);
	/* Who comes later is not waited for, though it is named. */
	(void)add("deb:never", 0, NULL);
	next_is(0, "deb:a");
	next_is(0, "deb:b");
	end("deb:a", false, 0, NOW);
	next_is(0, "deb:never");
	next_is(0, NULL);
	end("deb:b", false, 0, NOW);
	next_is(0, "deb:c");
}

/* What always fails would hold up all others for days. */
static void
waits_for_none_that_is_to_be_tried_again(void **state)
{
	const char *const after[] = { "deb:a", "deb:b", NULL };
	struct job *job;

	(void)state;
	(void)add("deb:a", 3, NULL);
	(void)add("deb:b", 3, NULL);
	job = add("deb:c", 3, after);
	next_is(0, "deb:a");
	end("deb:a", true, 0, NOW);
	next_is(0, "deb:b");
	assert_int_equal(job->nblock, 1);
	/* When it waits again, it is waited for again. */
	next_is(600, "deb:a");
	end("deb:b", true, 600, NOW);
	assert_int_equal(job->nblock, 1);
	next_is(600, NULL);
	end("deb:a", true, 600, NOW);
	next_is(600, "deb:c");
}

static void
no_two_ever_wait_for_each_other(void **state)
{
	const char *const on_b[] = { "deb:b", "deb:a", NULL };
	const char *const on_a[] = { "deb:a", NULL };
	const char *const on_both[] = { "deb:a", "deb:b", NULL };

	(void)state;
	(void)add("deb:a", 3, on_b);
	(void)add("deb:b", 3, on_a);
	(void)add("deb:c", 3, on_both);
	next_is(0, "deb:a");
	next_is(0, NULL);
	end("deb:a", false, 0, NOW);
	next_is(0, "deb:b");
	next_is(0, NULL);
	/* a waits for b now, and c for neither. */
	(void)add("deb:a", 3, on_b);
	end("deb:b", false, 0, NOW);
	next_is(0, "deb:c");
	next_is(0, "deb:a");
}

static void
what_goes_away_is_not_waited_for(void **state)
{
	const char *const after[] = { "deb:a", NULL };
	struct job *oldest = NULL;

	(void)state;
	(void)add("deb:a", 3, NULL);
	(void)add("deb:b", 3, after);
	queue_cancel(q, queue_find(q, "deb:a"), NOW, &oldest);
	assert_null(oldest);
	assert_int_equal(queue_find(q, "deb:a")->record.outcome, JOB_CANCELLED);
	next_is(0, "deb:b");
	(void)add("deb:a", 3, NULL);
	(void)add("deb:c", 3, after);
	queue_remove(q, queue_find(q, "deb:a"));
	assert_null(queue_find(q, "deb:a"));
	next_is(0, "deb:c");
}

static void
a_retry_is_bounded_and_each_pause_is_longer(void **state)
{
	struct job *job;
	int64_t steady = 50, due;
	uint32_t i;

	(void)state;
	job = add("deb:a", 3, NULL);
	for (i = 1; i <= 3; i++) {
		next_is(steady, "deb:a");
		assert_int_equal(job->record.tries, i);
		end("deb:a", true, steady, NOW);
		assert_int_equal(job->record.state, JOB_RETRYING);
		due = queue_due(q, steady);
		assert_in_range(due, 590 << (i - 1), 600 << (i - 1));
		next_is(steady + due - 1, NULL);
		steady += due;
	}
	next_is(steady, "deb:a");
	end("deb:a", true, steady, NOW);
	assert_int_equal(job->record.state, JOB_DONE);
	assert_int_equal(queue_due(q, steady), -1);
	assert_string_equal(job->record.why, "the build failed");
	/* Whoever asks gives it all its tries again. */
	queue_wake(q, job, NOW);
	next_is(steady, "deb:a");
	assert_int_equal(job->record.tries, 1);
}

static void
pauses_stay_within_their_bounds(void **state)
{
	static const uint32_t chances[] = { 0, 1, UINT32_MAX / 2, UINT32_MAX };
	const struct retry_policy none = { 0, 0 }, huge = { 9, UINT64_MAX };
	size_t i;
	uint32_t tries;
	int64_t p;

	(void)state;
	for (i = 0; i < 4; i++) {
		assert_in_range(retry_pause(&three, 1, chances[i]), 450, 750);
		assert_int_equal(retry_pause(&none, 1, chances[i]), 1);
		for (tries = 0; tries < 200; tries++) {
			p = retry_pause(&three, tries, chances[i]);
			assert_in_range(p, 450, RETRY_PAUSE_MAX);
			p = retry_pause(&huge, tries, chances[i]);
			assert_in_range(p, 1, RETRY_PAUSE_MAX);
		}
		p = retry_pause(&three, UINT32_MAX, chances[i]);
		assert_in_range(p, RETRY_PAUSE_MAX / 2, RETRY_PAUSE_MAX);
	}
	assert_true(
	    retry_pause(&three, 1, 0) < retry_pause(&three, 1, UINT32_MAX));
}

static void
a_clock_that_jumps_moves_no_job(void **state)
{
	struct job *job;

	(void)state;
	job = add("deb:a", 3, NULL);
	next_is(1000, "deb:a");
	/* Set forward by years, then back before 1970, while it waits. */
	end("deb:a", true, 1000, NOW + 3650ll * DAY);
	assert_null(queue_next(q, 1001, -5));
	assert_null(queue_next(q, 1500, INT64_MAX));
	next_is(1600, "deb:a");
	assert_int_equal(job->record.tries, 2);
}

static void
restore(const char *target, enum job_state state, uint64_t order,
    int64_t retry_at, uint32_t interrupted)
{
	struct job_record r;

	job_record_init(&r);
	r.state = state;
	r.order = order;
	r.priority = 3;
	r.retry_at = retry_at;
	r.interrupted = interrupted;
	ok(queue_restore(q, target, &r, 5000, NOW));
	assert_null(r.after);
}

static void
takes_up_what_it_was(void **state)
{
	struct job_record r;

	(void)state;
	restore("deb:done", JOB_DONE, 1, 0, 0);
	restore("deb:ran", JOB_RUNNING, 2, 0, 0);
	restore("deb:waited", JOB_WAITING, 3, 0, 0);
	/* Over, to come, and what a clock made of it meanwhile. */
	restore("deb:past", JOB_RETRYING, 4, NOW - 100, 0);
	restore("deb:soon", JOB_RETRYING, 5, NOW + 100, 0);
	restore("deb:far", JOB_RETRYING, 6, INT64_MAX, 0);
	/* What ended the daemon again and again waits, too. */
	restore("deb:poison", JOB_RUNNING, 7, 0, 3);
	job_record_init(&r);
	assert_int_equal(queue_restore(q, "deb:ran", &r, 5000, NOW),
	    RB_EFORMAT);
	next_is(5000, "deb:ran");
	assert_int_equal(queue_find(q, "deb:ran")->record.interrupted, 1);
	next_is(5000, "deb:waited");
	next_is(5000, "deb:past");
	next_is(5059, NULL);
	next_is(5060, "deb:poison");
	next_is(5099, NULL);
	next_is(5100, "deb:soon");
	next_is(5000 + DAY - 1, NULL);
	next_is(5000 + DAY, "deb:far");
	/* New ones come behind those of before. */
	assert_int_equal(add("deb:new", 3, NULL)->record.order, 8);
}

static void
keeps_what_is_done_up_to_a_number(void **state)
{
	const struct job_end e = { JOB_TRIED, false, { 1, 0, 0, 0 }, "",
		{ .is_set = false }, { .is_set = false } };
	struct job *job, *oldest = NULL;
	char target[32];
	size_t i;

	(void)state;
	for (i = 0; i <= QUEUE_DONE_MAX; i++) {
		(void)snprintf(target, sizeof(target), "deb:p%zu", i);
		(void)add(target, 3, NULL);
		job = queue_next(q, 0, NOW);
		queue_end(q, job, &e, &three, 0, 0, NOW, &oldest);
		assert_true((oldest != NULL) == (i == QUEUE_DONE_MAX));
	}
	assert_string_equal(oldest->target, "deb:p0");
	queue_remove(q, oldest);
	assert_null(queue_find(q, "deb:p0"));
	assert_non_null(queue_find(q, "deb:p1"));
}

static void
a_record_has_one_spelling(void **state)
{
	static const char *const names[] = { "deb:x", "deb:y" };
	struct job_record r, back;
	struct buf bytes = BUF_INIT, again = BUF_INIT;
	struct span in;
	size_t i;

	(void)state;
	job_record_init(&r);
	job_record_init(&back);
	r.state = JOB_RETRYING;
	r.priority = 9;
	r.again = true;
	r.order = 77;
	r.asked = r.started = r.ended = r.retry_at = NOW;
	r.tries = 4;
	r.outcome = JOB_NOT_TRIED;
	r.verdicts[2] = 5;
	r.log.is_set = true;
	r.why = strdup("why");
	r.after = calloc(2, sizeof(*r.after));
	for (i = 0; i < 2; i++)
		r.after[r.nafter++] = strdup(names[i]);
	ok(job_record_put(&bytes, &r));
	for (i = 0; i < bytes.len; i++) {
		in = span_of(bytes.p, i);
		assert_int_not_equal(job_record_take(&in, &back), RB_OK);
	}
	in = buf_span(&bytes);
	ok(job_record_take(&in, &back));
	assert_int_equal(in.len, 0);
	ok(job_record_put(&again, &back));
	assert_true(span_equal(buf_span(&bytes), buf_span(&again)));
	/* Another version, state, priority, flag. */
	for (i = 0; i < 4; i++) {
		bytes.p[i] ^= 0x70;
		in = buf_span(&bytes);
		assert_int_equal(job_record_take(&in, &back), RB_EFORMAT);
		bytes.p[i] ^= 0x70;
	}
	job_record_clear(&r);
	job_record_clear(&back);
	buf_clear(&bytes);
	buf_clear(&again);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(keeps_the_log_of_the_last_machine),
		TEST(refuses_more_than_it_can_hold),
		TEST(goes_through_a_hundred_thousand),
		TEST(begins_by_priority_and_then_by_order),
		TEST(waits_for_older_ones_until_they_are_done),
		TEST(waits_for_none_that_is_to_be_tried_again),
		TEST(no_two_ever_wait_for_each_other),
		TEST(what_goes_away_is_not_waited_for),
		TEST(a_retry_is_bounded_and_each_pause_is_longer),
		TEST(pauses_stay_within_their_bounds),
		TEST(a_clock_that_jumps_moves_no_job),
		TEST(takes_up_what_it_was),
		TEST(keeps_what_is_done_up_to_a_number),
		TEST(a_record_has_one_spelling),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
