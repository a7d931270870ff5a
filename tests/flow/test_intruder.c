/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/file.h"
#include "tests/flow/processes.h"

/*
 * Somebody has taken over a production process of a node that runs, and calls
 * the kernel in its place.  The table at the end says what comes of it.
 */
#define X32 0x40000000L /* the same calls by other numbers */
#define PAGE 4096
#define PROGRAM_MAX (4 * 1024 * 1024)
/* serve gives up on a daemon that ends more than 20 times in a minute. */
#define DEATHS_MAX 15

static struct whole_node node = WHOLE_NODE_INIT;
static struct running running = RUNNING_INIT;
static struct inject in;

#define CALL(call, ...) \
	inject_call(&in, (call), (const long[INJECT_ARGS]){ __VA_ARGS__ })

static long
close_after(long fd)
{
	if (fd >= 0)
		(void)CALL(SYS_close, fd);
	return fd;
}

static long
open_path(const char *path, int flags)
{
	return close_after(
	    CALL(SYS_openat, AT_FDCWD, inject_put_text(&in, path), flags));
}

static long
open_below(const char *rest, int flags)
{
	char *path = whole_node_path(&node, rest);
	long r = open_path(path, flags);

	free(path);
	return r;
}

static long
reads_the_users(void)
{
	return open_path("/etc/passwd", O_RDONLY);
}

static long
reads_the_key(void)
{
	return open_below("keys/signing.key", O_RDONLY);
}

static long
rewinds_the_signer(void)
{
	return open_below("signer/state", O_RDWR);
}

static long
forges_what_is_served(void)
{
	return open_below("served/data.mdb", O_RDWR);
}

static long
reads_the_environment_of_init(void)
{
	return open_path("/proc/1/environ", O_RDONLY);
}

static long
parent(void)
{
	char path[64];
	struct buf text = BUF_INIT;
	const char *at;
	long pid;

	(void)snprintf(path, sizeof(path), "/proc/%d/status", (int)running.pid);
	assert_int_equal(file_read_at(AT_FDCWD, path, PAGE, &text), RB_OK);
	assert_int_equal(buf_put_byte(&text, 0), RB_OK);
	assert_non_null(at = strstr((const char *)text.p, "\nPPid:"));
	pid = strtol(at + strlen("\nPPid:"), NULL, 10);
	buf_clear(&text);
	return pid;
}

static long
reads_its_parents_memory(void)
{
	const struct iovec iov = { NULL, 1 };
	long at = inject_put(&in, &iov, sizeof(iov));

	return CALL(SYS_process_vm_readv, parent(), at, 1, at, 1, 0);
}

static long
connect_to(long family, int type, const void *address, size_t len)
{
	long fd = CALL(SYS_socket, family, type, 0), r;

	if (fd < 0)
		return fd;
	r = CALL(SYS_connect, fd, inject_put(&in, address, len), (long)len);
	(void)close_after(fd);
	return r;
}

static long
connects_by_tcp(void)
{
	struct sockaddr_in a;

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(node.port);
	return connect_to(AF_INET, SOCK_STREAM, &a, sizeof(a));
}

static long
listens_by_tcp(void)
{
	struct sockaddr_in a;
	long fd = CALL(SYS_socket, AF_INET, SOCK_STREAM, 0), r;

	if (fd < 0)
		return fd;
	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	r = CALL(SYS_bind, fd, inject_put(&in, &a, sizeof(a)), sizeof(a));
	(void)close_after(fd);
	return r;
}

static long
connect_to_door(const char *name)
{
	struct sockaddr_un a;

	memset(&a, 0, sizeof(a));
	a.sun_family = AF_UNIX;
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/run/%s",
	    node.directory, name);
	return connect_to(AF_UNIX, SOCK_SEQPACKET, &a, sizeof(a));
}

static long
asks_for_a_signature(void)
{
	return connect_to_door("signer.sock");
}

static long
asks_for_a_machine(void)
{
	return connect_to_door("machine.sock");
}

/* A file that the user rebuilder could have written itself. */
static long
runs_a_program_of_its_own(void)
{
	char *path = whole_node_path(&node, "rebuilder/program");
	long at = inject_put_text(&in, path);
	long none = inject_put(&in, &(long){ 0 }, sizeof(long));
	long r = CALL(SYS_execve, at, none, none);

	free(path);
	return r;
}

