/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/process/role.h"
#include "tests/unit/test_nobody.h"
#include "tests/unit/test_role_inside.h"

/* This program is its own role: see main. */
#define PROGRAM "test_role"

static const char *const serve_args[] = { "serve", NULL };
static const char *const hang_args[] = { "hang", NULL };
static const char *const jailed_serve_args[] = { "jailed-serve", NULL };
static const char *const jailed_hang_args[] = { "jailed-hang", NULL };

static struct role
start(const char *const *args, const int *fds, size_t nfds)
{
	struct role_start s = ROLE_START_INIT;
	struct role r = ROLE_INIT;

	s.program = PROGRAM;
	s.args = args;
	s.fds = fds;
	s.nfds = nfds;
	assert_int_equal(role_spawn(&s, &r), RB_OK);
	return r;
}

/* Asks with an empty body; the answer's type must be the question's. */
static enum rb_err
ask(const struct role *r, uint16_t type, struct msg *answer)
{
	struct msg question;
	enum rb_err rc;

	msg_init(&question, type);
	rc = msg_call(r->fd, &question, answer);
	msg_clear(&question);
	if (rc == RB_OK)
		assert_int_equal(answer->type, type);
	return rc;
}

static int
exit_of(struct role *r)
{
	int status = -1;

	assert_int_equal(role_wait(r, 60, &status), RB_OK);
	assert_int_equal(r->pid, -1);
	assert_int_equal(r->fd, -1);
	assert_int_equal(r->pidfd, -1);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
refuses_to_start_what_is_not_there(void **state)
{
	struct role_start s = ROLE_START_INIT;
	struct role r = ROLE_INIT;
	struct jail jail;

	(void)state;
	memset(&jail, 0, sizeof(jail));
	s.program = "no-such-program";
	assert_int_equal(role_spawn(&s, &r), RB_EIO);
	s.program = "../bin/true";
	assert_int_equal(role_spawn(&s, &r), RB_EINTERNAL);
	s.program = "true";
	assert_int_equal(role_spawn_foreign(&s, &jail, &r), RB_EINTERNAL);
	s.program = PROGRAM;
	s.uid = NOBODY; /* and no group */
	assert_int_equal(role_spawn(&s, &r), RB_EINTERNAL);
	s = (struct role_start)ROLE_START_INIT;
	s.program = PROGRAM;
	s.nfds = ROLE_FDS_MAX + 1;
	assert_int_equal(role_spawn(&s, &r), RB_EINTERNAL);
	assert_int_equal(r.pid, -1);
	assert_int_equal(r.fd, -1);
}

static void
refuses_frames_outside_the_table(void **state)
{
	struct msg m;
	struct role r;

	(void)state;
	msg_init(&m, 0);
	r = start(serve_args, NULL, 0);
	assert_int_equal(ask(&r, ECHO, &m), RB_OK);
	msg_clear(&m);
	assert_int_equal(ask(&r, UNKNOWN, &m), RB_EPEER);
	assert_int_equal(exit_of(&r), 1);
}

static void
refuses_frames_of_another_state(void **state)
{
	struct msg m;
	struct role r;

	(void)state;
	msg_init(&m, 0);
	r = start(serve_args, NULL, 0);
	assert_int_equal(ask(&r, SECRET, &m), RB_EPEER);
	assert_int_equal(exit_of(&r), 1);

	r = start(serve_args, NULL, 0);
	assert_int_equal(ask(&r, OPEN, &m), RB_OK);
	msg_clear(&m);
	assert_int_equal(ask(&r, SECRET, &m), RB_OK);
	msg_clear(&m);
	assert_int_equal(ask(&r, OPEN, &m), RB_EPEER);
	assert_int_equal(exit_of(&r), 1);
}

static void
ends_when_an_answer_fails_or_a_frame_is_none(void **state)
{
	struct msg m;
	struct role r;

	(void)state;
	msg_init(&m, 0);
	r = start(serve_args, NULL, 0);
	assert_int_equal(ask(&r, FAIL, &m), RB_EPEER);
	assert_int_equal(exit_of(&r), 1);

	r = start(serve_args, NULL, 0);
	assert_int_equal(write(r.fd, "junk", 4), 4);
	assert_int_equal(exit_of(&r), 1);
}

static void
ends_well_when_the_parent_closes(void **state)
{
	struct role r;

	(void)state;
	r = start(serve_args, NULL, 0);
	assert_int_equal(exit_of(&r), 0);
}

/* Descriptors with known content, at chosen numbers, without close-on-exec. */
static void
fill(int fd, char byte)
{
	int pair[2] = { -1, -1 };

	assert_int_equal(pipe2(pair, O_CLOEXEC), 0);
	assert_int_equal(write(pair[1], &byte, 1), 1);
	assert_int_equal(dup2(pair[0], fd), fd);
	if (pair[0] != fd)
		fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static void
places_descriptors_that_overlap(void **state)
{
	/* Each is a number that another one shall get. */
	static const int fds[] = { 27, 26, 25, 24 };
	int low[4];
	struct msg m;
	struct role r;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		fill(fds[i], (char)('a' + i));
	/* Free numbers: 4 to 7 may be in use by the test's own runner. */
	for (i = 0; i < 4; i++)
		low[3 - i] = fcntl(fds[3 - i], F_DUPFD, ROLE_FIRST_FD);
	r = start(serve_args, low, 4);
	msg_init(&m, 0);
	assert_int_equal(ask(&r, READ_ALL, &m), RB_OK);
	assert_true(span_equal_str(buf_span(&m.body), "abcd"));
	msg_clear(&m);
	assert_int_equal(exit_of(&r), 0);
	for (i = 0; i < 4; i++) {
		(void)close(fds[i]);
		fd_close(&low[i]);
	}
}

static void
gives_what_the_contract_names_and_nothing_else(void **state)
{
	uint64_t descriptors = 0;
	uint32_t uid = 0;
	uint8_t claims[4] = { 0, 0, 0, 0 };
	struct sigaction ignore, before;
	struct span in;
	struct msg m;
	struct role r;
	sigset_t usr1;
	int extra[] = { 30, 31 };
	size_t i;

	(void)state;
	/* All of this stays ours. */
	fill(30, 'x');
	fill(31, 'y');
	fill(50, 'z');
	assert_int_equal(setenv("LD_PRELOAD", "", 1), 0);
	memset(&ignore, 0, sizeof(ignore));
	ignore.sa_handler = SIG_IGN;
	assert_int_equal(sigaction(SIGUSR2, &ignore, &before), 0);
	sigemptyset(&usr1);
	sigaddset(&usr1, SIGUSR1);
	assert_int_equal(pthread_sigmask(SIG_BLOCK, &usr1, NULL), 0);

	r = start(serve_args, extra, 2);
	msg_init(&m, 0);
	assert_int_equal(ask(&r, REPORT, &m), RB_OK);
	in = buf_span(&m.body);
	assert_int_equal(take_u64(&in, &descriptors), RB_OK);
	assert_int_equal(take_u32(&in, &uid), RB_OK);
	for (i = 0; i < 4; i++)
		assert_int_equal(take_u8(&in, &claims[i]), RB_OK);
	assert_int_equal(take_end(in), RB_OK);
	assert_int_equal(descriptors, 0x3f); /* 0 to 5 */
	assert_int_equal(uid, getuid());
	assert_true(claims[0]); /* no environment */
	assert_true(claims[1]); /* dies with us */
	assert_true(claims[2]); /* in a session of its own */
	assert_true(claims[3]); /* no signal blocked or ignored */
	msg_clear(&m);
	assert_int_equal(exit_of(&r), 0);

	assert_int_equal(pthread_sigmask(SIG_UNBLOCK, &usr1, NULL), 0);
	assert_int_equal(sigaction(SIGUSR2, &before, NULL), 0);
	assert_int_equal(unsetenv("LD_PRELOAD"), 0);
	(void)close(30);
	(void)close(31);
	(void)close(50);
}

static void
becomes_another_user(void **state)
{
	struct role_start s = ROLE_START_INIT;
	struct role r = ROLE_INIT;
	uint64_t descriptors = 0;
	uint32_t uid = 0;
	uint8_t claims[2] = { 0, 0 };
	struct span in;
	struct msg m;

	(void)state;
	s.program = PROGRAM;
	s.args = serve_args;
	s.uid = NOBODY;
	s.gid = NOBODY;
	if (geteuid() != 0) {
		assert_int_equal(role_spawn(&s, &r), RB_EIO);
		return;
	}
	assert_int_equal(role_spawn(&s, &r), RB_OK);
	msg_init(&m, 0);
	assert_int_equal(ask(&r, REPORT, &m), RB_OK);
	in = buf_span(&m.body);
	assert_int_equal(take_u64(&in, &descriptors), RB_OK);
	assert_int_equal(take_u32(&in, &uid), RB_OK);
	assert_int_equal(take_u8(&in, &claims[0]), RB_OK);
	assert_int_equal(take_u8(&in, &claims[1]), RB_OK);
	assert_int_equal(uid, NOBODY);
	assert_true(claims[1]); /* a change of user forgets it */
	msg_clear(&m);
	assert_int_equal(exit_of(&r), 0);
}

static void
serves_on_a_socket_that_it_is_given(void **state)
{
	struct role_start s = ROLE_START_INIT;
	struct role r = ROLE_INIT;
	int pair[2] = { -1, -1 };
	struct msg question, m;

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	s.program = PROGRAM;
	s.args = serve_args;
	s.sock = pair[1];
	assert_int_equal(role_spawn(&s, &r), RB_OK);
	assert_int_equal(r.fd, -1);
	fd_close(&pair[1]);
	msg_init(&question, ECHO);
	msg_init(&m, 0);
	assert_int_equal(msg_call(pair[0], &question, &m), RB_OK);
	msg_clear(&m);
	msg_clear(&question);
	fd_close(&pair[0]);
	assert_int_equal(exit_of(&r), 0);
}

static void
kills_what_does_not_end(void **state)
{
	struct role r;
	pid_t pid;

	(void)state;
	r = start(hang_args, NULL, 0);
	assert_int_equal(role_wait(&r, 0, NULL), RB_ETIME);
	assert_int_equal(r.pid, -1);

	r = start(hang_args, NULL, 0);
	pid = r.pid;
	role_clear(&r);
	assert_int_equal(r.pid, -1);
	assert_int_equal(waitpid(pid, NULL, WNOHANG), -1);
	role_clear(&r);
}

/* Starts a role, tells its number, and ends when told, without a word to it. */
static void
parent_main(int sock, const char *const *args)
{
	struct role r = ROLE_INIT;
	struct msg m;
	char byte;

	msg_init(&m, 0);
	if (!be_nobody())
		_exit(1);
	r = start(args, NULL, 0);
	/* By then it is in its jail. */
	if (msg_recv(r.fd, &m) != RB_OK)
		_exit(1);
	if (write(sock, &r.pid, sizeof(r.pid)) != sizeof(r.pid) ||
	    read(sock, &byte, 1) != 1)
		_exit(1);
	_exit(0);
}

static void
assert_dies_with_parent(const char *const *args)
{
	struct pollfd ended = { -1, POLLIN, 0 };
	int pair[2] = { -1, -1 };
	pid_t parent, role = -1;
	int status = -1;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	parent = fork();
	assert_true(parent >= 0);
	if (parent == 0)
		parent_main(pair[1], args);
	assert_int_equal(read(pair[0], &role, sizeof(role)), sizeof(role));
	ended.fd = pidfd_open(role, 0);
	assert_true(ended.fd >= 0);
	assert_int_equal(poll(&ended, 1, 0), 0);
	assert_int_equal(write(pair[0], "x", 1), 1);
	assert_int_equal(waitpid(parent, &status, 0), parent);
	assert_int_equal(status, 0);
	assert_int_equal(poll(&ended, 1, -1), 1);
	fd_close(&ended.fd);
	fd_close(&pair[0]);
	fd_close(&pair[1]);
}

static void
a_role_dies_with_its_parent(void **state)
{
	(void)state;
	assert_dies_with_parent(hang_args);
	assert_dies_with_parent(jailed_hang_args);
}

/* Spawns while other threads allocate and spawn. */
static void *
spawn_many(void *arg)
{
	int i;

	for (i = 0; i < 20; i++) {
		struct role_start s = ROLE_START_INIT;
		struct role r = ROLE_INIT;
		struct msg m;
		int status = -1;
		void *p = malloc(100000);

		msg_init(&m, 0);
		s.program = PROGRAM;
		s.args = serve_args;
		if (p == NULL || role_spawn(&s, &r) != RB_OK ||
		    ask(&r, ECHO, &m) != RB_OK)
			arg = NULL;
		free(p);
		msg_clear(&m);
		if (r.pid < 0 || role_wait(&r, 60, &status) != RB_OK ||
		    status != 0)
			arg = NULL;
	}
	return arg;
}

static void
threads_spawn_side_by_side(void **state)
{
	pthread_t threads[4];
	void *done = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		assert_int_equal(pthread_create(&threads[i], NULL, spawn_many,
				     &threads),
		    0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pthread_join(threads[i], &done), 0);
		assert_ptr_equal(done, &threads);
	}
}

/* A daemon's way: confined itself, and fresh confined roles inside. */
static int
work_in_a_jail(void)
{
	struct fault why = FAULT_INIT;
	struct jail jail;
	struct role r;
	struct msg m;

	memset(&jail, 0, sizeof(jail));
	jail.allow = JAIL_SPAWN | JAIL_UNIX | JAIL_DB | JAIL_THREADS;
	if (!be_nobody() || jail_enter(&jail, &why) != RB_OK) {
		print_error("%s\n", why.text);
		return 1;
	}
	r = start(jailed_serve_args, NULL, 0);
	msg_init(&m, 0);
	assert_int_equal(ask(&r, ECHO, &m), RB_OK);
	msg_clear(&m);
	assert_int_equal(exit_of(&r), 0);

	r = start(hang_args, NULL, 0);
	assert_int_equal(role_wait(&r, 0, NULL), RB_ETIME);
	return 0;
}

static void
a_jailed_parent_starts_jailed_roles(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(work_in_a_jail());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_to_start_what_is_not_there),
		cmocka_unit_test(refuses_frames_outside_the_table),
		cmocka_unit_test(refuses_frames_of_another_state),
		cmocka_unit_test(ends_when_an_answer_fails_or_a_frame_is_none),
		cmocka_unit_test(ends_well_when_the_parent_closes),
		cmocka_unit_test(places_descriptors_that_overlap),
		cmocka_unit_test(
		    gives_what_the_contract_names_and_nothing_else),
		cmocka_unit_test(becomes_another_user),
		cmocka_unit_test(serves_on_a_socket_that_it_is_given),
		cmocka_unit_test(kills_what_does_not_end),
		cmocka_unit_test(a_role_dies_with_its_parent),
		cmocka_unit_test(threads_spawn_side_by_side),
		cmocka_unit_test(a_jailed_parent_starts_jailed_roles),
	};

	if (argc == 2)
		return role_main(argv[1]);
	if (role_home() != RB_OK)
		return 99;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
