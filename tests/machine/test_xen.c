/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whole runs of rebuilder-machine with its xen driver, in dom0. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "tests/machine/xen_trial.h"

#define LIFECYCLES 10
#define CLOCK UINT64_C(1234567890)

static void
runs_a_recipe(void **state)
{
	struct description d = xen_plain;
	struct run r;

	(void)state;
	d.has_clock = true;
	d.clock = CLOCK;
	xen_run(&r, &d, "recipe",
	    "set -eu\n"
	    "test \"$(id -u)\" = 0\n"
	    "test \"$(cat)\" = ''\n"
	    "test \"$(cat \"$INPUTS/files/one\")\" = one\n"
	    "test $(($(date +%s) - 1234567890)) -lt 300\n"
	    "ls /sys/class/net 2>/dev/null && exit 9\n"
	    "test \"$(tail -n +3 /proc/net/dev | grep -cv ' lo:')\" = 0\n"
	    "test ! -t 1 -a ! -t 2\n"
	    "cat /proc/partitions\n"
	    "echo hello\necho result >\"$OUTPUT/file\"\nexit 7\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nfile file 7\nresult\nend 7\n");
	assert_non_null(strstr((const char *)r.text.p, "hello"));
	assert_string_equal(r.answer.kind, "xen");
	assert_string_equal(r.answer.clock, "2009-02-13T23:31:30Z");
	run_clear(&r);
}

static void
runs_above_a_layer(void **state)
{
	struct description d = trial.small;
	struct run r;

	(void)state;
	d.memory = xen_plain.memory;
	xen_run(&r, &d, "layer",
	    "set -eu\ntest \"$(cat \"$ROOT/etc/marker\")\" = honest\n"
	    "echo x >\"$ROOT/etc/marker\"\n"
	    "! echo x >/layer/etc/marker\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nend 0\n");
	run_clear(&r);
}

static void
runs_in_a_pv_domain(void **state)
{
	struct run r;

	(void)state;
	xen_use("pv", getenv("RB_IMAGE"));
	xen_run(&r, &xen_plain, "pv", HELLO, MACHINE_DONE);
	expect_output(&r, HELLO_OUTPUT);
	run_clear(&r);
	xen_use_pvh();
}

static void
ends_a_guest_that_hangs(void **state)
{
	struct description d = xen_plain;
	struct run r;

	(void)state;
	d.seconds = run_seconds();
	xen_run(&r, &d, "hang", "echo begun\nsleep 100000\n", MACHINE_TIMEOUT);
	assert_non_null(strstr((const char *)r.text.p, "begun"));
	run_clear(&r);
}

static void
ends_a_guest_that_prints_for_ever(void **state)
{
	struct description d = xen_plain;
	struct run r;

	(void)state;
	d.log = 20000;
	xen_run(&r, &d, "flood", "while :; do echo it goes on; done\n",
	    MACHINE_LOG_LIMIT);
	assert_int_equal(r.text.len, d.log + 1);
	run_clear(&r);
}

static void
bounds_disk_and_output(void **state)
{
	struct description d = xen_plain;
	struct run r;

	(void)state;
	xen_run(&r, &d, "full disk",
	    "dd if=/dev/zero of=\"$SCRATCH/big\" bs=1M && exit 1\n"
	    "rm \"$SCRATCH/big\"\necho it was full >\"$OUTPUT/file\"\n",
	    MACHINE_DONE);
	expect_output(&r, "output 1\nfile file 12\nit was full\nend 0\n");
	run_clear(&r);
	d.output = 100000;
	xen_run(&r, &d, "much output",
	    "head -c 200000 /dev/urandom >\"$OUTPUT/file\"\n",
	    MACHINE_OUTPUT_LIMIT);
	run_clear(&r);
}

/* In the node's directory: an image whose manifest is right. */
static void
make_image(char path[TRIAL_PATH_LEN], const char *change)
{
	snprintf(path, TRIAL_PATH_LEN, "%s/image", trial.dir);
	shell("rm -rf %s && mkdir %s && cd %s && cp $RB_IMAGE/* . && %s && "
	      "{ echo image 1; for f in kernel initramfs system; do "
	      "s=$(sha256sum $f); echo $f ${s%%%% *} $(stat -c %%s $f); "
	      "done; } >m && mv m manifest",
	    path, path, path, change);
}

/* For make_image: what a command prints is its first process. */
#define WITH_INIT(command) \
	"mkdir c && { " command "; } >c/init && chmod 755 c/init && " \
	"(cd c && echo init | busybox cpio -o -H newc) >>initramfs && rm -r c"
/* One that writes to its output disk and says that all is done. */
#define LIAR(deed) \
	"sed '/^hostname machine/,$d' $RB_DATA/boot && " \
	"printf '%s\\n' '" deed "' 'mark d' 'turn_off'"

