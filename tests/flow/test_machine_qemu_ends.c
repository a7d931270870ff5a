/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Machines of QEMU that take too much of something, break down or are
 * ended: each is called by its name, and nothing may be left.
 */
#include <dirent.h>
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

#include "common/base/enc.h"
#include "common/base/file.h"
#include "tests/machine/trial.h"

#define STATUS_MAX 65536
#define GENERATIONS 6

static void
expect_crash(const char *recipe, const char *detail)
{
	struct run r;

	run_init(&r);
	run_to_end(&r, &trial.small, recipe, MACHINE_CRASHED);
	if (strstr(r.answer.detail, detail) == NULL)
		fail_msg("%s, not %s", r.answer.detail, detail);
	/* Whatever it left is not taken. */
	expect_output(&r, "");
	run_clear(&r);
}

/* A guest that lets its recipe do what a broken kernel could. */
static void
tells_how_a_guest_broke_down(void **state)
{
	(void)state;
	trial_use_changed("sed '/for name in acpi/,/done/d' \"$BOOT\" >init\n"
			  "chmod 755 init; add init");
	expect_crash("echo c >/proc/sysrq-trigger; sleep 100\n", "panicked");
	expect_crash("echo b >/proc/sysrq-trigger; sleep 100\n", "reset");
	expect_crash("echo o >/proc/sysrq-trigger; sleep 100\n",
	    "turned itself off");
	trial_use("qemu", NULL);
}

static void
ends_a_guest_that_hangs(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	d.seconds = run_seconds();
	run_init(&r);
	run_to_end(&r, &d, "echo begun; while :; do :; done\n",
	    MACHINE_TIMEOUT);
	assert_non_null(strstr((const char *)r.text.p, "begun\n"));
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
	run_to_end(&r, &d, "exec yes\n", MACHINE_LOG_LIMIT);
	assert_int_equal(fstat(r.log, &st), 0);
	assert_int_equal(st.st_size, 100000);
	run_clear(&r);
}

static void
bounds_the_disk(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	run_to_end(&r, &trial.small,
	    "head -c 80000000 /dev/zero >\"$SCRATCH/x\" || exit 9\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nend 9\n");
	assert_non_null(strstr((const char *)r.text.p, "No space left"));
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
	run_to_end(&r, &d,
	    "head -c 3000000 /dev/zero | tr '\\0' x >\"$OUTPUT/much\"\n",
	    MACHINE_OUTPUT_LIMIT);
	assert_int_equal(fstat(r.output, &st), 0);
	assert_int_equal(st.st_size, 65536);
	run_clear(&r);

	/* Zeros are something, too. */
	run_init(&r);
	run_to_end(&r, &d, "head -c 3000000 /dev/zero >\"$OUTPUT/zeros\"\n",
	    MACHINE_OUTPUT_LIMIT);
	run_clear(&r);

	/* What fits to the byte is not too much. */
	d.output = strlen("output 1\nfile x 9\n123456789end 0\n");
	run_init(&r);
	run_to_end(&r, &d, "printf 123456789 >\"$OUTPUT/x\"\n", MACHINE_DONE);
	expect_output(&r, "output 1\nfile x 9\n123456789end 0\n");
	run_clear(&r);

	d.output--;
	run_init(&r);
	run_to_end(&r, &d, "printf 123456789 >\"$OUTPUT/x\"\n",
	    MACHINE_OUTPUT_LIMIT);
	run_clear(&r);
}

static void
survives_a_recipe_that_forks_for_ever(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	d.processes = 64;
	d.seconds = run_seconds();
	run_init(&r);
	run_start(&r, &d, "exec perl -e '1 while 1 + ($x = fork, 0)'\n");
	run_finish(&r);
	/* Its kernel may kill what it likes for want of memory, init too. */
	if (r.answer.end != MACHINE_CRASHED)
		expect_end(&r, MACHINE_TIMEOUT);
	run_clear(&r);
}

static void
needs_memory_to_boot(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	d.memory = 32 * MIB;
	d.seconds = 60;
	run_init(&r);
	run_to_end(&r, &d, "true\n", MACHINE_UNAVAILABLE);
	run_clear(&r);
}

