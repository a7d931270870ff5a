/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test_jail_deeds.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <netinet/in.h>
#include <sched.h>
#include <time.h>
#include <unistd.h>

#include "common/base/digest.h"
#include "common/base/file.h"
#include "tests/unit/jail_aims.h"

static int
worked(long r)
{
	return r < 0 ? -1 : 0;
}

int
deed_open(void)
{
	return worked(open("/etc/passwd", O_RDONLY | O_CLOEXEC));
}

int
deed_open_write(void)
{
	return worked(
	    open("/tmp/rb-jail-escaped", O_WRONLY | O_CREAT | O_CLOEXEC, 0600));
}

int
deed_stat(void)
{
	struct stat st;

	return worked(stat("/etc/passwd", &st));
}

/* AT_EMPTY_PATH permits an empty name, and asks for none. */
int
deed_stat_by_flag(void)
{
	struct stat st;

	return worked(fstatat(AT_FDCWD, "/etc/passwd", &st, AT_EMPTY_PATH));
}

/* From wherever we are, up to the root and down again. */
int
deed_stat_above(void)
{
	struct stat st;

	return worked(fstatat(AT_FDCWD,
	    "../../../../../../../../../../../etc/passwd", &st, AT_EMPTY_PATH));
}

int
deed_read_file(void)
{
	return worked(open(jail_aims.file, O_RDONLY | O_CLOEXEC));
}

int
deed_write_file(void)
{
	return worked(open(jail_aims.file, O_WRONLY | O_CLOEXEC));
}

int
deed_chmod(void)
{
	return worked(chmod(jail_aims.file, 0640));
}

int
deed_chmod_at(void)
{
	return worked(fchmodat(AT_FDCWD, jail_aims.file, 0640, 0));
}

int
deed_chmod_open(void)
{
	int fd = open(jail_aims.file, O_RDONLY | O_CLOEXEC);

	return worked(fchmod(fd, 0640));
}

int
deed_set_times(void)
{
	return worked(utimensat(AT_FDCWD, jail_aims.file, NULL, 0));
}

int
deed_truncate(void)
{
	return worked(truncate(jail_aims.file, 0));
}

int
deed_truncate_by_open(void)
{
	return worked(open(jail_aims.file, O_RDONLY | O_TRUNC | O_CLOEXEC));
}

int
deed_read_memory(void)
{
	char name[64];

	(void)snprintf(name, sizeof(name), "/proc/%d/mem", (int)getppid());
	return worked(open(name, O_RDONLY | O_CLOEXEC));
}

int
deed_socket_inet(void)
{
	return worked(socket(AF_INET, SOCK_STREAM, 0));
}

int
deed_socket_inet6(void)
{
	return worked(socket(AF_INET6, SOCK_STREAM, 0));
}

int
deed_socket_unix(void)
{
	return worked(socket(AF_UNIX, SOCK_STREAM, 0));
}

int
deed_socket_netlink(void)
{
	return worked(socket(AF_NETLINK, SOCK_RAW, 0));
}

int
deed_socket_packet(void)
{
	return worked(socket(AF_PACKET, SOCK_RAW, 0));
}

/* What an older kernel lets through no jail can refuse. */
static bool
landlock_is(long abi)
{
	return jail_aims.landlock >= abi;
}

static struct sockaddr_in
nobody_listens(void)
{
	struct sockaddr_in address;

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_port = htons(9);
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return address;
}

/* Descriptor 3 is a TCP socket, made outside. */
int
deed_connect_tcp(void)
{
	struct sockaddr_in address = nobody_listens();

	if (connect(3, (struct sockaddr *)&address, sizeof(address)) == 0)
		return 0;
	/* Nobody listens there, so that anything else means: let through. */
	return errno == EACCES || !landlock_is(4) ? -1 : 0;
}

int
deed_bind_tcp(void)
{
	struct sockaddr_in address;

	memset(&address, 0, sizeof(address));
	address.sin_family = AF_INET;
	address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	return worked(bind(3, (struct sockaddr *)&address, sizeof(address)));
}

