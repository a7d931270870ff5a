/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/machine/cgroup.h"

/* A tree that looks like /sys/fs/cgroup to a reader. */
static char root[] = "/tmp/test_cgroup.XXXXXX";

static int
make_root(void **state)
{
	(void)state;
	strcpy(root + strlen(root) - 6, "XXXXXX");
	return mkdtemp(root) == NULL ? -1 : 0;
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *where)
{
	(void)st;
	(void)type;
	(void)where;
	return remove(path);
}

static int
remove_root(void **state)
{
	(void)state;
	return nftw(root, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

static void
put_dir(const char *name)
{
	char path[256];

	snprintf(path, sizeof(path), "%s%s", root, name);
	assert_int_equal(mkdir(path, 0700), 0);
}

static void
put_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	assert_int_not_equal(fd, -1);
	assert_int_equal(file_write_fd(fd, span_of_str(text)), RB_OK);
	fd_close(&fd);
}

/* A group of version 2 that hands `controllers` to its children. */
static void
put_group(const char *name, const char *controllers)
{
	char path[256];

	if (name[0] != '\0')
		put_dir(name);
	snprintf(path, sizeof(path), "%s%s/cgroup.subtree_control", root, name);
	put_file(path, controllers);
}

static void
be_version_2(void)
{
	char path[256];

	snprintf(path, sizeof(path), "%s/cgroup.controllers", root);
	put_file(path, "cpu memory pids\n");
}

static void
put_controller(const char *name)
{
	char path[256];

	put_dir(name);
	snprintf(path, sizeof(path), "%s%s/cgroup.procs", root, name);
	put_file(path, "");
}

static void
expect_place(const char *self, const char *where)
{
	struct cgroup_place p = CGROUP_PLACE_INIT;
	struct fault why = FAULT_INIT;
	char path[256];

	if (where == NULL) {
		assert_int_equal(cgroup_place_find(root, span_of_str(self), &p,
				     &why),
		    RB_ENOTFOUND);
		assert_string_not_equal(why.text, "");
		assert_null(p.dirs[0]);
		return;
	}
	assert_int_equal(cgroup_place_find(root, span_of_str(self), &p, &why),
	    RB_OK);
	snprintf(path, sizeof(path), "%s%s", root, where);
	assert_string_equal(p.dirs[0], path);
	cgroup_place_clear(&p);
	cgroup_place_clear(&p);
}

static void
refuses_a_system_without_controllers(void **state)
{
	(void)state;
	expect_place("0::/\n", NULL);
	put_controller("/memory");
	expect_place("0::/\n", NULL);
}

static void
refuses_version_2_that_hands_nothing_down(void **state)
{
	(void)state;
	be_version_2();
	put_group("", "cpu\n");
	put_group("/a", "");
	expect_place("0::/a\n", NULL);
	/* Part of what is needed is nothing. */
	put_group("/a/b", "memory\n");
	put_group("/a/c", "cpu pids\n");
	/* Names that merely begin alike. */
	put_group("/a/d", "memoryx pidsx\n");
	expect_place("0::/a/b\n", NULL);
	expect_place("0::/a/c\n", NULL);
	expect_place("0::/a/d\n", NULL);
}

static void
refuses_to_guess_its_own_group(void **state)
{
	(void)state;
	be_version_2();
	put_group("", "memory pids\n");
	expect_place("", NULL);
	expect_place("4:memory:/a\n", NULL);
	expect_place("0::/a", NULL);
}

static void
takes_the_nearest_group_that_hands_down(void **state)
{
	(void)state;
	be_version_2();
	put_group("", "memory pids\n");
	put_group("/a", "cpu memory pids\n");
	put_group("/a/b", "");
	put_group("/ab", "");
	expect_place("0::/a/b\n", "/a");
	expect_place("0::/a\n", "/a");
	expect_place("0::/ab\n", "");
	expect_place("1:name=systemd:/\n0::/\n", "");
	/* Where we are may lie outside of what we see. */
	expect_place("0::/a/b/unseen/c\n", "/a");
}

static void
takes_the_root_of_each_controller_of_version_1(void **state)
{
	struct cgroup_place p = CGROUP_PLACE_INIT;

	(void)state;
	put_controller("/memory");
	put_controller("/pids");
	expect_place("4:memory:/deep/down\n", "/memory");
	assert_int_equal(cgroup_place_find(root, SPAN(""), &p, NULL), RB_OK);
	assert_false(p.is_v2);
	assert_false(p.has_cpu);
	assert_null(p.dirs[CGROUP_CPU]);
	cgroup_place_clear(&p);

	put_controller("/cpu");
	assert_int_equal(cgroup_place_find(root, SPAN(""), &p, NULL), RB_OK);
	assert_true(p.has_cpu);
	cgroup_place_clear(&p);
}

/* From here on with this kernel's own groups. */
static const struct cgroup_limits limits = { 64 * 1024 * 1024, 8, 1 };

static void
find_real_place(struct cgroup_place *p)
{
	struct buf self = BUF_INIT;
	struct fault why = FAULT_INIT;
	int fd = open("/proc/self/cgroup", O_RDONLY | O_CLOEXEC);

	if (geteuid() != 0) {
		fd_close(&fd);
		skip();
	}
	assert_int_equal(file_read_fd(fd, 65536, &self), RB_OK);
	fd_close(&fd);
	if (cgroup_place_find(CGROUP_ROOT, buf_span(&self), p, &why) != RB_OK)
		fail_msg("%s", why.text);
	buf_clear(&self);
}

/* A child in the group that would live for ever, and its endless child. */
static pid_t
start_stubborn(const struct cgroup *c)
{
	int ready[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ready), 0);
	pid = fork();
	if (pid == 0) {
		/* Only for a test that fails: don't outlive it. */
		if (cgroup_enter(c) != RB_OK || fork() == -1 ||
		    prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 ||
		    write(ready[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	assert_true(pid > 0);
	(void)close(ready[1]);
	/* Both are there when both have written. */
	assert_int_equal(read(ready[0], &byte, 1), 1);
	assert_int_equal(read(ready[0], &byte, 1), 1);
	(void)close(ready[0]);
	return pid;
}

/* The directory of the group that a process is in, in the first place. */
static void
group_of(pid_t pid, const struct cgroup_place *p, char *out, size_t max)
{
	struct buf text = BUF_INIT;
	char path[64], *name;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/cgroup", (int)pid);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_equal(file_read_fd(fd, 65536, &text), RB_OK);
	fd_close(&fd);
	assert_int_equal(buf_put_byte(&text, 0), RB_OK);
	name = strstr((char *)text.p, "qubes-rebuilder-run-");
	assert_non_null(name);
	name[strcspn(name, "\n")] = '\0';
	snprintf(out, max, "%s/%s", p->dirs[0], name);
	buf_clear(&text);
}

static void
leaves_no_process_and_no_group(void **state)
{
	struct cgroup_place p = CGROUP_PLACE_INIT;
	struct cgroup *c = NULL;
	struct fault why = FAULT_INIT;
	char path[512];
	int status = 0;
	pid_t pid;

	(void)state;
	find_real_place(&p);
	if (cgroup_make(&p, &limits, &c, &why) != RB_OK)
		fail_msg("%s", why.text);
	pid = start_stubborn(c);
	group_of(pid, &p, path, sizeof(path));
	assert_int_equal(access(path, F_OK), 0);
	assert_int_equal(cgroup_oom_kills(c), 0);
	assert_int_equal(cgroup_pids_refused(c), 0);
	/* The dead one stays in the group until its parent asks for it. */
	(void)kill(pid, SIGKILL);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	cgroup_free(&c);
	assert_null(c);
	cgroup_free(&c);
	assert_int_equal(access(path, F_OK), -1);
	cgroup_place_clear(&p);
}

static void
refuses_processes_over_the_limit(void **state)
{
	struct cgroup_place p = CGROUP_PLACE_INIT;
	struct cgroup *c = NULL;
	int status = 0;
	pid_t pid;

	(void)state;
	find_real_place(&p);
	assert_int_equal(cgroup_make(&p, &limits, &c, NULL), RB_OK);
	pid = fork();
	if (pid == 0) {
		int made = 0;

		if (cgroup_enter(c) != RB_OK)
			_exit(100);
		for (; made < 50; made++) {
			pid = fork();
			if (pid == -1)
				break;
			if (pid == 0)
				for (;;)
					(void)pause();
		}
		_exit(made);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), (int)limits.processes - 1);
	assert_true(cgroup_pids_refused(c) > 0);
	cgroup_free(&c);
	cgroup_place_clear(&p);
}

static void
kills_what_takes_too_much_memory(void **state)
{
	struct cgroup_place p = CGROUP_PLACE_INIT;
	struct cgroup *c = NULL;
	int status = 0;
	pid_t pid;

	(void)state;
	find_real_place(&p);
	assert_int_equal(cgroup_make(&p, &limits, &c, NULL), RB_OK);
	pid = fork();
	if (pid == 0) {
		volatile char *block;
		size_t i;

		block = malloc(2 * limits.memory);
		if (block == NULL || cgroup_enter(c) != RB_OK)
			_exit(1);
		for (i = 0; i < 2 * limits.memory; i += 4096)
			block[i] = 1;
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFSIGNALED(status));
	assert_int_equal(WTERMSIG(status), SIGKILL);
	assert_true(cgroup_oom_kills(c) > 0);
	cgroup_free(&c);
	cgroup_place_clear(&p);
}

/* The process that made the group dies, and its children live on. */
static void
ends_what_a_killed_run_left(void **state)
{
	struct cgroup_place p = CGROUP_PLACE_INIT;
	struct cgroup *live = NULL, *c = NULL;
	char byte;
	int hold[2], status = 0;
	pid_t pid, alive;

	(void)state;
	find_real_place(&p);
	assert_int_equal(cgroup_make(&p, &limits, &live, NULL), RB_OK);
	alive = start_stubborn(live);
	assert_int_equal(pipe(hold), 0);
	pid = fork();
	if (pid == 0) {
		(void)close(hold[0]);
		if (cgroup_make(&p, &limits, &c, NULL) != RB_OK)
			_exit(1);
		pid = fork();
		if (pid == 0) {
			/* Holds the pipe, but not the lock. */
			if (cgroup_enter(c) != RB_OK ||
			    close_range(3, (unsigned int)hold[1] - 1, 0) != 0 ||
			    close_range((unsigned int)hold[1] + 1, ~0u, 0) !=
				0 ||
			    write(hold[1], "x", 1) != 1)
				_exit(1);
			for (;;)
				(void)pause();
		}
		_exit(pid == -1);
	}
	(void)close(hold[1]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_int_equal(read(hold[0], &byte, 1), 1);

	assert_int_equal(cgroup_make(&p, &limits, &c, NULL), RB_OK);
	/* The end of the pipe is the end of the left-over process. */
	assert_int_equal(read(hold[0], &byte, 1), 0);
	(void)close(hold[0]);
	/* The other run was alive, and still is. */
	assert_int_equal(waitpid(alive, &status, WNOHANG), 0);
	(void)kill(alive, SIGKILL);
	assert_int_equal(waitpid(alive, &status, 0), alive);
	cgroup_free(&c);
	cgroup_free(&live);
	cgroup_place_clear(&p);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(
		    refuses_a_system_without_controllers, make_root,
		    remove_root),
		cmocka_unit_test_setup_teardown(
		    refuses_version_2_that_hands_nothing_down, make_root,
		    remove_root),
		cmocka_unit_test_setup_teardown(refuses_to_guess_its_own_group,
		    make_root, remove_root),
		cmocka_unit_test_setup_teardown(
		    takes_the_nearest_group_that_hands_down, make_root,
		    remove_root),
		cmocka_unit_test_setup_teardown(
		    takes_the_root_of_each_controller_of_version_1, make_root,
		    remove_root),
		cmocka_unit_test(leaves_no_process_and_no_group),
		cmocka_unit_test(refuses_processes_over_the_limit),
		cmocka_unit_test(kills_what_takes_too_much_memory),
		cmocka_unit_test(ends_what_a_killed_run_left),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
