/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/jobs_world.h"

#include "common/base/file.h"

static void
takes_all_wishes_or_none(void **state)
{
	struct fault why = FAULT_INIT;
	const struct wish wishes[] = {
		{ "deb:a", false, 5, NULL },
		{ "what", false, 5, NULL },
	};
	struct job_record r;

	(void)state;
	jobs_world_start(0);
	job_record_init(&r);
	assert_int_equal(jobs_add(jobs_world.jobs, wishes, 2, -1, &why),
	    RB_EFORMAT);
	assert_string_equal(why.text, "what: is no target");
	assert_int_equal(jobs_record(jobs_world.jobs, "deb:a", &r),
	    RB_ENOTFOUND);
	/* And nothing of it is in the journal. */
	jobs_world_restart(0);
	assert_int_equal(jobs_record(jobs_world.jobs, "deb:a", &r),
	    RB_ENOTFOUND);
}

static void
one_target_is_one_job_for_all_who_ask(void **state)
{
	struct jobs_counts c;
	int a[2], b[2];

	(void)state;
	jobs_world_start(2);
	jobs_world_pair(a);
	jobs_world_pair(b);
	jobs_world_add("deb:gate", a[0]);
	jobs_world_await(1);
	jobs_world_add("deb:gate", b[0]);
	jobs_count(jobs_world.jobs, &c);
	assert_int_equal(c.queue.running, 1);
	assert_int_equal(c.queue.waiting, 0);
	jobs_world_let_go();
	assert_false(jobs_world_hear_end(a[1], JOB_TRIED, ""));
	assert_false(jobs_world_hear_end(b[1], JOB_TRIED, ""));
	assert_int_equal(jobs_world.begun, 1);
	fd_close(&a[0]);
	fd_close(&a[1]);
	fd_close(&b[0]);
	fd_close(&b[1]);
}

static void
tries_again_what_failed_and_nothing_else(void **state)
{
	static const struct {
		const char *target;
		enum job_outcome outcome;
		const char *why;
		enum job_state state;
	} cases[] = {
		{ "deb:fails", JOB_TRIED, "tried again in", JOB_RETRYING },
		{ "deb:broken", JOB_NOT_TRIED, "disk full?; is tried again in",
		    JOB_RETRYING },
		{ "deb:binnmu", JOB_TRIED, "", JOB_DONE },
		{ "deb:well", JOB_TRIED, "", JOB_DONE },
		{ "deb:wrong", JOB_NOT_TRIED, "no such source", JOB_DONE },
		{ "deb:forbidden", JOB_NOT_TRIED, "a rule forbids it",
		    JOB_DONE },
		/* A repository is whole again tomorrow. */
		{ "deb:stale", JOB_NOT_TRIED, "before; is tried again in",
		    JOB_RETRYING },
		{ "deb:unsigned", JOB_NOT_TRIED, "it; is tried again in",
		    JOB_RETRYING },
		{ "deb:mixed", JOB_NOT_TRIED, "states; is tried again in",
		    JOB_RETRYING },
	};
	int ends[2];
	size_t i;

	(void)state;
	jobs_world_start(1);
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		jobs_world_pair(ends);
		jobs_world_add(cases[i].target, ends[0]);
		(void)jobs_world_hear_end(ends[1], cases[i].outcome,
		    cases[i].why);
		jobs_world_is(cases[i].target, cases[i].state);
		fd_close(&ends[0]);
		fd_close(&ends[1]);
	}
}

