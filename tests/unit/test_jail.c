/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/process/jail.h"
#include "common/process/landlock.h"
#include "common/process/role.h"
#include "tests/unit/jail_aims.h"
#include "tests/unit/jailed.h"
#include "tests/unit/test_jail_deeds.h"
#include "tests/unit/test_nobody.h"

/* A deed that never works would prove nothing. */
static void
without_a_jail_they_work(void **state)
{
	static int (*const deeds[])(void) = { deed_send_dgram,
		deed_send_message, deed_send_fast_open,
		deed_send_message_fast_open, deed_read_file, deed_write_file,
		deed_chmod, deed_chmod_at, deed_chmod_open, deed_set_times,
		deed_truncate, deed_truncate_by_open, deed_stat_by_flag,
		deed_stat_above, deed_interrupt_bystander, deed_ask_for_signals,
		deed_limit_bystander, deed_kill_parent };
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
		assert_true(fd >= 0);
		assert_int_equal(jailed_try(NULL, fd, deeds[i]), WORKED);
		fd_close(&fd);
	}
}

static void
an_empty_jail_computes_and_nothing_else(void **state)
{
	static const struct jailed_trial trials[] = {
		{ "compute", 0, deed_compute, WORKED },
		{ "pipe", 0, deed_pipe, WORKED },
		{ "file in memory", 0, deed_memory_file, WORKED },
		{ "clock", 0, deed_clock, WORKED },
		{ "abort", 0, deed_abort, OTHER },
		{ "open", 0, deed_open, REFUSED },
		{ "create", 0, deed_open_write, REFUSED },
		{ "stat", 0, deed_stat, REFUSED },
		{ "stat by flag", 0, deed_stat_by_flag, REFUSED },
		{ "stat upwards", 0, deed_stat_above, REFUSED },
		{ "truncate", 0, deed_truncate, REFUSED },
		{ "chmod", 0, deed_chmod, REFUSED },
		{ "memory of the parent", 0, deed_read_memory, REFUSED },
		{ "TCP", 0, deed_socket_inet, KILLED },
		{ "TCP over IPv6", 0, deed_socket_inet6, KILLED },
		{ "Unix socket", 0, deed_socket_unix, KILLED },
		{ "netlink", 0, deed_socket_netlink, KILLED },
		{ "packets", 0, deed_socket_packet, KILLED },
		{ "connect", 0, deed_connect_tcp, KILLED },
		{ "bind", 0, deed_bind_tcp, KILLED },
		{ "datagrams", 0, deed_socket_unix_dgram, KILLED },
		{ "send past connect", 0, deed_send_dgram, KILLED },
		{ "and as a message", 0, deed_send_message, KILLED },
		{ "fast open", 0, deed_send_fast_open, KILLED },
		{ "and as a message", 0, deed_send_message_fast_open, KILLED },
		{ "accept", 0, deed_accept, KILLED },
		{ "fork", 0, deed_fork, KILLED },
		{ "thread", 0, deed_thread, KILLED },
		{ "exec", 0, deed_exec, KILLED },
		{ "executable memory", 0, deed_mmap_exec, KILLED },
		{ "memory made executable", 0, deed_mprotect_exec, KILLED },
		{ "ptrace", 0, deed_ptrace, KILLED },
		{ "read a process", 0, deed_read_process, KILLED },
		{ "kill the parent", 0, deed_kill_parent, KILLED },
		{ "signal init's thread", 0, deed_kill_all, KILLED },
		{ "mount", 0, deed_mount, KILLED },
		{ "chroot", 0, deed_chroot, KILLED },
		{ "namespace", 0, deed_unshare, KILLED },
		{ "be root", 0, deed_setuid, KILLED },
		{ "set a limit", 0, deed_raise_limit, KILLED },
		{ "TIOCSTI", 0, deed_type_into_terminal, KILLED },
		{ "lock", 0, deed_lock, KILLED },
		{ "bpf", 0, deed_bpf, KILLED },
		{ "keyctl", 0, deed_keyctl, KILLED },
		{ "io_uring", 0, deed_io_uring, KILLED },
		{ "userfaultfd", 0, deed_userfaultfd, KILLED },
		{ "perf", 0, deed_perf, KILLED },
		{ "personality", 0, deed_personality, KILLED },
#ifndef RB_SANITIZE
		{ "be dumpable", 0, deed_be_dumpable, KILLED },
		{ "32-bit call", 0, deed_old_abi, KILLED },
#endif
	};

	(void)state;
	JAILED_TRY_ALL(trials);
}