/* A guest that lets its recipe do what a broken kernel could. */
static void
tells_a_crash_from_a_reboot(void **state)
{
	char image[TRIAL_PATH_LEN];
	struct run r;

	(void)state;
	make_image(image,
	    WITH_INIT("sed '/for name in acpi/,/done/d' $RB_DATA/boot"));
	xen_use("pvh", image);
	xen_run(&r, &xen_plain, "crash",
	    "echo c >/proc/sysrq-trigger\nsleep 100\n", MACHINE_CRASHED);
	assert_non_null(strstr(r.answer.detail, "crashed"));
	run_clear(&r);
	xen_run(&r, &xen_plain, "reboot",
	    "echo b >/proc/sysrq-trigger\nsleep 100\n", MACHINE_CRASHED);
	assert_non_null(strstr(r.answer.detail, "rebooted"));
	run_clear(&r);
	xen_use_pvh();
	shell("rm -rf %s/image", trial.dir);
}

static void
says_why_an_image_does_not_boot(void **state)
{
	struct description d = xen_plain;
	char image[TRIAL_PATH_LEN];
	struct run r;

	(void)state;
	d.seconds = 40;
	make_image(image, "rm kernel && head -c 1000000 /dev/urandom >kernel");
	xen_use("pvh", image);
	xen_run(&r, &d, "no kernel", HELLO, MACHINE_UNAVAILABLE);
	run_clear(&r);
	make_image(image,
	    "rm initramfs && head -c 1024 /dev/urandom >initramfs");
	xen_use("pvh", image);
	xen_run(&r, &d, "no initramfs", HELLO, MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "before"));
	run_clear(&r);
	/* It boots and comes nowhere. */
	d.seconds = 8;
	make_image(image,
	    WITH_INIT("printf '#!/bin/busybox sh\\nsleep 1000\\n'"));
	xen_use("pvh", image);
	xen_run(&r, &d, "hanging kernel", HELLO, MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "before"));
	run_clear(&r);
	d.seconds = 40;
	make_image(image, "rm system && head -c 4096 /dev/urandom >system");
	xen_use("pvh", image);
	xen_run(&r, &d, "no system", HELLO, MACHINE_UNAVAILABLE);
	run_clear(&r);
	xen_use_pvh();
	shell("rm -rf %s/image", trial.dir);
}

/* Before a domain is made. */
static void
refuses_a_layer_that_is_not_what_was_said(void **state)
{
	(void)state;
	trial_refuse_layers();
	xen_expect_nothing_left();
}

/* A guest may say what it likes about how it went. */
static void
believes_no_guest_that_lies(void **state)
{
	struct description d = xen_plain;
	char image[TRIAL_PATH_LEN];
	struct run r;

	(void)state;
	make_image(image, WITH_INIT(LIAR("printf nonsense >${disk}c")));
	xen_use("pvh", image);
	xen_run(&r, &d, "nonsense", HELLO, MACHINE_DONE);
	/* That this is no output stream is for rebuilder-judge to say. */
	expect_output(&r, "nonsense");
	run_clear(&r);

	/* More than it may, over the mark and to the end of the disk. */
	d.output = 4096;
	make_image(image, WITH_INIT(LIAR("cat /dev/urandom >${disk}c")));
	xen_use("pvh", image);
	xen_run(&r, &d, "too much", HELLO, MACHINE_OUTPUT_LIMIT);
	assert_int_equal(r.out.len, d.output + 1);
	run_clear(&r);
	xen_use_pvh();
	shell("rm -rf %s/image", trial.dir);
}

static void
says_that_memory_is_short(void **state)
{
	struct description d = xen_plain;
	struct run r;

	(void)state;
	d.memory = UINT64_C(1) << 40;
	xen_run(&r, &d, "too much memory", HELLO, MACHINE_UNAVAILABLE);
	assert_non_null(strstr(r.answer.detail, "not enough memory"));
	run_clear(&r);
	d.memory = 8 * MIB;
	d.seconds = 40;
	xen_run(&r, &d, "too little memory", HELLO, MACHINE_UNAVAILABLE);
	run_clear(&r);
}

/* Returns when the guest says that it has begun. */
static void
start_lingering(struct run *r)
{
	char text[4096];
	size_t len = 0;
	int log;

	run_init(r);
	log = open_pipe_log(r);
	run_start(r, &xen_plain, "echo begun\nsleep 100000\n");
	fd_close(&r->log);
	do {
		ssize_t got = read(log, text + len, sizeof(text) - 1 - len);

		assert_true(got > 0);
		len += (size_t)got;
		text[len] = '\0';
	} while (strstr(text, "begun") == NULL);
	fd_close(&log);
}

