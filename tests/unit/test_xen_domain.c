/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "tests/unit/fake_libxl.h"

#define LOG_MAX 16
#define SECONDS 60
#define MEMORY (UINT64_C(256) << 20)

/* One try at a domain, and what was left of it. */
struct attempt {
	struct xen x;
	struct xen_plan plan;
	enum rb_err opened, rc;
	enum xen_end end;
	struct fault why;
	char log[LOG_MAX + 1];
	int watch; /* -1: none */
};

static void
attempt_init(struct attempt *a)
{
	fake_reset();
	memset(a, 0, sizeof(*a));
	a->plan.name = XEN_NAME_PREFIX "test";
	memset(a->plan.uuid, 0xab, sizeof(a->plan.uuid));
	a->plan.kernel = "/kernel";
	a->plan.initrd = "/initrd";
	a->plan.command_line = "console=hvc0";
	a->plan.memory = MEMORY;
	a->plan.cpus = 1;
	a->plan.script = "/script";
	a->plan.disks[0].path = "/dev/loop0";
	a->plan.ndisks = 1;
	a->watch = -1;
}

static bool
is_locked(int fd)
{
	char path[32];
	bool is;
	int again;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	again = open(path, O_RDWR | O_CLOEXEC);
	assert_int_not_equal(again, -1);
	is = flock(again, LOCK_EX | LOCK_NB) != 0;
	fd_close(&again);
	return is;
}

static void
attempt_run(struct attempt *a)
{
	int log = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
	int copy = fcntl(log, F_DUPFD_CLOEXEC, 3);
	int lock = open("/tmp", O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);

	assert_int_not_equal(copy, -1);
	assert_int_not_equal(lock, -1);
	a->plan.lock = lock;
	a->end = XEN_END_UNMADE;
	a->rc = RB_OK;
	a->opened = xen_open(&a->x, &a->why);
	if (a->opened == RB_OK)
		a->rc = xen_domain_run(&a->x, &a->plan, a->watch, &log, LOG_MAX,
		    fake.now + SECONDS * 1000, &a->end, &a->why);
	xen_close(&a->x);
	assert_false(is_locked(lock));
	assert_true(pread(copy, a->log, LOG_MAX, 0) >= 0);
	fd_close(&log);
	fd_close(&copy);
	fd_close(&lock);
}

static void
runs_a_domain_and_removes_it(void **state)
{
	struct attempt a;

	(void)state;
	attempt_init(&a);
	fake.prints = "hello\n";
	a.plan.cpus = 5;
	attempt_run(&a);
	assert_int_equal(a.rc, RB_OK);
	assert_int_equal(a.end, XEN_END_POWEROFF);
	assert_string_equal(a.log, "hello\n");
	assert_string_equal(a.why.text, "");
	assert_false(fake.exists);
	assert_int_equal(fake.created, 1);
	assert_int_equal(fake.destroyed, 1);
	assert_int_equal(fake.memory_kib, MEMORY / 1024);
	assert_int_equal(fake.ndisks, 1);
	/* Not more than the computer has. */
	assert_int_equal(fake.cpus, 2);
	fake_clear();
}

static void
tells_the_ends_of_a_domain_apart(void **state)
{
	static const struct {
		int reason;
		enum xen_end end;
	} ends[] = {
		{ LIBXL_SHUTDOWN_REASON_POWEROFF, XEN_END_POWEROFF },
		{ LIBXL_SHUTDOWN_REASON_REBOOT, XEN_END_REBOOT },
		{ LIBXL_SHUTDOWN_REASON_SUSPEND, XEN_END_OTHER },
		{ LIBXL_SHUTDOWN_REASON_CRASH, XEN_END_CRASH },
		{ LIBXL_SHUTDOWN_REASON_WATCHDOG, XEN_END_WATCHDOG },
		{ LIBXL_SHUTDOWN_REASON_SOFT_RESET, XEN_END_OTHER },
		{ 255, XEN_END_OTHER },
	};
	struct attempt a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		attempt_init(&a);
		fake.reason = ends[i].reason;
		attempt_run(&a);
		assert_int_equal(a.rc, RB_OK);
		assert_int_equal(a.end, ends[i].end);
		assert_false(fake.exists);
	}
	attempt_init(&a);
	fake.is_taken = true;
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_TAKEN);
	fake_clear();
}