static void
every_jail_refuses_what_no_flag_names(void **state)
{
	static const unsigned int jails[] = { JAIL_NET, JAIL_ACCEPT,
		JAIL_THREADS, JAIL_FILES, JAIL_DB, JAIL_UNIX,
		JAIL_NET | JAIL_THREADS | JAIL_FILES,
		JAIL_ACCEPT | JAIL_THREADS | JAIL_DB,
		JAIL_UNIX | JAIL_DB | JAIL_FILES, JAIL_SPAWN | JAIL_UNIX };
	struct jailed_trial trials[] = {
		{ "open", 0, deed_open, REFUSED },
		{ "create", 0, deed_open_write, REFUSED },
		{ "memory of the parent", 0, deed_read_memory, REFUSED },
		{ "ptrace", 0, deed_ptrace, KILLED },
		{ "read a process", 0, deed_read_process, KILLED },
		{ "mount", 0, deed_mount, KILLED },
		{ "packets", 0, deed_socket_packet, KILLED },
		{ "bpf", 0, deed_bpf, KILLED },
		{ "keyctl", 0, deed_keyctl, KILLED },
		{ "io_uring", 0, deed_io_uring, KILLED },
		{ "bind", 0, deed_bind_tcp, KILLED },
		{ "send past connect", 0, deed_send_dgram, KILLED },
		{ "and as a message", 0, deed_send_message, KILLED },
		{ "fast open", 0, deed_send_fast_open, KILLED },
		{ "and as a message", 0, deed_send_message_fast_open, KILLED },
		{ "have signals sent", 0, deed_ask_for_signals, KILLED },
		{ "limit another", 0, deed_limit_bystander, KILLED },
	};
	size_t i, j;

	(void)state;
	for (i = 0; i < sizeof(jails) / sizeof(jails[0]); i++) {
		for (j = 0; j < sizeof(trials) / sizeof(trials[0]); j++)
			trials[j].allow = jails[i];
		JAILED_TRY_ALL(trials);
	}
}

static void
a_flag_allows_what_it_names(void **state)
{
	static const struct jailed_trial trials[] = {
		{ "TCP", JAIL_NET, deed_socket_inet, WORKED },
		{ "TCP over IPv6", JAIL_NET, deed_socket_inet6, WORKED },
		{ "Unix socket", JAIL_NET, deed_socket_unix, REFUSED },
		{ "netlink", JAIL_NET, deed_socket_netlink, REFUSED },
		{ "thread", JAIL_NET, deed_thread, KILLED },
		{ "executable memory", JAIL_NET, deed_mmap_exec, REFUSED },
		{ "Unix socket", JAIL_UNIX, deed_socket_unix, WORKED },
		{ "datagrams", JAIL_UNIX, deed_socket_unix_dgram, KILLED },
		{ "TCP", JAIL_UNIX, deed_socket_inet, KILLED },
		{ "connect", JAIL_UNIX, deed_connect_tcp, REFUSED },
		{ "accept", JAIL_UNIX, deed_accept, KILLED },
		{ "accept", JAIL_NET, deed_accept, KILLED },
		{ "Unix socket", JAIL_ACCEPT, deed_socket_unix, KILLED },
		{ "connect", JAIL_ACCEPT, deed_connect_tcp, KILLED },
		{ "TCP", JAIL_ACCEPT, deed_socket_inet, KILLED },
		{ "thread", JAIL_THREADS, deed_thread, WORKED },
		{ "fork", JAIL_THREADS, deed_fork, KILLED },
		{ "exec", JAIL_THREADS, deed_exec, KILLED },
		{ "exec", JAIL_FILES, deed_exec, KILLED },
		{ "lock", JAIL_FILES, deed_lock, KILLED },
		{ "fork", JAIL_SPAWN, deed_fork, WORKED },
		{ "thread", JAIL_SPAWN, deed_thread, WORKED },
		{ "foreign exec", JAIL_SPAWN, deed_exec, REFUSED },
		{ "abort", JAIL_SPAWN, deed_abort, OTHER },
		{ "kill the parent", JAIL_SPAWN, deed_kill_parent, KILLED },
		{ "kill another", JAIL_SPAWN, deed_kill_bystander, REFUSED },
		{ "kill a group", JAIL_SPAWN, deed_kill_group, KILLED },
		{ "signal another", JAIL_SPAWN, deed_interrupt_bystander,
		    KILLED },
		{ "TIOCSTI", JAIL_SPAWN, deed_type_into_terminal, KILLED },
		{ "be root", JAIL_SPAWN, deed_setuid, REFUSED },
		{ "chroot", JAIL_SPAWN, deed_chroot, REFUSED },
		{ "chroot", JAIL_FILES, deed_chroot, KILLED },
		{ "stat by flag", JAIL_NET, deed_stat_by_flag, REFUSED },
		{ "stat by flag", JAIL_DB | JAIL_THREADS | JAIL_ACCEPT,
		    deed_stat_by_flag, REFUSED },
		{ "TCP", JAIL_SPAWN, deed_socket_inet, REFUSED },
	};

	(void)state;
	JAILED_TRY_ALL(trials);
}

