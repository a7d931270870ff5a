/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <pthread.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/budget.h"
#include "rebuilder/leash.h"

#define LONG_MS 3600000

static void
who_wears_none_waits_as_long_as_told(void **state)
{
	(void)state;
	leash_take_off();
	assert_int_equal(leash_check(), RB_OK);
	assert_int_equal(leash_wait(-1, 1), RB_ETIME);
}

static void
finds_what_can_be_read_and_who_went_away(void **state)
{
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(leash_wait(ends[0], 0), RB_ETIME);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(leash_wait(ends[0], LONG_MS), RB_OK);
	assert_int_equal(leash_wait(ends[0], UINT64_MAX), RB_OK);
	fd_close(&ends[1]);
	assert_int_equal(leash_wait(ends[0], LONG_MS), RB_OK);
	fd_close(&ends[0]);
}

static void
once_cut_no_wait_is_long(void **state)
{
	struct leash *l = NULL;
	int ends[2];

	(void)state;
	assert_int_equal(pipe(ends), 0);
	assert_int_equal(write(ends[1], "x", 1), 1);
	assert_int_equal(leash_new(&l), RB_OK);
	leash_wear(l, 0);
	assert_int_equal(leash_check(), RB_OK);
	assert_false(leash_is_cut(l));
	leash_cut(l);
	leash_cut(l);
	assert_true(leash_is_cut(l));
	assert_int_equal(leash_check(), RB_ETIME);
	assert_int_equal(leash_wait(-1, LONG_MS), RB_ETIME);
	/* Not even for what is there already. */
	assert_int_equal(leash_wait(ends[0], LONG_MS), RB_ETIME);
	leash_free(&l);
	leash_free(&l);
	/* What is gone is worn no more. */
	assert_int_equal(leash_check(), RB_OK);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void
its_own_deadline_ends_a_longer_wait(void **state)
{
	struct leash *l = NULL;

	(void)state;
	assert_int_equal(leash_new(&l), RB_OK);
	leash_wear(l, 1);
	assert_int_equal(leash_wait(-1, LONG_MS), RB_ETIME);
	assert_int_equal(leash_check(), RB_ETIME);
	assert_false(leash_is_cut(l));
	/* Worn anew, as by the next job. */
	leash_wear(l, UINT64_MAX);
	assert_int_equal(leash_check(), RB_OK);
	leash_free(&l);
}

static void *
cut_it(void *l)
{
	leash_cut(l);
	return NULL;
}

static void
another_thread_cuts_a_wait_short(void **state)
{
	struct leash *l = NULL;
	pthread_t thread;

	(void)state;
	assert_int_equal(leash_new(&l), RB_OK);
	leash_wear(l, 0);
	assert_int_equal(pthread_create(&thread, NULL, cut_it, l), 0);
	assert_int_equal(leash_wait(-1, LONG_MS), RB_ETIME);
	assert_int_equal(pthread_join(thread, NULL), 0);
	leash_free(&l);
}

static void
a_budget_refuses_what_it_never_has(void **state)
{
	struct budget *b = NULL;

	(void)state;
	assert_int_equal(budget_new(10, 2, &b), RB_OK);
	assert_int_equal(budget_take(b, 11, 1), RB_ELIMIT);
	assert_int_equal(budget_take(b, 1, 3), RB_ELIMIT);
	assert_int_equal(budget_take(b, 10, 2), RB_OK);
	budget_give(b, 10, 2);
	budget_free(&b);
	assert_int_equal(budget_new(0, 0, &b), RB_OK);
	assert_int_equal(budget_take(b, UINT64_MAX / 2, 100000), RB_OK);
	assert_int_equal(budget_take(b, UINT64_MAX / 2, 100000), RB_OK);
	budget_free(&b);
}

struct other {
	struct budget *b;
	struct leash *l;
	enum rb_err rc;
};

static void *
take_five(void *arg)
{
	struct other *o = arg;

	if (o->l != NULL)
		leash_wear(o->l, 0);
	o->rc = budget_take(o->b, 5, 1);
	leash_take_off();
	return NULL;
}

static void
who_waits_for_a_budget_gets_it_or_is_cut_off(void **state)
{
	struct other cut = { NULL, NULL, RB_OK }, gets = { NULL, NULL, RB_OK };
	struct budget *b = NULL;
	pthread_t first, second;

	(void)state;
	assert_int_equal(budget_new(10, 2, &b), RB_OK);
	assert_int_equal(budget_take(b, 6, 1), RB_OK);
	cut.b = gets.b = b;
	assert_int_equal(leash_new(&cut.l), RB_OK);
	gets.rc = cut.rc = RB_EINTERNAL;
	assert_int_equal(pthread_create(&first, NULL, take_five, &cut), 0);
	assert_int_equal(pthread_create(&second, NULL, take_five, &gets), 0);
	leash_cut(cut.l);
	assert_int_equal(pthread_join(first, NULL), 0);
	assert_int_equal(cut.rc, RB_ETIME);
	budget_give(b, 6, 1);
	assert_int_equal(pthread_join(second, NULL), 0);
	assert_int_equal(gets.rc, RB_OK);
	/* All but those five is there again. */
	assert_int_equal(budget_take(b, 5, 1), RB_OK);
	leash_free(&cut.l);
	budget_free(&b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_wears_none_waits_as_long_as_told),
		cmocka_unit_test(finds_what_can_be_read_and_who_went_away),
		cmocka_unit_test(once_cut_no_wait_is_long),
		cmocka_unit_test(its_own_deadline_ends_a_longer_wait),
		cmocka_unit_test(another_thread_cuts_a_wait_short),
		cmocka_unit_test(a_budget_refuses_what_it_never_has),
		cmocka_unit_test(who_waits_for_a_budget_gets_it_or_is_cut_off),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