static void
tells_a_broken_machine_from_a_broken_build(void **state)
{
	struct run r;

	(void)state;
	run_init(&r);
	put_file("in.tar", "no tar\n");
	r.inputs = open_in_dir("in.tar", O_RDONLY);
	run_to_end(&r, &trial.small, NULL, MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "inputs"));
	run_clear(&r);

	run_init(&r);
	r.output = open("/dev/full", O_RDWR | O_CLOEXEC);
	assert_int_not_equal(r.output, -1);
	run_start(&r, &trial.small, "true\n");
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_OK);
	assert_int_equal(r.answer.end, MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "No space left"));
	run_clear(&r);
}

static bool
read_proc(const char *pid, const char *name, struct buf *out)
{
	char path[64];
	int fd;
	bool has;

	snprintf(path, sizeof(path), "/proc/%.20s/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	buf_reset(out);
	has = fd != -1 && file_read_fd(fd, STATUS_MAX, out) == RB_OK &&
	    buf_put_byte(out, 0) == RB_OK && out->len > 1;
	fd_close(&fd);
	return has;
}

static bool
descends_from(const char *pid, pid_t above)
{
	struct buf status = BUF_INIT;
	char at[32];
	int i;
	bool does = false;

	snprintf(at, sizeof(at), "%.20s", pid);
	for (i = 0; i < GENERATIONS && !does; i++) {
		const char *line;

		if (!read_proc(at, "status", &status) ||
		    (line = strstr((const char *)status.p, "\nPPid:\t")) ==
			NULL)
			break;
		line += strlen("\nPPid:\t");
		snprintf(at, sizeof(at), "%.*s", (int)strcspn(line, "\n"),
		    line);
		does = strtol(at, NULL, 10) == above;
	}
	buf_clear(&status);
	return does;
}

/* The QEMU of that rebuilder-machine; 0: none. */
static pid_t
find_qemu(pid_t machine)
{
	struct buf line = BUF_INIT;
	struct dirent *entry;
	DIR *proc = opendir("/proc");
	pid_t found = 0;

	assert_non_null(proc);
	while ((entry = readdir(proc)) != NULL)
		if (read_proc(entry->d_name, "cmdline", &line) &&
		    strncmp((const char *)line.p, "/usr/bin/qemu", 13) == 0 &&
		    descends_from(entry->d_name, machine))
			found = (pid_t)strtol(entry->d_name, NULL, 10);
	(void)closedir(proc);
	buf_clear(&line);
	return found;
}

static void
note_group_of(pid_t pid)
{
	shell("grep -o 'qubes-rebuilder-run-.*' /proc/%d/cgroup | sort -u "
	      ">%s/group && test -s %s/group",
	    (int)pid, trial.dir, trial.dir);
}

static void
expect_nothing_left(pid_t qemu)
{
	assert_int_equal(kill(qemu, 0), -1);
	expect_no_group();
	shell("test -z \"$(ls -A %s/node/machine/stage)\"", trial.dir);
}

/* A machine that has begun; its QEMU. */
static pid_t
start_lingering(struct run *r, int *log)
{
	char text[4096];
	size_t n = 0;
	pid_t qemu;

	*log = open_pipe_log(r);
	run_start(r, &trial.small, "echo begun\nsleep 100000\n");
	do {
		assert_true(n < sizeof(text) - 1);
		assert_int_equal(read(*log, text + n, 1), 1);
		text[++n] = '\0';
	} while (strstr(text, "begun\n") == NULL);
	qemu = find_qemu(r->client.pid);
	assert_int_not_equal(qemu, 0);
	note_group_of(qemu);
	return qemu;
}

/* Of the host it has no more than a recipe in a namespace machine. */
static void
holds_qemu_in_a_sandbox(void **state)
{
	struct buf status = BUF_INIT;
	char name[32];
	struct run r;
	pid_t qemu;
	int log;

	(void)state;
	run_init(&r);
	qemu = start_lingering(&r, &log);
	snprintf(name, sizeof(name), "%d", (int)qemu);
	assert_true(read_proc(name, "status", &status));
	assert_non_null(strstr((const char *)status.p,
	    "\nUid:\t1879048192\t1879048192\t1879048192\t1879048192\n"));
	assert_non_null(
	    strstr((const char *)status.p, "\nCapPrm:\t0000000000000000\n"));
	assert_non_null(strstr((const char *)status.p, "\nNoNewPrivs:\t1\n"));
	assert_non_null(strstr((const char *)status.p, "\nSeccomp:\t2\n"));
	/* No socket, and no way to the host's files or network. */
	shell("! ls -l /proc/%d/fd | grep 'socket:'", (int)qemu);
	shell("test \"$(ls /proc/%d/root | tr '\\n' ' ')\" = "
	      "'bin dev etc lib lib64 proc sbin usr '",
	    (int)qemu);
	shell("for ns in mnt net pid ipc uts user cgroup; do "
	      "test \"$(readlink /proc/%d/ns/$ns)\" != "
	      "\"$(readlink /proc/self/ns/$ns)\" || exit 1; done",
	    (int)qemu);
	shell("! sed 1,2d /proc/%d/net/dev | grep -v '^ *lo:'", (int)qemu);
	assert_int_equal(machine_client_end(&r.client), 0);
	expect_nothing_left(qemu);
	run_clear(&r);
	fd_close(&log);
	buf_clear(&status);
}

static void
leaves_nothing_of_a_killed_run(void **state)
{
	struct run r;
	pid_t qemu;
	int log;

	(void)state;
	run_init(&r);
	qemu = start_lingering(&r, &log);
	assert_int_equal(kill(r.client.pid, SIGKILL), 0);
	assert_int_equal(machine_client_end(&r.client), -1);
	run_clear(&r);
	fd_close(&log);

	/* Nothing of it is there when the next one runs. */
	run_init(&r);
	run_to_end(&r, &trial.small, "true\n", MACHINE_DONE);
	expect_nothing_left(qemu);
	run_clear(&r);
}

static void
tells_when_qemu_is_killed(void **state)
{
	struct run r;
	pid_t qemu;
	int log;

	(void)state;
	run_init(&r);
	qemu = start_lingering(&r, &log);
	assert_int_equal(kill(qemu, SIGKILL), 0);
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_OK);
	assert_int_equal(r.answer.end, MACHINE_CRASHED);
	assert_int_equal(machine_client_end(&r.client), 0);
	expect_nothing_left(qemu);
	run_clear(&r);
	fd_close(&log);
}

