/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <sys/socket.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/watch_calls.h"

static struct calls calls;

static int
make(void **state)
{
	(void)state;
	calls_init(&calls);
	return 0;
}

static int
clear(void **state)
{
	(void)state;
	calls_clear(&calls);
	return 0;
}

/* Returns the end that hears. */
static int
call(void)
{
	int ends[2];

	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     ends),
	    0);
	assert_int_equal(calls_add(&calls, ends[1]), RB_OK);
	fd_close(&ends[1]);
	return ends[0];
}

static void
hears(int sock, uint16_t type)
{
	struct msg m;

	msg_init(&m, 0);
	assert_int_equal(msg_recv(sock, &m), RB_OK);
	assert_int_equal(m.type, type);
	msg_clear(&m);
	/* And nothing else. */
	assert_int_equal(msg_recv(sock, &m), RB_EPEER);
	msg_clear(&m);
}

static void
a_call_ends_the_wait(void **state)
{
	struct callers c;
	int sock;

	(void)state;
	assert_false(calls_wait(&calls, 0));
	sock = call();
	assert_true(calls_wait(&calls, 3600));
	/* As long as no round has begun. */
	assert_true(calls_wait(&calls, 3600));
	calls_take(&calls, &c);
	assert_int_equal(c.n, 1);
	assert_false(calls_wait(&calls, 0));
	callers_tell(&c, 7, NULL);
	hears(sock, ADMIN_DONE);
	fd_close(&sock);
}

static void
who_calls_in_a_round_hears_of_the_next(void **state)
{
	struct callers first, second;
	int early = call(), late;

	(void)state;
	calls_take(&calls, &first);
	late = call();
	callers_tell(&first, 0, "the release file is wrong");
	hears(early, FRAME_REFUSED);
	assert_true(calls_wait(&calls, 3600));
	calls_take(&calls, &second);
	callers_tell(&second, 1, NULL);
	hears(late, ADMIN_DONE);
	fd_close(&early);
	fd_close(&late);
}

static void
one_too_many_is_refused_and_one_who_left_harms_nobody(void **state)
{
	struct callers c;
	int socks[CALLS_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < CALLS_MAX; i++)
		socks[i] = call();
	assert_int_equal(calls_add(&calls, socks[0]), RB_ELIMIT);
	fd_close(&socks[3]);
	calls_take(&calls, &c);
	callers_tell(&c, 1, NULL);
	for (i = 0; i < CALLS_MAX; i++) {
		if (socks[i] != -1)
			hears(socks[i], ADMIN_DONE);
		fd_close(&socks[i]);
	}
}

static void
who_waits_at_the_end_is_let_go(void **state)
{
	int sock = call();
	struct msg m;

	(void)state;
	calls_clear(&calls);
	msg_init(&m, 0);
	assert_int_equal(msg_recv(sock, &m), RB_EPEER);
	msg_clear(&m);
	fd_close(&sock);
	calls_init(&calls);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, make, clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(a_call_ends_the_wait),
		TEST(who_calls_in_a_round_hears_of_the_next),
		TEST(one_too_many_is_refused_and_one_who_left_harms_nobody),
		TEST(who_waits_at_the_end_is_let_go),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