int
deed_socket_unix_dgram(void)
{
	return worked(socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0));
}

/* One byte to an address, by a socket that is connected to another. */
static ssize_t
send_to(int fd, void *address, socklen_t len, bool as_message, int flags)
{
	char byte = 'x';
	struct iovec part = { &byte, 1 };
	struct msghdr h;

	if (!as_message)
		return sendto(fd, &byte, 1, flags, address, len);
	memset(&h, 0, sizeof(h));
	h.msg_name = address;
	h.msg_namelen = len;
	h.msg_iov = &part;
	h.msg_iovlen = 1;
	return sendmsg(fd, &h, flags);
}

/* One end of such a pair reaches any name, whatever the other is. */
static int
send_outside(bool as_message)
{
	int pair[2];

	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) != 0)
		return -1;
	return worked(send_to(pair[0], &jail_aims.socket,
	    sizeof(jail_aims.socket), as_message, MSG_DONTWAIT));
}

int
deed_send_dgram(void)
{
	return send_outside(false);
}

int
deed_send_message(void)
{
	return send_outside(true);
}

/* A connection without connect(2), by descriptor 3. */
static int
send_fast_open(bool as_message)
{
	struct sockaddr_in address = nobody_listens();

	if (send_to(3, &address, sizeof(address), as_message,
		MSG_FASTOPEN | MSG_NOSIGNAL) >= 0)
		return 0;
	return errno == ECONNREFUSED ? 0 : -1;
}

int
deed_send_fast_open(void)
{
	return send_fast_open(false);
}

int
deed_send_message_fast_open(void)
{
	return send_fast_open(true);
}

int
deed_accept(void)
{
	return worked(accept4(3, NULL, NULL, SOCK_CLOEXEC));
}

int
deed_fork(void)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(0);
	return pid < 0 ? -1 : worked(waitpid(pid, NULL, 0));
}

static void *
thread_main(void *arg)
{
	return arg;
}

int
deed_thread(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, thread_main, NULL) != 0)
		return -1;
	return pthread_join(thread, NULL) == 0 ? 0 : -1;
}

int
deed_exec(void)
{
	char name[] = "true";
	char *const args[] = { name, NULL };
	char *const environment[] = { NULL };

	return worked(execve("/bin/true", args, environment));
}

int
deed_mmap_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_EXEC,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	return p == MAP_FAILED ? -1 : 0;
}