static void
runs_several_at_once(void **state)
{
	struct run a, b;
	pid_t qemu_a, qemu_b;
	int log_a, log_b;

	(void)state;
	run_init(&a);
	run_init(&b);
	qemu_a = start_lingering(&a, &log_a);
	qemu_b = start_lingering(&b, &log_b);
	assert_int_equal(machine_client_end(&a.client), 0);
	assert_int_equal(kill(qemu_a, 0), -1);
	/* The other one does not notice. */
	assert_int_equal(kill(qemu_b, 0), 0);
	assert_int_equal(machine_client_end(&b.client), 0);
	expect_nothing_left(qemu_b);
	run_clear(&a);
	run_clear(&b);
	fd_close(&log_a);
	fd_close(&log_b);
}

static int
set_up(void **state)
{
	if (trial_set_up(state) != 0)
		return -1;
	trial_use("qemu", NULL);
	return 0;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tells_how_a_guest_broke_down),
		cmocka_unit_test(ends_a_guest_that_hangs),
		cmocka_unit_test(ends_too_long_a_log),
		cmocka_unit_test(bounds_the_disk),
		cmocka_unit_test(ends_too_much_output),
		cmocka_unit_test(survives_a_recipe_that_forks_for_ever),
		cmocka_unit_test(needs_memory_to_boot),
		cmocka_unit_test(tells_a_broken_machine_from_a_broken_build),
		cmocka_unit_test(holds_qemu_in_a_sandbox),
		cmocka_unit_test(leaves_nothing_of_a_killed_run),
		cmocka_unit_test(tells_when_qemu_is_killed),
		cmocka_unit_test(runs_several_at_once),
	};

	return cmocka_run_group_tests(tests, set_up, trial_tear_down);
}
