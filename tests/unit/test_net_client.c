/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "rebuilder/net_client.h"

/* rebuilder-net, which answers nothing before it has it all. */
struct role {
	pthread_t thread;
	int sock, fd;
	unsigned int steps; /* of a third of a second and a byte each */
};

static void *
download(void *self)
{
	const struct timespec step = { 0, 333333333 };
	struct role *r = self;
	unsigned int i;

	for (i = 0; i < r->steps; i++) {
		(void)nanosleep(&step, NULL);
		if (write(r->fd, "x", 1) != 1)
			return NULL;
	}
	return write(r->sock, "done", 4) == 4 ? self : NULL;
}

static void
waits_as_long_as_something_comes(void **state)
{
	struct role r = { .steps = 8 };
	int sockets[2], fds[] = { -1, -1, -1 };
	void *end = NULL;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	r.sock = sockets[1];
	fds[1] = r.fd = memfd_create("download", MFD_CLOEXEC);
	assert_int_not_equal(r.fd, -1);
	assert_int_equal(pthread_create(&r.thread, NULL, download, &r), 0);
	assert_int_equal(net_await(sockets[0], fds, 3, 1), RB_OK);
	assert_int_equal(pthread_join(r.thread, &end), 0);
	assert_ptr_equal(end, &r);
	(void)close(r.fd);
	(void)close(sockets[0]);
	(void)close(sockets[1]);
}

static void
gives_up_when_nothing_does(void **state)
{
	int sockets[2], fd;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, sockets), 0);
	fd = memfd_create("download", MFD_CLOEXEC);
	assert_int_not_equal(fd, -1);
	assert_int_equal(write(fd, "all", 3), 3);
	assert_int_equal(net_await(sockets[0], &fd, 1, 1), RB_ETIME);
	(void)close(fd);
	(void)close(sockets[0]);
	(void)close(sockets[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(waits_as_long_as_something_comes),
		cmocka_unit_test(gives_up_when_nothing_does),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
