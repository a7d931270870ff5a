/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/machine/relay.h"

#define FAR (clock_now() + 1000000)

/* A child in place of a guest, and a connection to watch. */
static pid_t child;
static int pidfd, watch[2];

static void
start_child(int out, const char *command)
{
	child = fork();
	if (child == 0) {
		if (out != -1)
			(void)dup2(out, 1);
		(void)execl("/bin/sh", "sh", "-c", command, (char *)NULL);
		_exit(127);
	}
	assert_true(child > 0);
	pidfd = (int)syscall(SYS_pidfd_open, child, 0);
	assert_int_not_equal(pidfd, -1);
}

static void
end_child(void)
{
	(void)kill(child, SIGKILL);
	assert_int_equal(waitpid(child, NULL, 0), child);
	fd_close(&pidfd);
}

static int
open_watch(void **state)
{
	(void)state;
	(void)signal(SIGPIPE, SIG_IGN);
	return socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, watch);
}

static int
close_watch(void **state)
{
	(void)state;
	fd_close(&watch[0]);
	fd_close(&watch[1]);
	return 0;
}

static int
open_temporary(void)
{
	int fd = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	return fd;
}

static void
expect_content(int fd, const char *text)
{
	struct buf b = BUF_INIT;

	assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
	assert_int_equal(file_read_fd(fd, 65536, &b), RB_OK);
	assert_true(span_equal_str(buf_span(&b), text));
	buf_clear(&b);
}

/* From a child's output to a file; what `end` then is. */
static enum relays_end
relay_command(const char *command, uint64_t max, int64_t deadline, int *file)
{
	struct relay r = RELAY_INIT;
	struct relay *const relays[] = { &r };
	int pipes[2], copy;
	size_t which = 9;
	enum relays_end end;

	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	*file = open_temporary();
	copy = fcntl(*file, F_DUPFD_CLOEXEC, 3);
	start_child(pipes[1], command);
	fd_close(&pipes[1]);
	assert_int_equal(relay_open(&r, &pipes[0], &copy, max), RB_OK);
	assert_int_equal(pipes[0], -1);
	end = relays_run(relays, 1, pidfd, watch[0], deadline, &which);
	relay_clear(&r);
	relay_clear(&r);
	end_child();
	return end;
}

static void
stops_at_the_limit(void **state)
{
	int file;

	(void)state;
	assert_int_equal(relay_command("printf 12345", 4, FAR, &file),
	    RELAYS_FULL);
	expect_content(file, "1234");
	fd_close(&file);
	assert_int_equal(relay_command("printf 1; exec sleep 1000", 0, FAR,
			     &file),
	    RELAYS_FULL);
	expect_content(file, "");
	fd_close(&file);
	assert_int_equal(relay_command("printf 12345", 5, FAR, &file),
	    RELAYS_DONE);
	expect_content(file, "12345");
	fd_close(&file);
}

static void
stops_at_the_deadline(void **state)
{
	int file;

	(void)state;
	assert_int_equal(relay_command("exec sleep 1000", 5, clock_now() + 1,
			     &file),
	    RELAYS_LATE);
	fd_close(&file);
	/* Bytes that keep coming don't hold it off. */
	assert_int_equal(relay_command("exec yes", UINT64_MAX, clock_now() + 10,
			     &file),
	    RELAYS_LATE);
	fd_close(&file);
}

static void
stops_when_nobody_wants_it(void **state)
{
	int file;

	(void)state;
	fd_close(&watch[1]);
	assert_int_equal(relay_command("exec yes", UINT64_MAX, FAR, &file),
	    RELAYS_ALONE);
	fd_close(&file);
}

static void
tells_that_it_cannot_write(void **state)
{
	struct relay r = RELAY_INIT;
	struct relay *const relays[] = { &r };
	int pipes[2], full;
	size_t which = 9;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	start_child(pipes[1], "echo x; exec sleep 1000");
	fd_close(&pipes[1]);
	assert_int_equal(relay_open(&r, &pipes[0], &full, 100), RB_OK);
	assert_int_equal(relays_run(relays, 1, pidfd, watch[0], FAR, &which),
	    RELAYS_FAILED);
	assert_int_equal(errno, ENOSPC);
	assert_int_equal(which, 0);
	relay_clear(&r);
	end_child();
}

/* What was said before the end is passed on after it. */
static void
passes_all_that_came(void **state)
{
	int file;

	(void)state;
	assert_int_equal(relay_command("head -c 65536 /dev/zero", 65536, FAR,
			     &file),
	    RELAYS_DONE);
	assert_int_equal(lseek(file, 0, SEEK_END), 65536);
	fd_close(&file);
}

/* A guest may read as much of its inputs as it likes. */
static void
does_not_mind_a_guest_that_reads_no_more(void **state)
{
	struct relay r = RELAY_INIT;
	struct relay *const relays[] = { &r };
	struct digester *digester = NULL;
	struct digest d = DIGEST_INIT, expected = DIGEST_INIT;
	int pipes[2], file;
	size_t which = 9;

	(void)state;
	assert_int_equal(digester_new(&digester), RB_OK);
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	file = open_temporary();
	assert_int_equal(file_write_fd(file, SPAN("abc")), RB_OK);
	assert_int_equal(lseek(file, 0, SEEK_SET), 0);
	r.to_guest = true;
	r.digester = digester;
	/* Nobody reads at all. */
	fd_close(&pipes[0]);
	start_child(-1, "exit 0");
	assert_int_equal(relay_open(&r, &file, &pipes[1], 3), RB_OK);
	assert_int_equal(relays_run(relays, 1, pidfd, watch[0], FAR, &which),
	    RELAYS_DONE);
	relay_clear(&r);
	end_child();

	/* What was read was hashed. */
	assert_int_equal(digester_end(digester, &d), RB_OK);
	assert_int_equal(digest_of(SPAN("abc"), &expected), RB_OK);
	assert_true(digest_equal(&d, &expected));
	digester_free(&digester);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(stops_at_the_limit, open_watch,
		    close_watch),
		cmocka_unit_test_setup_teardown(stops_at_the_deadline,
		    open_watch, close_watch),
		cmocka_unit_test_setup_teardown(stops_when_nobody_wants_it,
		    open_watch, close_watch),
		cmocka_unit_test_setup_teardown(tells_that_it_cannot_write,
		    open_watch, close_watch),
		cmocka_unit_test_setup_teardown(passes_all_that_came,
		    open_watch, close_watch),
		cmocka_unit_test_setup_teardown(
		    does_not_mind_a_guest_that_reads_no_more, open_watch,
		    close_watch),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
