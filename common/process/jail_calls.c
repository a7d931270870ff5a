/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process/jail_plan.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/process/jail_filter.h"

/*
 * The system calls of a jail.  Three answers: allowed; refused with an
 * error, where the C library asks in passing and goes on without; for
 * everything else the process is killed, since only an attacker asks.
 */
#define THREAD_FLAGS \
	(CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD)

/* Computing, and reading and writing what one has. */
static const int calls_base[] = { SCMP_SYS(read), SCMP_SYS(readv),
	SCMP_SYS(pread64), SCMP_SYS(preadv), SCMP_SYS(write), SCMP_SYS(writev),
	SCMP_SYS(pwrite64), SCMP_SYS(pwritev), SCMP_SYS(lseek), SCMP_SYS(close),
	SCMP_SYS(close_range), SCMP_SYS(fstat), SCMP_SYS(dup), SCMP_SYS(dup2),
	SCMP_SYS(dup3), SCMP_SYS(ftruncate), SCMP_SYS(fallocate),
	SCMP_SYS(fadvise64), SCMP_SYS(fsync), SCMP_SYS(fdatasync),
	SCMP_SYS(copy_file_range), SCMP_SYS(sendfile), SCMP_SYS(memfd_create),
	SCMP_SYS(pipe), SCMP_SYS(pipe2), SCMP_SYS(eventfd2), SCMP_SYS(poll),
	SCMP_SYS(ppoll), SCMP_SYS(select), SCMP_SYS(pselect6),
	SCMP_SYS(recvmsg), SCMP_SYS(recvfrom), SCMP_SYS(shutdown),
	SCMP_SYS(getsockopt), SCMP_SYS(brk), SCMP_SYS(munmap), SCMP_SYS(mremap),
	SCMP_SYS(madvise), SCMP_SYS(futex), SCMP_SYS(set_robust_list),
	SCMP_SYS(rseq), SCMP_SYS(membarrier), SCMP_SYS(restart_syscall),
	SCMP_SYS(exit), SCMP_SYS(exit_group), SCMP_SYS(rt_sigaction),
	SCMP_SYS(rt_sigprocmask), SCMP_SYS(rt_sigreturn),
	SCMP_SYS(rt_sigtimedwait), SCMP_SYS(signalfd4), SCMP_SYS(sigaltstack),
	SCMP_SYS(getpid), SCMP_SYS(gettid), SCMP_SYS(getppid), SCMP_SYS(getuid),
	SCMP_SYS(geteuid), SCMP_SYS(getgid), SCMP_SYS(getegid),
	SCMP_SYS(getrandom), SCMP_SYS(getrlimit), SCMP_SYS(getrusage),
	SCMP_SYS(clock_gettime), SCMP_SYS(clock_getres), SCMP_SYS(gettimeofday),
	SCMP_SYS(time), SCMP_SYS(nanosleep), SCMP_SYS(clock_nanosleep),
	SCMP_SYS(timerfd_create), SCMP_SYS(timerfd_settime),
	SCMP_SYS(sched_yield), SCMP_SYS(sched_getaffinity), SCMP_SYS(sysinfo),
	SCMP_SYS(uname), SCMP_SYS(epoll_create1), SCMP_SYS(epoll_ctl),
	SCMP_SYS(epoll_wait), SCMP_SYS(epoll_pwait), FILTER_LIST_END };

/* Names of files: refused with an error, or allowed by JAIL_FILES. */
static const int calls_names[] = { SCMP_SYS(access), SCMP_SYS(faccessat),
	SCMP_SYS(faccessat2), SCMP_SYS(stat), SCMP_SYS(lstat), SCMP_SYS(statx),
	SCMP_SYS(readlink), SCMP_SYS(readlinkat), SCMP_SYS(getcwd),
	SCMP_SYS(statfs), SCMP_SYS(fstatfs), SCMP_SYS(getdents64),
	FILTER_LIST_END };

static const int calls_files[] = { SCMP_SYS(newfstatat), SCMP_SYS(mkdir),
	SCMP_SYS(mkdirat), SCMP_SYS(rmdir), SCMP_SYS(unlink),
	SCMP_SYS(unlinkat), SCMP_SYS(rename), SCMP_SYS(renameat),
	SCMP_SYS(renameat2), SCMP_SYS(link), SCMP_SYS(linkat), SCMP_SYS(flock),
	SCMP_SYS(umask), SCMP_SYS(chdir), SCMP_SYS(fchdir), FILTER_LIST_END };

/*
 * What Landlock leaves to the owner of a file: its mode and times, and before
 * ABI 3 its length.  Programs of one user own each other's files, so this is
 * refused in every jail.
 */
static const int calls_owner[] = { SCMP_SYS(chmod), SCMP_SYS(fchmodat),
	SCMP_SYS(utimensat), SCMP_SYS(truncate), FILTER_LIST_END };