static void
a_weak_kernel_is_named(void **state)
{
	struct fault why = FAULT_INIT;
	long abi = landlock_abi();

	(void)state;
	assert_int_equal(jail_is_weak(&why), abi < 6);
	if (abi < 6)
		assert_non_null(strstr(why.text, "signals"));
	else
		assert_string_equal(why.text, "");
}

static int
deed_write_readable(void)
{
	int fd = open("/etc/rb-test", O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

	return fd < 0 ? -1 : 0;
}

static void
paths_open_what_they_name(void **state)
{
	static const struct jail_path etc[] = { { "/etc", JAIL_READ, 0 } };
	static const struct jail_path tmp[] = { { "/tmp", JAIL_WRITE, 0 } };
	static const struct jail_path absent[] = { { "/nonexistent", JAIL_READ,
	    1 } };
	struct jail jail;

	(void)state;
	memset(&jail, 0, sizeof(jail));
	jail.allow = JAIL_FILES;
	jail.npaths = 1;
	jail.paths = etc;
	assert_int_equal(jailed_try(&jail, -1, deed_open), WORKED);
	assert_int_equal(jailed_try(&jail, -1, deed_write_readable), REFUSED);
	assert_int_equal(jailed_try(&jail, -1, deed_open_write), REFUSED);
	jail.paths = absent;
	assert_int_equal(jailed_try(&jail, -1, deed_open), REFUSED);
	jail.paths = tmp;
	assert_int_equal(jailed_try(&jail, -1, deed_open), REFUSED);
	assert_int_equal(jailed_try(&jail, -1, deed_open_write), WORKED);
	(void)unlink("/tmp/rb-jail-escaped");
}

/* As whose file it is, and with a name that may be read. */
static void
what_may_be_read_is_not_changed(void **state)
{
	static const struct {
		const char *what;
		int (*deed)(void);
	} trials[] = {
		{ "write", deed_write_file },
		{ "chmod", deed_chmod },
		{ "fchmodat", deed_chmod_at },
		{ "fchmod", deed_chmod_open },
		{ "utimensat", deed_set_times },
		{ "truncate", deed_truncate },
		{ "O_TRUNC", deed_truncate_by_open },
	};
	static const unsigned int jails[] = { JAIL_FILES,
		JAIL_FILES | JAIL_NET | JAIL_THREADS, JAIL_FILES | JAIL_SPAWN };
	const struct jail_path path = { jail_aims.file, JAIL_READ, 0 };
	struct jail jail;
	size_t i, j;

	(void)state;
	memset(&jail, 0, sizeof(jail));
	jail.paths = &path;
	jail.npaths = 1;
	for (i = 0; i < sizeof(jails) / sizeof(jails[0]); i++) {
		jail.allow = jails[i];
		assert_int_equal(jailed_try(&jail, -1, deed_read_file), WORKED);
		for (j = 0; j < sizeof(trials) / sizeof(trials[0]); j++) {
			if (jailed_try(&jail, -1, trials[j].deed) != REFUSED)
				fail_msg("%s, allow 0x%x", trials[j].what,
				    jails[i]);
		}
	}
	jail.allow = JAIL_FILES | JAIL_MODES;
	assert_int_equal(jailed_try(&jail, -1, deed_chmod_open), WORKED);
	assert_int_equal(jailed_try(&jail, -1, deed_chmod), REFUSED);
}

static void
a_part_that_fails_is_an_error(void **state)
{
	static const struct jail_path absent[] = { { "/nonexistent", JAIL_READ,
	    0 } };
	struct fault why = FAULT_INIT;
	struct jail jail;

	(void)state;
	memset(&jail, 0, sizeof(jail));
	jail.paths = absent;
	jail.npaths = 1;
	assert_int_equal(jail_enter(&jail, &why), RB_EIO);
	assert_non_null(strstr(why.text, "/nonexistent"));
}

/* Not of ours only: what a caller forgot would undo the empty root. */
static void
an_open_directory_is_refused(void **state)
{
	struct fault why = FAULT_INIT;
	struct jail jail;
	pid_t pid;

	(void)state;
	memset(&jail, 0, sizeof(jail));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (open("/", O_PATH | O_CLOEXEC) < 0)
			_exit(2);
		_exit(jail_enter(&jail, &why) == RB_EREFUSED &&
			    strstr(why.text, "directory") != NULL ?
			0 :
			1);
	}
	assert_int_equal(jailed_end(pid), WORKED);
}