static void
a_retry_asked_for_is_now(void **state)
{
	struct fault why = FAULT_INIT;
	uint32_t n = 0;
	int ends[2];

	(void)state;
	jobs_world_start(1);
	jobs_world_pair(ends);
	jobs_world_add("deb:fails", ends[0]);
	(void)jobs_world_hear_end(ends[1], JOB_TRIED, "");
	assert_int_equal(jobs_retry(jobs_world.jobs, "deb:none", &n, &why),
	    RB_ENOTFOUND);
	ok(jobs_pause(jobs_world.jobs, true));
	ok(jobs_retry(jobs_world.jobs, NULL, &n, &why));
	assert_int_equal(n, 1);
	why.text[0] = '\0';
	assert_int_equal(jobs_retry(jobs_world.jobs, "deb:fails", &n, &why),
	    RB_EREFUSED);
	ok(jobs_pause(jobs_world.jobs, false));
	jobs_world_await(2);
	/* As is one that is asked for by rebuild. */
	jobs_world_add("deb:fails", ends[0]);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void
cancel_ends_what_runs_and_what_waits(void **state)
{
	struct fault why = FAULT_INIT;
	int a[2], b[2];

	(void)state;
	jobs_world_start(1);
	jobs_world_pair(a);
	jobs_world_pair(b);
	jobs_world_add("deb:hang", a[0]);
	jobs_world_await(1);
	jobs_world_add("deb:waits", b[0]);
	assert_int_equal(jobs_cancel(jobs_world.jobs, "deb:none", &why),
	    RB_ENOTFOUND);
	ok(jobs_cancel(jobs_world.jobs, "deb:waits", &why));
	(void)jobs_world_hear_end(b[1], JOB_CANCELLED, "by an operator");
	ok(jobs_cancel(jobs_world.jobs, "deb:hang", &why));
	(void)jobs_world_hear_end(a[1], JOB_CANCELLED, "by an operator");
	jobs_world_is("deb:hang", JOB_DONE);
	assert_int_equal(jobs_cancel(jobs_world.jobs, "deb:hang", &why),
	    RB_ENOTFOUND);
	jobs_world_restart(1);
	jobs_world_is("deb:hang", JOB_DONE);
	jobs_world_is("deb:waits", JOB_DONE);
	assert_int_equal(jobs_world.begun, 1);
	fd_close(&a[0]);
	fd_close(&a[1]);
	fd_close(&b[0]);
	fd_close(&b[1]);
}

static void
the_timeout_ends_what_hangs(void **state)
{
	int ends[2];

	(void)state;
	jobs_world.setting.seconds = 1;
	jobs_world_start(1);
	jobs_world_pair(ends);
	jobs_world_add("deb:hang", ends[0]);
	(void)jobs_world_hear_end(ends[1], JOB_NOT_TRIED, "rebuilder.timeout");
	jobs_world_is("deb:hang", JOB_RETRYING);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void
a_restart_takes_up_where_it_was(void **state)
{
	const char *const after[] = { "deb:hang", NULL };
	const struct wish later = { "deb:later", true, 7, after };
	struct fault why = FAULT_INIT;
	struct job_record r;
	int ends[2];

	(void)state;
	jobs_world_start(1);
	jobs_world_pair(ends);
	jobs_world_add("deb:fails", ends[0]);
	(void)jobs_world_hear_end(ends[1], JOB_TRIED, "");
	jobs_world_add("deb:hang", -1);
	ok(jobs_add(jobs_world.jobs, &later, 1, -1, &why));
	jobs_world_await(2);
	jobs_world_restart(0);
	jobs_world_is("deb:fails", JOB_RETRYING);
	jobs_world_is("deb:hang", JOB_WAITING);
	r = jobs_world_record("deb:later");
	assert_int_equal(r.state, JOB_WAITING);
	assert_int_equal(r.priority, 7);
	assert_true(r.again);
	assert_string_equal(r.after[0], "deb:hang");
	job_record_clear(&r);
	jobs_world_restart(1);
	jobs_world_await(3);
	jobs_world_is("deb:hang", JOB_RUNNING);
	jobs_world_is("deb:later", JOB_WAITING);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void
a_paused_node_stays_so_over_a_restart(void **state)
{
	struct jobs_counts c;

	(void)state;
	jobs_world_start(1);
	ok(jobs_pause(jobs_world.jobs, true));
	jobs_world_add("deb:well", -1);
	jobs_world_restart(2);
	jobs_count(jobs_world.jobs, &c);
	assert_true(c.is_paused);
	assert_int_equal(c.queue.waiting, 1);
	assert_int_equal(c.tries, 0);
	jobs_hold(jobs_world.jobs, "the disk is short");
	ok(jobs_pause(jobs_world.jobs, false));
	jobs_count(jobs_world.jobs, &c);
	assert_string_equal(c.held, "the disk is short");
	assert_int_equal(c.tries, 0);
	jobs_hold(jobs_world.jobs, NULL);
	jobs_world_await(1);
}

static void
drops_what_the_journal_says_wrongly(void **state)
{
	const struct journal_write list[] = {
		{ JOURNAL_PUT, JOURNAL_JOB, SPAN("deb:old"), SPAN("waiting") },
		{ JOURNAL_PUT, JOURNAL_JOB, SPAN("deb:older"), SPAN("again") },
		{ JOURNAL_PUT, JOURNAL_JOB, SPAN("deb:torn"), SPAN("\1\0") },
		{ JOURNAL_PUT, JOURNAL_JOB, SPAN("deb:empty"), SPAN("") },
		{ JOURNAL_PUT, JOURNAL_JOB, SPAN("no target"),
		    SPAN("waiting") },
		{ JOURNAL_PUT, JOURNAL_JOB, SPAN("deb:\0x"), SPAN("waiting") },
		{ JOURNAL_PUT, JOURNAL_STATE, SPAN("paused"), SPAN("yes") },
	};
	struct jobs_counts c;
	struct job_record r;

	(void)state;
	ok(journal_write(jobs_world.journal, list,
	    sizeof(list) / sizeof(list[0])));
	jobs_world_start(0);
	jobs_count(jobs_world.jobs, &c);
	assert_int_equal(c.queue.waiting, 2);
	assert_false(c.is_paused);
	r = jobs_world_record("deb:older");
	assert_true(r.again);
	job_record_clear(&r);
}

static void
works_at_several_at_once_and_no_more(void **state)
{
	char target[32];
	int i;

	(void)state;
	jobs_world_start(3);
	for (i = 0; i < 6; i++) {
		(void)snprintf(target, sizeof(target), "deb:gate%d", i);
		jobs_world_add(target, -1);
	}
	jobs_world_await(3);
	jobs_world_let_go();
	jobs_world_await(6);
	jobs_stop(&jobs_world.jobs);
	assert_int_equal(jobs_world.most_at_once, 3);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, jobs_world_make, jobs_world_clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(takes_all_wishes_or_none),
		TEST(one_target_is_one_job_for_all_who_ask),
		TEST(tries_again_what_failed_and_nothing_else),
		TEST(a_retry_asked_for_is_now),
		TEST(cancel_ends_what_runs_and_what_waits),
		TEST(the_timeout_ends_what_hangs),
		TEST(a_restart_takes_up_where_it_was),
		TEST(a_paused_node_stays_so_over_a_restart),
		TEST(drops_what_the_journal_says_wrongly),
		TEST(works_at_several_at_once_and_no_more),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