static long
forks(void)
{
	return CALL(SYS_clone, SIGCHLD);
}

static long
traces_its_parent(void)
{
	return CALL(SYS_ptrace, PTRACE_SEIZE, parent());
}

static long
signals_its_parent(void)
{
	return CALL(SYS_kill, parent(), 0);
}

static long
ends_its_parent(void)
{
	return CALL(SYS_kill, parent(), SIGKILL);
}

static long
mounts(void)
{
	long at = inject_put_text(&in, "tmpfs");

	return CALL(SYS_mount, at, inject_put_text(&in, node.directory), at);
}

static long
makes_a_mount_namespace(void)
{
	return CALL(SYS_unshare, CLONE_NEWNS);
}

static long
becomes_root(void)
{
	return CALL(SYS_setresuid, 0, 0, 0);
}

static long
makes_its_stack_executable(void)
{
	long page = (long)(in.before.rsp & ~(unsigned long long)(PAGE - 1));

	return CALL(SYS_mprotect, page, PAGE,
	    PROT_READ | PROT_WRITE | PROT_EXEC);
}

static long
calls_by_another_table(void)
{
	return CALL(X32 | SYS_getpid);
}

/* Wrongly, in case that it may: the right is looked at first. */
static long
reboots(void)
{
	return CALL(SYS_reboot, 0, 0, 0, 0);
}

/*
 * What comes of it: it works, the kernel refuses with an errno, or kills; or
 * it is not tried, since it is what the process is there for.
 */
#define O 0
#define A (-EACCES)
#define I (-EINVAL)
#define N (-ENETUNREACH)
#define P (-EPERM)
#define K INJECT_KILLED
#define _ 1

/*
 * Three may more than compute:
 *   rebuilder starts roles and gpgv: it may fork, execute what Landlock lets
 *   it (never what it wrote), make its children's jails, and end processes of
 *   its own user;
 *   rebuilder-net may connect to anybody who is reached by TCP;
 *   rebuilder-machine is root with the capabilities that processes.c names,
 *   and without a network.  Whether it can read init is the kernel's: from
 *   6.14 on who has CAP_SYS_ADMIN may.
 * Files have modes besides: a door opens to the group that it belongs to.
 */
static const struct deed {
	const char *name;
	long (*do_it)(void);
	long outcome[PROCESSES];
} deeds[] = {
	/* rebuilder, its roles net judge compare explain machine,
	 * attestor, its roles publish signer, httpd */
	{ "read /etc/passwd", reads_the_users,
	    { A, A, A, A, A, O, A, A, A, A } },
	{ "read the signing key", reads_the_key,
	    { A, A, A, A, A, O, A, A, A, A } },
	{ "write the signer's state", rewinds_the_signer,
	    { A, A, A, A, A, O, A, A, A, A } },
	{ "write the served store", forges_what_is_served,
	    { A, A, A, A, A, O, A, A, A, A } },
	{ "read the environment of init", reads_the_environment_of_init,
	    { A, A, A, A, A, _, A, A, A, A } },
	{ "read its parent's memory", reads_its_parents_memory,
	    { K, K, K, K, K, P, K, K, K, K } },
	{ "connect to httpd by TCP", connects_by_tcp,
	    { K, O, K, K, K, N, K, K, K, K } },
	{ "bind a TCP port", listens_by_tcp, { K, K, K, K, K, O, K, K, K, K } },
	{ "connect to the signer", asks_for_a_signature,
	    { A, A, K, K, K, O, K, K, K, K } },
	{ "have a machine made", asks_for_a_machine,
	    { O, A, K, K, K, O, K, K, K, K } },
	{ "run a program that it wrote", runs_a_program_of_its_own,
	    { A, K, K, K, K, _, K, K, K, K } },
	{ "fork", forks, { _, K, K, K, K, _, K, K, K, K } },
	{ "trace its parent", traces_its_parent,
	    { K, K, K, K, K, P, K, K, K, K } },
	{ "signal its parent", signals_its_parent,
	    { K, K, K, K, K, O, K, K, K, K } },
	{ "end its parent", ends_its_parent, { P, K, K, K, K, _, K, K, K, K } },
	{ "mount", mounts, { K, K, K, K, K, _, K, K, K, K } },
	{ "make a mount namespace", makes_a_mount_namespace,
	    { P, K, K, K, K, O, K, K, K, K } },
	{ "become root", becomes_root, { I, K, K, K, K, O, K, K, K, K } },
	{ "execute its stack", makes_its_stack_executable,
	    { O, K, K, K, K, O, K, K, K, K } },
	{ "call by the x32 table", calls_by_another_table,
	    { K, K, K, K, K, _, K, K, K, K } },
	{ "reboot", reboots, { K, K, K, K, K, P, K, K, K, K } },
};

