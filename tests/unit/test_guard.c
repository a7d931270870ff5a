/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include "httpd/guard.h"

#define ok(call) assert_int_equal(call, RB_OK)

#define CLIENTS 3

struct room {
	struct guard guard;
	struct guest *guests[CLIENTS];
	int ours[CLIENTS], theirs[CLIENTS];
};

static void
enter_all(struct room *r)
{
	int pair[2];
	size_t i;

	r->guard = (struct guard)GUARD_INIT;
	for (i = 0; i < CLIENTS; i++) {
		assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, pair), 0);
		r->ours[i] = pair[0];
		r->theirs[i] = pair[1];
		ok(guard_enter(&r->guard, pair[0], (int64_t)i, &r->guests[i]));
	}
}

static void
leave_all(struct room *r)
{
	size_t i;

	for (i = 0; i < CLIENTS; i++) {
		guard_leave(&r->guard, &r->guests[i]);
		guard_leave(&r->guard, &r->guests[i]);
		close(r->ours[i]);
		close(r->theirs[i]);
	}
	assert_null(r->guard.first);
}

/* Nothing to read yet, or the end: no waiting for either. */
static bool
is_ended(int fd)
{
	char c;

	return recv(fd, &c, 1, MSG_DONTWAIT) == 0;
}

static void
ends_only_those_who_are_late(void **state)
{
	struct room r;

	(void)state;
	enter_all(&r);
	assert_int_equal(guard_end_late(&r.guard, GUARD_REQUEST_SECONDS - 1),
	    0);
	assert_false(is_ended(r.theirs[0]));
	assert_int_equal(guard_end_late(&r.guard, GUARD_REQUEST_SECONDS + 1),
	    2);
	assert_true(is_ended(r.theirs[0]));
	assert_true(is_ended(r.theirs[1]));
	assert_false(is_ended(r.theirs[2]));
	/* Once is enough. */
	assert_int_equal(guard_end_late(&r.guard, GUARD_REQUEST_SECONDS + 1),
	    0);
	leave_all(&r);
}

static void
lets_a_deadline_be_moved(void **state)
{
	struct room r;

	(void)state;
	enter_all(&r);
	guard_set_due(&r.guard, r.guests[0], 10000);
	guard_set_due(&r.guard, r.guests[2], 1);
	assert_int_equal(guard_end_late(&r.guard, 2), 1);
	assert_false(is_ended(r.theirs[0]));
	assert_true(is_ended(r.theirs[2]));
	leave_all(&r);
}

static void
forgets_who_left(void **state)
{
	struct room r;

	(void)state;
	enter_all(&r);
	guard_leave(&r.guard, &r.guests[1]); /* in the middle */
	guard_leave(&r.guard, &r.guests[2]); /* first of the list */
	assert_int_equal(guard_end_late(&r.guard, 10000), 1);
	assert_false(is_ended(r.theirs[1]));
	assert_false(is_ended(r.theirs[2]));
	leave_all(&r);
}

static void
holds_no_more_than_its_limit(void **state)
{
	struct guard g = GUARD_INIT;

	(void)state;
	assert_int_equal(guard_hold(&g, GUARD_BYTES_MAX + 1), RB_ELIMIT);
	assert_int_equal(guard_hold(&g, UINT64_MAX), RB_ELIMIT);
	ok(guard_hold(&g, GUARD_BYTES_MAX));
	assert_int_equal(guard_hold(&g, 1), RB_ELIMIT);
	ok(guard_hold(&g, 0));
	guard_release(&g, 1);
	ok(guard_hold(&g, 1));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ends_only_those_who_are_late),
		cmocka_unit_test(lets_a_deadline_be_moved),
		cmocka_unit_test(forgets_who_left),
		cmocka_unit_test(holds_no_more_than_its_limit),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