/* A connection that one has or gets. */
static const int calls_connection[] = { SCMP_SYS(getsockname),
	SCMP_SYS(getpeername), SCMP_SYS(setsockopt), FILTER_LIST_END };

/* The resolver asks about both kinds of address at once. */
static const int calls_client[] = { SCMP_SYS(connect), SCMP_SYS(sendmmsg),
	SCMP_SYS(recvmmsg), FILTER_LIST_END };

static const int calls_accept[] = { SCMP_SYS(accept), SCMP_SYS(accept4),
	SCMP_SYS(listen), FILTER_LIST_END };

static const int calls_threads[] = { SCMP_SYS(set_tid_address),
	SCMP_SYS(get_robust_list), SCMP_SYS(sched_getparam),
	SCMP_SYS(sched_getscheduler), FILTER_LIST_END };

static const int calls_db[] = { SCMP_SYS(msync), SCMP_SYS(sync_file_range),
	FILTER_LIST_END };

/* Becoming another program. */
static const int calls_exec[] = { SCMP_SYS(execve), SCMP_SYS(execveat),
	SCMP_SYS(arch_prctl), SCMP_SYS(set_tid_address), SCMP_SYS(getgroups),
	SCMP_SYS(getresuid), SCMP_SYS(getresgid), SCMP_SYS(capget),
	SCMP_SYS(mmap), SCMP_SYS(mprotect), SCMP_SYS(prctl), SCMP_SYS(mlock),
	SCMP_SYS(munlock), FILTER_LIST_END };

/* Children, and what they need to confine themselves. */
static const int calls_spawn[] = { SCMP_SYS(clone), SCMP_SYS(clone3),
	SCMP_SYS(fork), SCMP_SYS(vfork), SCMP_SYS(wait4), SCMP_SYS(waitid),
	SCMP_SYS(pidfd_open), SCMP_SYS(setsid), SCMP_SYS(setgroups),
	SCMP_SYS(setresuid), SCMP_SYS(setresgid), SCMP_SYS(capset),
	SCMP_SYS(unshare), SCMP_SYS(chroot), SCMP_SYS(seccomp),
	SCMP_SYS(landlock_create_ruleset), SCMP_SYS(landlock_add_rule),
	SCMP_SYS(landlock_restrict_self), FILTER_LIST_END };

#ifdef RB_SANITIZE
static const int calls_sanitizer[] = { SCMP_SYS(prctl), SCMP_SYS(readlink),
	FILTER_LIST_END };
#endif

/* Memory, none of it newly executable: no code comes from outside. */
static void
add_memory(struct filter *f, unsigned int allow)
{
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(mmap), 2, PROT_EXEC, 0);
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(mprotect), 2, PROT_EXEC, 0);
	/*
	 * Looking up a host name tries to load the modules of
	 * nsswitch.conf(5), and goes on without.
	 */
	if ((allow & JAIL_NET) != 0)
		filter_add_if(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(mmap), 2,
		    PROT_EXEC, PROT_EXEC);
}

/*
 * Commands of fcntl and ioctl that stay with the descriptor.  Others make it
 * send signals to whom one likes, or change the flags of a file.
 */
static void
add_descriptors(struct filter *f, unsigned int allow)
{
	static const int commands[] = { F_DUPFD, F_DUPFD_CLOEXEC, F_GETFD,
		F_SETFD, F_GETFL, F_SETFL, F_ADD_SEALS, F_GET_SEALS };
	static const int locks[] = { F_SETLK, F_SETLKW, F_GETLK, F_OFD_SETLK,
		F_OFD_SETLKW, F_OFD_GETLK };
	size_t i;

	for (i = 0; i < sizeof(commands) / sizeof(commands[0]); i++)
		filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, UINT32_MAX,
		    (uint64_t)commands[i]);
	for (i = 0; i < sizeof(locks) / sizeof(locks[0]) &&
	    (allow & (JAIL_DB | JAIL_SPAWN)) != 0;
	    i++)
		filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(fcntl), 1, UINT32_MAX,
		    (uint64_t)locks[i]);
	/* Is it a terminal?  How much is there to read?  Do not block. */
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, UINT32_MAX,
	    TCGETS);
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, UINT32_MAX,
	    FIONREAD);
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(ioctl), 1, UINT32_MAX,
	    FIONBIO);
}

/*
 * Before ABI 3 Landlock lets O_TRUNC through where reading is allowed.  The
 * flags of openat2 lie in memory, out of sight; openat is tried next.
 */