static const char *
outcome_name(long outcome)
{
	const char *name;

	if (outcome == O)
		return "works";
	if (outcome == K)
		return "kills it";
	name = outcome == INJECT_ENDED ? NULL : strerrorname_np((int)-outcome);
	return name == NULL ? "ends it" : name;
}

static void
await_all(void)
{
	int part;

	for (part = 0; part < NODE_PARTS; part++)
		whole_node_await(&node, (enum whole_node_part)part);
}

static void
take_over(const struct process *p)
{
	process_begin(p, &node, &running);
	assert_true(inject_open(&in, running.pid, p->waits));
}

/* It died: there must be a new one, without our help. */
static void
take_over_again(const struct process *p, unsigned int deaths)
{
	process_end(&running, true);
	if (p->started == BY_SERVE && deaths % DEATHS_MAX == 0) {
		whole_node_stop(&node);
		whole_node_start(&node);
		await_all();
	} else if (p->started == BY_SERVE) {
		whole_node_await(&node, p->part);
	}
	take_over(p);
}

static void
write_program(void)
{
	struct user_ids ids = whole_node_user("qubes-rebuilder");
	struct buf program = BUF_INIT;
	char *path = whole_node_path(&node, "rebuilder/program");
	int from = open("/bin/true", O_RDONLY | O_CLOEXEC);
	int to = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0755);

	assert_int_equal(file_read_fd(from, PROGRAM_MAX, &program), RB_OK);
	assert_int_equal(file_write_fd(to, buf_span(&program)), RB_OK);
	assert_int_equal(fchown(to, ids.uid, ids.gid), 0);
	fd_close(&from);
	fd_close(&to);
	buf_clear(&program);
	free(path);
}

static void
begin_node(void)
{
	whole_node_make(&node);
	write_program();
	whole_node_start(&node);
	await_all();
}

static void
can_do_what_the_table_says(void **state)
{
	const struct process *p = *state;
	unsigned int wrong = 0, deaths = 0;
	long outcome, wanted;
	size_t i;

	begin_node();
	take_over(p);
	for (i = 0; i < sizeof(deeds) / sizeof(deeds[0]); i++) {
		wanted = deeds[i].outcome[p - processes];
		if (wanted == _)
			continue;
		outcome = deeds[i].do_it();
		if (outcome > 0)
			outcome = O;
		if (outcome != wanted) {
			wrong++;
			print_error("%s: to %s %s, and should not: %s\n",
			    p->program, deeds[i].name, outcome_name(outcome),
			    outcome_name(wanted));
		}
		if (in.is_gone)
			take_over_again(p, ++deaths);
	}
	inject_close(&in);
	process_end(&running, false);
	assert_int_equal(wrong, 0);
	whole_node_answers(&node);
}

static int
end(void **state)
{
	(void)state;
	inject_close(&in);
	process_end(&running, in.is_gone);
	memset(&in, 0, sizeof(in));
	whole_node_clear(&node);
	return 0;
}

int
main(void)
{
	struct CMUnitTest tests[PROCESSES];
	size_t i;

	if (geteuid() != 0 || role_home() != RB_OK) {
		print_message("needs root\n");
		return 77;
	}
	for (i = 0; i < PROCESSES; i++)
		tests[i] = (struct CMUnitTest){ processes[i].program,
			can_do_what_the_table_says, NULL, end,
			(void *)(uintptr_t)&processes[i] };
	return cmocka_run_group_tests(tests, NULL, NULL);
}