static void
root_is_refused(void **state)
{
	struct jail jail;
	pid_t pid;

	(void)state;
	if (geteuid() != 0)
		skip();
	memset(&jail, 0, sizeof(jail));
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(jail_enter(&jail, NULL) == RB_EREFUSED ? 1 : 0);
	assert_int_equal(jailed_end(pid), REFUSED);
}

/* A jailed child that waits on descriptor 3 until we close our end. */
static pid_t
start_waiting(const struct jail *jail, int *end)
{
	int pair[2] = { -1, -1 };
	char byte = 'x';
	pid_t pid;

	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		fd_close(&pair[0]);
		jailed_enter(jail);
		if (write(pair[1], &byte, 1) != 1 ||
		    read(pair[1], &byte, 1) != 0)
			_exit(2);
		_exit(0);
	}
	fd_close(&pair[1]);
	if (read(pair[0], &byte, 1) != 1)
		byte = '?';
	*end = pair[0];
	return pid;
}

/* One file of /proc/PID. */
static char *
proc_read(pid_t pid, const char *name)
{
	struct buf text = BUF_INIT;
	char path[64];
	char *out = NULL;

	(void)snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	assert_int_equal(file_read_at(AT_FDCWD, path, 65536, &text), RB_OK);
	assert_int_equal(str_dup_span(buf_span(&text), &out), RB_OK);
	buf_clear(&text);
	return out;
}

static void
the_kernel_says_so(void **state)
{
	static const char *const lines[] = { "CapInh:\t0000000000000000\n",
		"CapPrm:\t0000000000000000\n", "CapEff:\t0000000000000000\n",
		"CapBnd:\t0000000000000000\n", "CapAmb:\t0000000000000000\n",
		"NoNewPrivs:\t1\n", "Seccomp:\t2\n" };
	struct jail jail;
	char *status, *limits;
	int end = -1;
	pid_t pid;
	size_t i;

	(void)state;
	memset(&jail, 0, sizeof(jail));
	jail.file_max = 12345;
	jail.cpu = 678;
	jail.memory = UINT64_C(0x100000000);
	pid = start_waiting(&jail, &end);
	status = proc_read(pid, "status");
	limits = proc_read(pid, "limits");
	for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++)
		assert_non_null(strstr(status, lines[i]));
	assert_non_null(strstr(limits, "Max core file size        0   "));
	assert_non_null(strstr(limits, "Max open files            64   "));
	assert_non_null(strstr(limits, "Max file size             12345   "));
	assert_non_null(strstr(limits, "Max cpu time              678   "));
#ifndef RB_SANITIZE
	assert_non_null(strstr(limits, "Max address space         4294967296"));
#endif
	free(status);
	free(limits);
	fd_close(&end);
	assert_int_equal(jailed_end(pid), WORKED);
}

static char outside[4][64]; /* names of the namespaces of this test */

/* Which namespaces differ from those outside, one bit each. */
static unsigned int
spaces_own(void)
{
	static const char *const spaces[] = { "/proc/self/ns/user",
		"/proc/self/ns/ipc", "/proc/self/ns/uts", "/proc/self/ns/net" };
	unsigned int own = 0, i;

	for (i = 0; i < 4; i++) {
		char name[64] = "";

		if (readlink(spaces[i], name, sizeof(name) - 1) <= 0)
			return 0;
		if (outside[i][0] == '\0')
			memcpy(outside[i], name, sizeof(name));
		else if (strcmp(outside[i], name) != 0)
			own |= 1u << i;
	}
	return own;
}

static int
deed_own_network(void)
{
	return spaces_own() == 0xf ? 0 : -1;
}

static int
deed_shared_network(void)
{
	return spaces_own() == 0x7 ? 0 : -1;
}