static void
ends_with_the_connection(void **state)
{
	struct run r;

	(void)state;
	start_lingering(&r);
	assert_int_equal(machine_client_end(&r.client), 0);
	run_clear(&r);
	xen_expect_nothing_left();
}

static void
clears_up_after_one_that_was_killed(void **state)
{
	struct run r;

	(void)state;
	/* Alone: the process that speaks with Xen sees it, and ends. */
	start_lingering(&r);
	assert_int_equal(kill(r.client.pid, SIGKILL), 0);
	run_clear(&r);
	xen_await_nothing_left();
	/* Both: nobody is left to do so, but the next one. */
	start_lingering(&r);
	shell("kill -KILL $(cat /proc/%d/task/%d/children) %d",
	    (int)r.client.pid, (int)r.client.pid, (int)r.client.pid);
	run_clear(&r);
	shell("xl list | grep -q '^rebuilder-'");
	xen_run(&r, &xen_plain, "after a kill", HELLO, MACHINE_DONE);
	expect_output(&r, HELLO_OUTPUT);
	run_clear(&r);
}

static void
outlives_the_process_that_speaks_with_xen(void **state)
{
	struct run r;

	(void)state;
	start_lingering(&r);
	shell("kill -KILL $(cat /proc/%d/task/%d/children)", (int)r.client.pid,
	    (int)r.client.pid);
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_OK);
	assert_int_equal(r.answer.end, MACHINE_UNAVAILABLE);
	xen_say(&r, "killed helper");
	run_clear(&r);
	xen_expect_nothing_left();
}

static void
is_told_when_somebody_else_destroys_the_domain(void **state)
{
	struct run r;

	(void)state;
	start_lingering(&r);
	shell("xl list | sed -n 's/^\\(rebuilder-[^ ]*\\).*/\\1/p' | "
	      "xargs xl destroy");
	assert_int_equal(machine_client_hear(&r.client, &r.answer), RB_OK);
	assert_int_equal(r.answer.end, MACHINE_UNAVAILABLE);
	xen_say(&r, "destroyed");
	run_clear(&r);
	xen_expect_nothing_left();
}

static void
runs_two_at_once(void **state)
{
	struct run a, b;

	(void)state;
	run_init(&a);
	run_init(&b);
	run_start(&a, &xen_plain, HELLO);
	run_start(&b, &xen_plain, HELLO);
	run_finish(&a);
	run_finish(&b);
	xen_say(&a, "one of two");
	xen_say(&b, "the other");
	expect_end(&a, MACHINE_DONE);
	expect_end(&b, MACHINE_DONE);
	expect_output(&a, HELLO_OUTPUT);
	expect_output(&b, HELLO_OUTPUT);
	run_clear(&a);
	run_clear(&b);
	xen_expect_nothing_left();
}

static void
makes_ten_domains_in_a_row(void **state)
{
	struct run r;
	int i;

	(void)state;
	for (i = 0; i < LIFECYCLES; i++) {
		const char *type = i % 2 == 0 ? "pvh" : "pv";

		xen_use(type, getenv("RB_IMAGE"));
		xen_run(&r, &xen_plain, type, HELLO, MACHINE_DONE);
		expect_output(&r, HELLO_OUTPUT);
		run_clear(&r);
	}
	xen_use_pvh();
}

int
main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(runs_a_recipe),
		cmocka_unit_test(runs_in_a_pv_domain),
		cmocka_unit_test(runs_above_a_layer),
		cmocka_unit_test(refuses_a_layer_that_is_not_what_was_said),
		cmocka_unit_test(believes_no_guest_that_lies),
		cmocka_unit_test(says_that_memory_is_short),
		cmocka_unit_test(says_why_an_image_does_not_boot),
		cmocka_unit_test(ends_a_guest_that_hangs),
		cmocka_unit_test(ends_a_guest_that_prints_for_ever),
		cmocka_unit_test(bounds_disk_and_output),
		cmocka_unit_test(tells_a_crash_from_a_reboot),
		cmocka_unit_test(ends_with_the_connection),
		cmocka_unit_test(clears_up_after_one_that_was_killed),
		cmocka_unit_test(outlives_the_process_that_speaks_with_xen),
		cmocka_unit_test(
		    is_told_when_somebody_else_destroys_the_domain),
		cmocka_unit_test(runs_two_at_once),
	};
	const struct CMUnitTest many[] = {
		cmocka_unit_test(makes_ten_domains_in_a_row),
	};

	if (argc == 2 && strcmp(argv[1], "many") == 0)
		return cmocka_run_group_tests(many, xen_set_up,
		    trial_tear_down);
	if (argc == 2)
		cmocka_set_test_filter(argv[1]);
	return cmocka_run_group_tests(tests, xen_set_up, trial_tear_down);
}