/* It was asked to stop, and gone at the latest so long after its time. */
static void
expect_late(struct attempt *a, int64_t milliseconds)
{
	int64_t start = fake.now;

	attempt_run(a);
	assert_int_equal(a->rc, RB_OK);
	assert_int_equal(a->end, XEN_END_LATE);
	assert_true(fake.was_asked);
	assert_false(fake.exists);
	assert_in_range(fake.now - start, SECONDS * 1000,
	    SECONDS * 1000 + milliseconds);
}

static void
asks_a_late_domain_to_stop_before_it_destroys_it(void **state)
{
	struct attempt a;

	(void)state;
	/* It does not listen; that costs some seconds and no more. */
	attempt_init(&a);
	fake.runs_for_ever = true;
	expect_late(&a, 5000);

	attempt_init(&a);
	fake.runs_for_ever = fake.stops_when_asked = true;
	expect_late(&a, 1000);

	/* Whom it cannot ask it does not wait for. */
	attempt_init(&a);
	fake.fails = FAKE_SHUTDOWN;
	fake.runs_for_ever = true;
	expect_late(&a, 1000);
	fake_clear();
}

static void
bounds_the_log(void **state)
{
	struct attempt a;

	(void)state;
	attempt_init(&a);
	fake.runs_for_ever = true;
	fake.prints = "0123456789abcdefX";
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_LOG_FULL);
	assert_string_equal(a.log, "0123456789abcdef");
	assert_false(fake.exists);

	/* Even if it has ended meanwhile. */
	attempt_init(&a);
	fake.prints = "0123456789abcdefX";
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_LOG_FULL);

	attempt_init(&a);
	fake.prints = "0123456789abcdef";
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_POWEROFF);
	assert_string_equal(a.log, "0123456789abcdef");
	fake_clear();
}

static void
ends_with_whoever_asked(void **state)
{
	struct attempt a;
	int pipes[2];

	(void)state;
	assert_int_equal(pipe2(pipes, O_CLOEXEC), 0);
	assert_int_equal(close(pipes[1]), 0);
	attempt_init(&a);
	a.watch = pipes[0];
	fake.runs_for_ever = true;
	attempt_run(&a);
	assert_int_equal(a.rc, RB_OK);
	assert_int_equal(a.end, XEN_END_ALONE);
	assert_false(fake.was_asked);
	assert_false(fake.exists);

	/* While it is being made, too. */
	attempt_init(&a);
	a.watch = pipes[0];
	fake.fails = FAKE_CREATE_HANG;
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_ALONE);
	assert_true(fake.was_aborted);
	assert_false(fake.exists);

	/* And while it waits for memory. */
	attempt_init(&a);
	a.watch = pipes[0];
	fake.free_pages = 1;
	fake.others = 1;
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_ALONE);
	assert_int_equal(fake.created, 0);
	fd_close(&pipes[0]);
	fake_clear();
}

static void
removes_what_it_began_when_libxl_fails(void **state)
{
	static const struct {
		enum fake_step step;
		const char *says;
		enum xen_end end;
		unsigned int destroyed;
	} steps[] = {
		{ FAKE_CTX, "do xenstored and xenconsoled run", XEN_END_UNMADE,
		    0 },
		{ FAKE_VERSION, "version", XEN_END_UNMADE, 0 },
		{ FAKE_PHYSINFO, "nothing about this computer", XEN_END_UNMADE,
		    0 },
		{ FAKE_NEED, "memory needed", XEN_END_UNMADE, 0 },
		{ FAKE_BITMAP, "no memory", XEN_END_UNMADE, 0 },
		{ FAKE_CREATE, "could not make the domain", XEN_END_UNMADE, 0 },
		{ FAKE_CREATE_END, "could not make the domain", XEN_END_UNMADE,
		    0 },
		{ FAKE_CREATE_HANG, "", XEN_END_LATE, 1 },
		{ FAKE_CREATE_DEAF, "did not answer in time", XEN_END_UNMADE,
		    1 },
		{ FAKE_EVENABLE, "cannot listen for the domain's end",
		    XEN_END_UNMADE, 1 },
		{ FAKE_UNPAUSE, "cannot start", XEN_END_UNMADE, 1 },
		{ FAKE_UNPAUSE_END, "cannot start", XEN_END_UNMADE, 1 },
		{ FAKE_UNPAUSE_HANG, "did not answer in time", XEN_END_UNMADE,
		    1 },
	};
	struct attempt a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		attempt_init(&a);
		fake.fails = steps[i].step;
		attempt_run(&a);
		if (strstr(a.why.text, steps[i].says) == NULL)
			fail_msg("step %d says \"%s\"", (int)steps[i].step,
			    a.why.text);
		assert_int_equal(a.rc, RB_OK);
		assert_int_equal(a.end, steps[i].end);
		assert_int_equal(fake.destroyed, steps[i].destroyed);
		assert_false(fake.exists);
	}
	fake_clear();
}