static void
namespaces_are_its_own(void **state)
{
	static const struct jailed_trial trials[] = {
		{ "files", JAIL_FILES, deed_own_network, WORKED },
		{ "spawn", JAIL_SPAWN, deed_own_network, WORKED },
		{ "Unix", JAIL_FILES | JAIL_UNIX, deed_own_network, WORKED },
		{ "net", JAIL_FILES | JAIL_NET, deed_shared_network, WORKED },
		{ "accept", JAIL_FILES | JAIL_ACCEPT, deed_own_network,
		    WORKED },
	};

	(void)state;
	(void)spaces_own();
	JAILED_TRY_ALL(trials);
}

/* In the child: which namespaces a jail of `allow` inside makes anew. */
static int
made_inside(unsigned int allow)
{
	struct jail jail;
	struct fault why = FAULT_INIT;
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		memset(&jail, 0, sizeof(jail));
		jail.allow = allow;
		memset(outside, 0, sizeof(outside));
		(void)spaces_own();
		if (jail_enter(&jail, &why) != RB_OK)
			_exit(JAILED_NOT);
		_exit((int)spaces_own());
	}
	if (waitpid(pid, &status, 0) != pid || !WIFEXITED(status))
		return -1;
	return WEXITSTATUS(status);
}

static int
deed_share_namespaces(void)
{
	return made_inside(JAIL_FILES) == 0x1 ? 0 : -1;
}

static int
deed_lose_the_network(void)
{
	return made_inside(JAIL_FILES | JAIL_NET) == 0x1 &&
		made_inside(JAIL_FILES) == 0xf ?
	    0 :
	    -1;
}

static void
namespaces_as_narrow_are_shared(void **state)
{
	static const struct jailed_trial trials[] = {
		{ "without", JAIL_SPAWN | JAIL_FILES, deed_share_namespaces,
		    WORKED },
		{ "with", JAIL_SPAWN | JAIL_FILES | JAIL_NET,
		    deed_lose_the_network, WORKED },
	};

	(void)state;
	JAILED_TRY_ALL(trials);
}

/* In the child: another jail inside, narrower. */
static int
deed_enter_again(void)
{
	struct jail jail;
	struct fault why = FAULT_INIT;
	pid_t pid = fork();
	int status = 0;

	if (pid < 0)
		return -1;
	if (pid == 0) {
		memset(&jail, 0, sizeof(jail));
		if (jail_enter(&jail, &why) != RB_OK) {
			dprintf(2, "%s\n", why.text);
			_exit(JAILED_NOT);
		}
		if (deed_compute() != 0 || deed_open() == 0 ||
		    deed_stat_by_flag() == 0)
			_exit(2);
		_exit(deed_fork() == 0 ? 3 : 4);
	}
	if (waitpid(pid, &status, 0) != pid)
		return -1;
	return WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS ? 0 : -1;
}

static void
jails_stack(void **state)
{
	struct jail jail;

	(void)state;
	memset(&jail, 0, sizeof(jail));
	jail.allow = JAIL_SPAWN;
	assert_int_equal(jailed_try(&jail, -1, deed_enter_again), WORKED);
	jail.allow = JAIL_SPAWN | JAIL_UNIX | JAIL_DB | JAIL_FILES;
	assert_int_equal(jailed_try(&jail, -1, deed_enter_again), WORKED);
}

int
main(void)
{
	const struct CMUnitTest first[] = {
		cmocka_unit_test(root_is_refused),
	};
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(without_a_jail_they_work),
		cmocka_unit_test(an_empty_jail_computes_and_nothing_else),
		cmocka_unit_test(every_jail_refuses_what_no_flag_names),
		cmocka_unit_test(a_flag_allows_what_it_names),
		cmocka_unit_test(a_weak_kernel_is_named),
		cmocka_unit_test(paths_open_what_they_name),
		cmocka_unit_test(what_may_be_read_is_not_changed),
		cmocka_unit_test(a_part_that_fails_is_an_error),
		cmocka_unit_test(an_open_directory_is_refused),
		cmocka_unit_test(the_kernel_says_so),
		cmocka_unit_test(namespaces_are_its_own),
		cmocka_unit_test(namespaces_as_narrow_are_shared),
		cmocka_unit_test(jails_stack),
	};
	int failed;

	failed = cmocka_run_group_tests(first, NULL, NULL);
	/*
	 * As well as the children, so that no plain difference of users
	 * refuses a deed.
	 */
	if (role_home() != RB_OK || !be_nobody())
		return JAILED_NOT;
	return failed +
	    cmocka_run_group_tests(tests, jail_aims_make, jail_aims_remove);
}