static void
add_open(struct filter *f, int call, unsigned int i)
{
	filter_add_if(f, SCMP_ACT_ALLOW, call, i, O_TRUNC, 0);
	filter_add_if(f, SCMP_ACT_ALLOW, call, i, O_ACCMODE, O_WRONLY);
	filter_add_if(f, SCMP_ACT_ALLOW, call, i, O_ACCMODE, O_RDWR);
	filter_add_if(f, SCMP_ACT_ERRNO(EACCES), call, i, O_ACCMODE | O_TRUNC,
	    O_RDONLY | O_TRUNC);
}

static void
add_names(struct filter *f, unsigned int allow)
{
	bool has_names = jail_has_names(allow);
	uint32_t refuse = SCMP_ACT_ERRNO(EACCES);

	filter_add_list(f, has_names ? SCMP_ACT_ALLOW : refuse, calls_names);
	filter_add_list(f, refuse, calls_owner);
	filter_add(f, (allow & JAIL_MODES) != 0 ? SCMP_ACT_ALLOW : refuse,
	    SCMP_SYS(fchmod));
	filter_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(openat2));
	if (has_names) {
		filter_add_list(f, SCMP_ACT_ALLOW, calls_files);
		add_open(f, SCMP_SYS(open), 1);
		add_open(f, SCMP_SYS(openat), 2);
		return;
	}
	filter_add(f, refuse, SCMP_SYS(open));
	filter_add(f, refuse, SCMP_SYS(openat));
	/* fstat(3) is this call, with the flag; see enter_nowhere. */
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH,
	    AT_EMPTY_PATH);
	filter_add_if(f, refuse, SCMP_SYS(newfstatat), 3, AT_EMPTY_PATH, 0);
}

static void
add_process(struct filter *f, unsigned int allow)
{
	/* Reading our limits, not setting them. */
	static const struct scmp_arg_cmp ask[] = {
		{ 0, SCMP_CMP_MASKED_EQ, UINT32_MAX, 0 },
		{ 2, SCMP_CMP_EQ, 0, 0 },
	};

	filter_add_match(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), ask, 2);
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0, UINT32_MAX,
	    PR_SET_NAME);
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0, UINT32_MAX,
	    PR_GET_NAME);
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(prctl), 0, UINT32_MAX,
	    PR_SET_VMA);
	if ((allow & JAIL_THREADS) == 0)
		return;
	filter_add_list(f, SCMP_ACT_ALLOW, calls_threads);
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(clone), 0, THREAD_FLAGS,
	    THREAD_FLAGS);
	/* Its flags lie in memory, out of sight; clone is tried next. */
	filter_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3));
}

/*
 * Before ABI 6 Landlock holds no signal back from programs of our own user.
 * So only who has children can end others than himself, and do no more than
 * that: one process at a time, and not even ask whether it is there.
 */
static void
add_signals(struct filter *f, unsigned int allow)
{
	/* A process number, not a group's; the kernel sees 32 bits. */
	static const struct scmp_arg_cmp end[] = {
		{ 0, SCMP_CMP_MASKED_EQ, UINT32_C(1) << 31, 0 },
		{ 1, SCMP_CMP_MASKED_EQ, UINT32_MAX, SIGKILL },
	};

	if ((allow & JAIL_SPAWN) != 0) {
		filter_add_match(f, SCMP_ACT_ALLOW, SCMP_SYS(kill), end, 2);
		/* abort(3), of children too, whose numbers come later. */
		filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 2,
		    UINT32_MAX, SIGABRT);
	} else if ((allow & JAIL_EXEC) == 0) {
		/* abort(3) and pthread_kill(3): ourselves. */
		filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(tgkill), 0,
		    UINT32_MAX, (uint64_t)getpid());
	}
}

/* socket or socketpair; "type" carries flags, which everybody may set. */
static void
add_socket(struct filter *f, int call, int family, int type)
{
	const struct scmp_arg_cmp match[] = {
		{ 0, SCMP_CMP_MASKED_EQ, UINT32_MAX, (uint64_t)family },
		{ 1, SCMP_CMP_MASKED_EQ,
		    (uint32_t)~(SOCK_CLOEXEC | SOCK_NONBLOCK), (uint64_t)type },
	};

	filter_add_match(f, SCMP_ACT_ALLOW, call, match, 2);
}

/*
 * Messages go where their socket is connected to.  An address beside the
 * message would lead past `connect`: to any datagram socket with a name, or
 * through TCP's fast open to any server.  That of sendmsg lies in memory, out
 * of sight; so nobody gets a datagram socket but who has the network anyway,
 * and the others' ignore the address or refuse it.
 */
static void
add_sending(struct filter *f)
{
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(sendto), 4, UINT64_MAX, 0);
	filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(sendmsg), 2, MSG_FASTOPEN, 0);
}