static void
says_when_a_domain_cannot_be_destroyed(void **state)
{
	static const enum fake_step steps[] = { FAKE_DESTROY, FAKE_DESTROY_END,
		FAKE_DESTROY_HANG, FAKE_LIST };
	struct attempt a;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		attempt_init(&a);
		fake.fails = steps[i];
		attempt_run(&a);
		assert_int_not_equal(a.rc, RB_OK);
		assert_string_not_equal(a.why.text, "");
	}
	/* Without its events nothing can be waited for. */
	attempt_init(&a);
	fake.fails = FAKE_EVENT;
	attempt_run(&a);
	assert_int_not_equal(a.rc, RB_OK);
	attempt_init(&a);
	fake.fails = FAKE_POLL;
	fake.runs_for_ever = true;
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_UNMADE);
	fake_clear();
}

static void
wants_a_console(void **state)
{
	struct attempt a;

	(void)state;
	attempt_init(&a);
	fake.fails = FAKE_CONSOLE;
	fake.runs_for_ever = true;
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_UNMADE);
	assert_non_null(strstr(a.why.text, "xenconsoled"));
	assert_false(fake.exists);
	fake_clear();
}

static void
tells_a_wrong_version_from_a_wrong_place(void **state)
{
	struct attempt a;

	(void)state;
	attempt_init(&a);
	fake.fails = FAKE_PHYSINFO;
	fake.error = EACCES;
	attempt_run(&a);
	assert_int_equal(a.opened, RB_EREFUSED);
	assert_non_null(strstr(a.why.text, "Xen 9.8 runs here, but"));
	attempt_init(&a);
	fake.fails = FAKE_PHYSINFO;
	fake.error = EPERM;
	attempt_run(&a);
	assert_int_equal(a.opened, RB_EREFUSED);
	assert_non_null(strstr(a.why.text, "dom0"));
	fake_clear();
}

static void
makes_only_what_fits(void **state)
{
	struct attempt a;
	int64_t start;

	(void)state;
	/* Nobody will ever give memory back: at once. */
	attempt_init(&a);
	fake.free_pages = 1024;
	start = fake.now;
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_UNMADE);
	assert_non_null(strstr(a.why.text, "not enough memory"));
	assert_int_equal(fake.now, start);
	/* Others of ours will: until the machine's time is over. */
	attempt_init(&a);
	fake.free_pages = 1024;
	fake.others = 1;
	start = fake.now;
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_LATE);
	assert_int_equal(fake.created, 0);
	assert_in_range(fake.now - start, SECONDS * 1000,
	    SECONDS * 1000 + 1000);
	/* Processors are waited for alike. */
	attempt_init(&a);
	fake.others = 2;
	fake.other_cpus = 1;
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_LATE);
	attempt_init(&a);
	fake.others = 1;
	fake.other_cpus = 1;
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_POWEROFF);
	fake_clear();
}

static void
says_which_type_of_domain_this_xen_makes(void **state)
{
	struct attempt a;

	(void)state;
	attempt_init(&a);
	fake.has_hvm = false;
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_UNMADE);
	assert_non_null(strstr(a.why.text, "xen-type to pv"));
	attempt_init(&a);
	fake.has_hvm = false;
	a.plan.is_pv = true;
	attempt_run(&a);
	assert_int_equal(a.end, XEN_END_POWEROFF);
	attempt_init(&a);
	fake.has_pv = false;
	a.plan.is_pv = true;
	attempt_run(&a);
	assert_non_null(strstr(a.why.text, "xen-type to pvh"));
	fake_clear();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(removes_what_it_began_when_libxl_fails),
		cmocka_unit_test(says_when_a_domain_cannot_be_destroyed),
		cmocka_unit_test(wants_a_console),
		cmocka_unit_test(tells_a_wrong_version_from_a_wrong_place),
		cmocka_unit_test(makes_only_what_fits),
		cmocka_unit_test(says_which_type_of_domain_this_xen_makes),
		cmocka_unit_test(bounds_the_log),
		cmocka_unit_test(ends_with_whoever_asked),
		cmocka_unit_test(
		    asks_a_late_domain_to_stop_before_it_destroys_it),
		cmocka_unit_test(tells_the_ends_of_a_domain_apart),
		cmocka_unit_test(runs_a_domain_and_removes_it),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