int
deed_mprotect_exec(void)
{
	void *p = mmap(NULL, 4096, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (p == MAP_FAILED)
		return -1;
	return worked(mprotect(p, 4096, PROT_READ | PROT_EXEC));
}

int
deed_ptrace(void)
{
	return worked(ptrace(PTRACE_ATTACH, getppid(), NULL, NULL));
}

int
deed_read_process(void)
{
	char byte = 0;
	struct iovec here = { &byte, 1 };
	struct iovec there = { &byte, 1 };

	return worked(process_vm_readv(getppid(), &here, 1, &there, 1, 0));
}

int
deed_kill_parent(void)
{
	return worked(kill(getppid(), 0));
}

int
deed_kill_all(void)
{
	return worked(syscall(SYS_tgkill, 1, 1, 0));
}

/* Before ABI 6 nothing holds this back, which is said. */
int
deed_kill_bystander(void)
{
	if (kill(jail_aims.bystander, SIGKILL) != 0)
		return -1;
	return landlock_is(6) ? 0 : -1;
}

int
deed_kill_group(void)
{
	return worked(kill(-jail_aims.bystander, SIGKILL));
}

int
deed_interrupt_bystander(void)
{
	return worked(kill(jail_aims.bystander, SIGCONT));
}

/* Whoever makes descriptor 3 readable makes it send a signal. */
int
deed_ask_for_signals(void)
{
	return worked(fcntl(3, F_SETOWN, jail_aims.bystander));
}

/* Asking is harmless, and permitted to whom setting is. */
int
deed_limit_bystander(void)
{
	struct rlimit limit;

	return worked(prlimit(jail_aims.bystander, RLIMIT_CPU, NULL, &limit));
}

int
deed_abort(void)
{
	abort();
}

int
deed_mount(void)
{
	return worked(mount("none", "/tmp", "tmpfs", 0, NULL));
}

int
deed_chroot(void)
{
	return worked(chroot("/tmp"));
}

int
deed_unshare(void)
{
	return worked(unshare(CLONE_NEWUSER));
}

int
deed_setuid(void)
{
	return worked(syscall(SYS_setresuid, 0, 0, 0));
}

int
deed_raise_limit(void)
{
	struct rlimit limit = { 64, 64 };

	return worked(setrlimit(RLIMIT_NOFILE, &limit));
}

int
deed_be_dumpable(void)
{
	return worked(prctl(PR_SET_DUMPABLE, 1, 0, 0, 0));
}

int
deed_type_into_terminal(void)
{
	return worked(ioctl(2, TIOCSTI, "x"));
}

/* Descriptor 3 is some socket or file: the lock itself may fail. */
int
deed_lock(void)
{
	struct flock lock;

	memset(&lock, 0, sizeof(lock));
	lock.l_type = F_RDLCK;
	return worked(fcntl(3, F_SETLK, &lock));
}

int
deed_bpf(void)
{
	return worked(syscall(SYS_bpf, 0, NULL, 0));
}

int
deed_keyctl(void)
{
	return worked(syscall(SYS_keyctl, 0, -1, 0));
}

int
deed_io_uring(void)
{
	char room[256];

	memset(room, 0, sizeof(room));
	return worked(syscall(SYS_io_uring_setup, 1, room));
}

int
deed_userfaultfd(void)
{
	return worked(syscall(SYS_userfaultfd, O_CLOEXEC));
}

int
deed_perf(void)
{
	return worked(syscall(SYS_perf_event_open, NULL, 0, -1, -1, 0));
}

int
deed_personality(void)
{
	return worked(syscall(SYS_personality, 0x0400000));
}

/* The system calls of 32-bit programs have other numbers: no way around. */
int
deed_old_abi(void)
{
#ifdef __x86_64__
	long r;

	/* getpid, by the old gate */
	__asm__ volatile("int $0x80" : "=a"(r) : "a"(20L) : "memory");
	return worked(r);
#else
	raise(SIGKILL);
	return 0;
#endif
}

int
deed_compute(void)
{
	struct digest d = DIGEST_INIT;
	char hex[DIGEST_HEX_LEN + 1];
	void *p = malloc(8 * 1024 * 1024);
	int r = p != NULL && digest_of(SPAN("abc"), &d) == RB_OK ? 0 : -1;

	digest_hex(&d, hex);
	free(p);
	return r == 0 && strncmp(hex, "ba7816bf", 8) == 0 ? 0 : -1;
}

int
deed_pipe(void)
{
	int ends[2];
	char byte = 'x';

	if (pipe2(ends, O_CLOEXEC) != 0 || write(ends[1], &byte, 1) != 1)
		return -1;
	return read(ends[0], &byte, 1) == 1 ? 0 : -1;
}

int
deed_memory_file(void)
{
	struct digest d = DIGEST_INIT;
	uint64_t size = 0;
	int fd = -1;

	if (memory_file("x", SPAN("abc"), &fd) != RB_OK ||
	    file_size(fd, &size) != RB_OK || size != 3)
		return -1;
	return digest_of_fd(fd, 0, 3, &d) == RB_OK ? 0 : -1;
}

int
deed_clock(void)
{
	struct timespec now;
	time_t t = time(NULL);
	struct tm parts;

	/* localtime asks for a zone and goes on without. */
	return clock_gettime(CLOCK_REALTIME, &now) == 0 &&
		localtime_r(&t, &parts) != NULL ?
	    0 :
	    -1;
}