static void
add_sockets(struct filter *f, unsigned int allow)
{
	bool is_net = (allow & JAIL_NET) != 0;
	bool is_unix = (allow & JAIL_UNIX) != 0;

	add_sending(f);
	/* Connected from the start, to ourselves. */
	if ((allow & (JAIL_NET | JAIL_SPAWN)) != 0) {
		add_socket(f, SCMP_SYS(socketpair), AF_UNIX, SOCK_STREAM);
		add_socket(f, SCMP_SYS(socketpair), AF_UNIX, SOCK_SEQPACKET);
	}
	if ((allow & (JAIL_NET | JAIL_UNIX | JAIL_ACCEPT)) != 0)
		filter_add_list(f, SCMP_ACT_ALLOW, calls_connection);
	if ((allow & JAIL_ACCEPT) != 0)
		filter_add_list(f, SCMP_ACT_ALLOW, calls_accept);
	/* A foreign program looks for nscd(8), and goes on without. */
	if (!is_net && !is_unix && (allow & (JAIL_SPAWN | JAIL_EXEC)) != 0)
		filter_add(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket));
	if (is_unix) {
		filter_add(f, SCMP_ACT_ALLOW, SCMP_SYS(connect));
		add_socket(f, SCMP_SYS(socket), AF_UNIX, SOCK_STREAM);
		add_socket(f, SCMP_SYS(socket), AF_UNIX, SOCK_SEQPACKET);
	}
	if (!is_net)
		return;
	filter_add_list(f, SCMP_ACT_ALLOW, calls_client);
	add_socket(f, SCMP_SYS(socket), AF_INET, SOCK_STREAM);
	add_socket(f, SCMP_SYS(socket), AF_INET, SOCK_DGRAM);
	add_socket(f, SCMP_SYS(socket), AF_INET6, SOCK_STREAM);
	add_socket(f, SCMP_SYS(socket), AF_INET6, SOCK_DGRAM);
	/* The resolver asks for nscd(8) and our addresses, in passing. */
	if (!is_unix)
		filter_add_if(f, SCMP_ACT_ERRNO(EACCES), SCMP_SYS(socket), 0,
		    UINT32_MAX, AF_UNIX);
	filter_add_if(f, SCMP_ACT_ERRNO(EAFNOSUPPORT), SCMP_SYS(socket), 0,
	    UINT32_MAX, AF_NETLINK);
}

static void
add_all(struct filter *f, unsigned int allow)
{
	filter_add_list(f, SCMP_ACT_ALLOW, calls_base);
	add_names(f, allow);
	if ((allow & JAIL_DB) != 0)
		filter_add_list(f, SCMP_ACT_ALLOW, calls_db);
	add_sockets(f, allow);
	add_descriptors(f, allow);
	add_signals(f, allow);
	if ((allow & (JAIL_SPAWN | JAIL_EXEC)) != 0) {
		filter_add_list(f, SCMP_ACT_ALLOW, calls_exec);
		/* Our own limits: a user's programs may set each other's. */
		filter_add_if(f, SCMP_ACT_ALLOW, SCMP_SYS(prlimit64), 0,
		    UINT32_MAX, 0);
	} else {
		add_memory(f, allow);
		add_process(f, allow);
	}
	if ((allow & JAIL_SPAWN) != 0) {
		filter_add_list(f, SCMP_ACT_ALLOW, calls_threads);
		filter_add_list(f, SCMP_ACT_ALLOW, calls_db);
		filter_add_list(f, SCMP_ACT_ALLOW, calls_spawn);
	}
#ifdef RB_SANITIZE
	filter_add_list(f, SCMP_ACT_ALLOW, calls_sanitizer);
#endif
}

static enum rb_err
make(unsigned int allow, struct buf *filter, struct fault *why)
{
	struct filter f = FILTER_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = filter_open(&f)) != RB_OK)
		goto out;
	add_all(&f, allow);
	rc = filter_write(&f, filter, why);
out:
	filter_clear(&f);
	return rc;
}

/*
 * The last filter that was made.  Making one takes longer than all else in a
 * jail, and who starts a thousand programs starts them in equal jails.
 */
static struct {
	pthread_mutex_t mutex;
	bool is_made;
	unsigned int allow;
	struct buf filter; /* owned, as long as the process lives */
} last = { PTHREAD_MUTEX_INITIALIZER, false, 0, BUF_INIT };

enum rb_err
jail_calls_make(unsigned int allow, struct buf *filter, struct fault *why)
{
	enum rb_err rc = RB_OK;

	if (pthread_mutex_lock(&last.mutex) != 0)
		return RB_EINTERNAL;
	if (!last.is_made || last.allow != allow) {
		last.is_made = false;
		buf_clear(&last.filter);
		rc = make(allow, &last.filter, why);
		last.is_made = rc == RB_OK;
		last.allow = allow;
	}
	if (rc == RB_OK)
		rc = buf_put(filter, buf_span(&last.filter));
	(void)pthread_mutex_unlock(&last.mutex);
	return rc;
}
