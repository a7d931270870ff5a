/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/machine/relay.h"
#include "rebuilder/machine/warden.h"

#define LONG_MS 60000
#define SHORT_MS 50

struct report {
	pid_t pid;
	int value;
	bool was_called_off;
};

static void
work_well(void *context, int watch, void *out)
{
	struct report *r = out;

	(void)watch;
	r->pid = getpid();
	r->value = *(const int *)context + 1;
}

static void
work_for_ever(void *context, int watch, void *out)
{
	(void)context;
	(void)watch;
	(void)out;
	for (;;)
		(void)poll(NULL, 0, -1);
}

static void
work_until_called_off(void *context, int watch, void *out)
{
	struct pollfd fd = { watch, POLLIN, 0 };
	struct report *r = out;

	(void)context;
	r->was_called_off = poll(&fd, 1, LONG_MS) == 1;
}

static void
work_and_die(void *context, int watch, void *out)
{
	(void)context;
	(void)watch;
	(void)out;
	(void)raise(SIGKILL);
}

static void
work_and_exit(void *context, int watch, void *out)
{
	(void)context;
	(void)watch;
	(void)out;
	_exit(0);
}

static struct warden_work
work_of(void (*work)(void *, int, void *), int64_t ms)
{
	return (
	    struct warden_work){ work, NULL, -1, clock_now() + ms, LONG_MS };
}

static void
hands_back_what_the_work_left(void **state)
{
	int context = 41;
	struct warden_work w = work_of(work_well, LONG_MS);
	struct report r = { 0, 0, false };
	struct fault why = FAULT_INIT;

	(void)state;
	w.context = &context;
	assert_int_equal(warden_run(&w, &r, sizeof(r), &why), RB_OK);
	assert_int_equal(r.value, 42);
	assert_int_not_equal(r.pid, getpid());
	/* Nothing of it is left to be waited for. */
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
kills_work_that_hangs(void **state)
{
	struct warden_work w = work_of(work_for_ever, SHORT_MS);
	struct report r = { 0, 0, false };
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(warden_run(&w, &r, sizeof(r), &why), RB_ETIME);
	assert_non_null(strstr(why.text, "hung"));
	assert_int_equal(waitpid(-1, NULL, WNOHANG), -1);
}

static void
outlives_work_that_ends_its_process(void **state)
{
	struct warden_work w = work_of(work_and_die, LONG_MS);
	struct report r = { 0, 7, false };
	struct fault why = FAULT_INIT;

	(void)state;
	assert_int_equal(warden_run(&w, &r, sizeof(r), &why), RB_EPEER);
	assert_non_null(strstr(why.text, "signal 9"));
	w = work_of(work_and_exit, LONG_MS);
	assert_int_equal(warden_run(&w, &r, sizeof(r), &why), RB_EPEER);
	assert_int_equal(r.value, 7);
}

static void
calls_work_off_when_its_reason_ends(void **state)
{
	struct warden_work w = work_of(work_until_called_off, LONG_MS);
	struct report r = { 0, 0, false };
	struct fault why = FAULT_INIT;
	int pipes[2];

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(close(pipes[1]), 0);
	w.watch = pipes[0];
	assert_int_equal(warden_run(&w, &r, sizeof(r), &why), RB_OK);
	assert_true(r.was_called_off);

	/* It has some patience then, not all the time of before. */
	w = work_of(work_for_ever, LONG_MS);
	w.watch = pipes[0];
	w.patience = SHORT_MS;
	assert_int_equal(warden_run(&w, &r, sizeof(r), &why), RB_ETIME);
	fd_close(&pipes[0]);
}

static void
work_and_tell(void *context, int watch, void *out)
{
	struct pollfd fd = { watch, POLLIN, 0 };
	ssize_t put = write(*(const int *)context, "b", 1);

	(void)out;
	if (put == 1 && poll(&fd, 1, LONG_MS) == 1)
		put = write(*(const int *)context, "e", 1);
	_exit(put == 1 ? 0 : 1);
}

static void
calls_work_off_when_it_is_killed_itself(void **state)
{
	int pipes[2];
	char c = 0;
	pid_t pid;

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	if ((pid = fork()) == 0) {
		struct warden_work w = work_of(work_and_tell, LONG_MS);
		struct report r = { 0, 0, false };

		w.context = &pipes[1];
		_exit(warden_run(&w, &r, sizeof(r), NULL) == RB_OK ? 0 : 1);
	}
	assert_int_equal(read(pipes[0], &c, 1), 1);
	assert_int_equal(c, 'b');
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
	assert_int_equal(read(pipes[0], &c, 1), 1);
	assert_int_equal(c, 'e');
	fd_close(&pipes[0]);
	fd_close(&pipes[1]);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(kills_work_that_hangs),
		cmocka_unit_test(outlives_work_that_ends_its_process),
		cmocka_unit_test(calls_work_off_when_its_reason_ends),
		cmocka_unit_test(calls_work_off_when_it_is_killed_itself),
		cmocka_unit_test(hands_back_what_the_work_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
