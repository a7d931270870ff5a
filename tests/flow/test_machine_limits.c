/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines that take too much of something, and machines that are ended:
 * each limit is passed once, and nothing may be left.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "tests/machine/trial.h"

static void
leaves_no_process_behind(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	run_to_end(&r, &trial.small,
	    "setsid sh -c 'sleep 100000; :' $MARK >/dev/null 2>&1 &\n"
	    "(trap '' TERM HUP; sh -c 'sleep 100000; :' $MARK) &\n"
	    "echo done >\"$OUTPUT/done\"\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nfile done 5\ndone\nend 0\n");
	expect_no_process();
	run_clear(&r);
}

static void
ends_what_takes_too_long(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	d.seconds = 1;
	run_init(&r);
	run_to_end(&r, &d, LINGER, MACHINE_TIMEOUT);
	expect_no_process();
	run_clear(&r);
}

static void
ends_a_recipe_that_forks_for_ever(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	d.processes = 64;
	d.seconds = 2;
	run_init(&r);
	run_to_end(&r, &d, "exec perl -e '1 while 1 + ($x = fork, 0)' $MARK\n",
	    MACHINE_TIMEOUT);
	expect_no_process();
	run_clear(&r);
}

static void
ends_too_much_output(void **state)
{
	struct description d = trial.small;
	struct stat st;
	struct run r;

	(void)state;
	d.output = 65536;
	run_init(&r);
	run_to_end(&r, &d, "head -c 1000000 /dev/zero >\"$OUTPUT/zeros\"\n",
	    MACHINE_OUTPUT_LIMIT);
	assert_int_equal(fstat(r.output, &st), 0);
	assert_int_equal(st.st_size, 65536);
	run_clear(&r);

	/* What fits to the byte is not too much. */
	d.output = strlen("output 1\nfile x 9\n123456789end 0\n");
	run_init(&r);
	run_to_end(&r, &d, "printf 123456789 >\"$OUTPUT/x\"\n", MACHINE_DONE);
	run_clear(&r);
}

static void
ends_too_long_a_log(void **state)
{
	struct description d = trial.small;
	struct stat st;
	struct run r;

	(void)state;
	d.log = 100000;
	run_init(&r);
	run_to_end(&r, &d, "exec yes $MARK\n", MACHINE_LOG_LIMIT);
	/* Its beginning stays. */
	assert_int_equal(fstat(r.log, &st), 0);
	assert_int_equal(st.st_size, 100000);
	expect_no_process();
	run_clear(&r);
}

static void
bounds_memory_and_disk(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	d.memory = 64 * MIB;
	d.disk = 16 * MIB;
	run_init(&r);
	run_to_end(&r, &d, "perl -e '$x = \"x\" x 200_000_000'\n",
	    MACHINE_CRASHED);
	assert_non_null(strstr(r.answer.detail, "memory"));
	run_clear(&r);

	run_init(&r);
	run_to_end(&r, &d,
	    "head -c 30000000 /dev/zero >\"$SCRATCH/x\" || "
	    "exit 9\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nend 9\n");
	assert_non_null(strstr((const char *)r.text.p, "No space left"));
	run_clear(&r);

	/* Other places that can be written count as memory. */
	run_init(&r);
	run_to_end(&r, &d, "head -c 200000000 /dev/zero >/dev/shm/x\n",
	    MACHINE_CRASHED);
	run_clear(&r);
}

static void
ends_with_the_connection(void **state)
{
	struct run r;
	char byte;
	int log;

	(void)state;
	run_init(&r);
	log = open_pipe_log(&r);
	run_start(&r, &trial.small, LINGER);
	assert_int_equal(read(log, &byte, 1), 1);
	note_group();
	assert_int_equal(machine_client_end(&r.client), 0);
	expect_no_process();
	expect_no_group();
	run_clear(&r);
	fd_close(&log);
}

static void
cleans_up_after_a_killed_run(void **state)
{
	struct run r;
	char byte;
	int log;

	(void)state;
	run_init(&r);
	log = open_pipe_log(&r);
	run_start(&r, &trial.small, LINGER);
	assert_int_equal(read(log, &byte, 1), 1);
	note_group();
	assert_int_equal(kill(r.client.pid, SIGKILL), 0);
	assert_int_equal(machine_client_end(&r.client), -1);
	run_clear(&r);
	fd_close(&log);

	/* Nothing of it is there when the next one runs. */
	run_init(&r);
	run_to_end(&r, &trial.small, "true\n", MACHINE_DONE);
	expect_no_process();
	expect_no_group();
	run_clear(&r);
}

static void
runs_several_at_once(void **state)
{
	struct run a, b;
	char byte;
	int log_a, log_b;

	(void)state;
	run_init(&a);
	run_init(&b);
	log_a = open_pipe_log(&a);
	log_b = open_pipe_log(&b);
	/* Both live at the same time, each with its own processes and files. */
	run_start(&a, &trial.small, "touch /tmp/here\n" LINGER);
	assert_int_equal(read(log_a, &byte, 1), 1);
	run_start(&b, &trial.small, "test ! -e /tmp/here || exit 3\n" LINGER);
	assert_int_equal(read(log_b, &byte, 1), 1);
	assert_int_equal(machine_client_end(&a.client), 0);
	/* The other one does not notice. */
	assert_int_equal(waitpid(b.client.pid, NULL, WNOHANG), 0);
	assert_int_equal(machine_client_end(&b.client), 0);
	expect_no_process();
	run_clear(&a);
	run_clear(&b);
	fd_close(&log_a);
	fd_close(&log_b);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(leaves_no_process_behind),
		cmocka_unit_test(ends_what_takes_too_long),
		cmocka_unit_test(ends_a_recipe_that_forks_for_ever),
		cmocka_unit_test(ends_too_much_output),
		cmocka_unit_test(ends_too_long_a_log),
		cmocka_unit_test(bounds_memory_and_disk),
		cmocka_unit_test(ends_with_the_connection),
		cmocka_unit_test(cleans_up_after_a_killed_run),
		cmocka_unit_test(runs_several_at_once),
	};

	return cmocka_run_group_tests(tests, trial_set_up, trial_tear_down);
}
