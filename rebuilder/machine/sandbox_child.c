/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/sandbox_child.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* As on a machine of Debian's. */
#define FILES_MAX 1024

static _Noreturn void
fail(int sock, const char *step)
{
	struct sandbox_failure f;
	ssize_t put;

	memset(&f, 0, sizeof(f));
	f.error = errno;
	snprintf(f.step, sizeof(f.step), "%s", step);
	put = send(sock, &f, sizeof(f), MSG_NOSIGNAL);
	(void)put; /* who started us sees the exit status too */
	_exit(127);
}

/* Paths are below the stage, which is the working directory. */
static void
attach(int sock, const char *from, const char *to, unsigned long flags)
{
	/* Flags need a second call: the first one ignores them. */
	if (mount(from, to, NULL, MS_BIND, NULL) != 0 ||
	    (flags != 0 &&
		mount(NULL, to, NULL, MS_REMOUNT | MS_BIND | flags, NULL) != 0))
		fail(sock, to);
}

static void
make_dir(int sock, const char *name)
{
	if (mkdir(name, 0755) != 0)
		fail(sock, name);
}

static void
attach_dir(int sock, const char *from, const char *to, unsigned long flags)
{
	make_dir(sock, to);
	attach(sock, from, to, flags);
}

static void
attach_file(int sock, const char *from, const char *to, unsigned long flags)
{
	int fd = open(to, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);

	if (fd == -1)
		fail(sock, to);
	(void)close(fd);
	attach(sock, from, to, flags);
}

static void
attach_devices(int sock)
{
	/* Those that bubblewrap's --dev hands on. */
	static const char *const names[] = { "null", "zero", "full", "random",
		"urandom", "tty" };
	size_t i;

	make_dir(sock, "dev");
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char from[32], to[32];

		snprintf(from, sizeof(from), "/dev/%s", names[i]);
		snprintf(to, sizeof(to), "dev/%s", names[i]);
		attach_file(sock, from, to, MS_NOSUID | MS_NOEXEC);
	}
}

/*
 * The host's own node is for its group kvm, which nobody here is in.  The
 * bind mount keeps the right to open it, which the stage loses.
 */
static void
make_kvm(int sock)
{
	if (mknod("dev/kvm", S_IFCHR | 0666, makedev(10, 232)) != 0 ||
	    chmod("dev/kvm", 0666) != 0)
		fail(sock, "make dev/kvm");
	attach(sock, "dev/kvm", "dev/kvm", MS_NOSUID | MS_NOEXEC);
}

/* The rest of the host's root is in /usr since Debian 12. */
static void
link_usr(int sock)
{
	static const char *const names[] = { "bin", "sbin", "lib", "lib64" };
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		char target[16];

		snprintf(target, sizeof(target), "usr/%s", names[i]);
		if (symlink(target, names[i]) != 0)
			fail(sock, names[i]);
	}
}

static void
stage_make(const struct sandbox_child *c)
{
	const unsigned long fixed = MS_RDONLY | MS_NOSUID | MS_NODEV;
	const struct sandbox *s = c->s;
	int sock = c->sock;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		fail(sock, "leave the host's mount namespace");
	if (mount("stage", s->stage, "tmpfs", MS_NOSUID, "mode=0755,size=1m") !=
		0 ||
	    chdir(s->stage) != 0)
		fail(sock, "mount the stage");
	attach_dir(sock, "/usr", "usr", fixed);
	link_usr(sock);
	make_dir(sock, "etc");
	attach_dir(sock, "/etc/alternatives", "etc/alternatives", fixed);
	attach_file(sock, "/etc/ld.so.cache", "etc/ld.so.cache", fixed);
	attach_devices(sock);
	if (s->has_kvm)
		make_kvm(sock);
	/* A new /proc may only be mounted where one is in full sight. */
	attach_dir(sock, "/proc", "proc", 0);
	if (s->layer != NULL)
		attach_dir(sock, s->layer, "layer",
		    s->may_write_layer ? MS_NOSUID | MS_NODEV : fixed);
	make_dir(sock, "tmp"); /* where bubblewrap builds */
	make_dir(sock, "host");
	if (syscall(SYS_pivot_root, ".", "host") != 0 ||
	    umount2("/host", MNT_DETACH) != 0 || rmdir("/host") != 0 ||
	    chdir("/") != 0)
		fail(sock, "leave the host's root (inside a chroot?)");
	if (mount(NULL, "/", NULL,
		MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV,
		NULL) != 0)
		fail(sock, "make the stage read only");
}

/* Ids mean nothing until the parent has mapped them. */
static void
become_inner_root(int sock)
{
	char byte = 0;

	if (unshare(CLONE_NEWUSER) != 0)
		fail(sock,
		    "make a user namespace (inside a chroot none can be)");
	if (send(sock, &byte, 1, MSG_NOSIGNAL) != 1 ||
	    recv(sock, &byte, 1, 0) != 1)
		_exit(127); /* the parent gave up */
	if (setgroups(0, NULL) != 0 || setresgid(0, 0, 0) != 0 ||
	    setresuid(0, 0, 0) != 0)
		fail(sock, "become root of the user namespace");
}

/* Limits are only ever lowered. */
static void
lower_limits(int sock)
{
	struct rlimit core = { 0, 0 }, files = { 0, 0 };

	if (getrlimit(RLIMIT_CORE, &core) != 0 ||
	    getrlimit(RLIMIT_NOFILE, &files) != 0)
		fail(sock, "read the limits");
	/* 1, not 0: the kernel then starts no core handler on the host. */
	if (core.rlim_max > 1)
		core.rlim_max = 1;
	core.rlim_cur = core.rlim_max;
	if (files.rlim_cur > FILES_MAX)
		files.rlim_cur = FILES_MAX;
	if (setrlimit(RLIMIT_CORE, &core) != 0 ||
	    setrlimit(RLIMIT_NOFILE, &files) != 0)
		fail(sock, "set the limits");
}

static void
place(int sock, int fd, int target)
{
	if (dup2(fd, target) != target)
		fail(sock, "place a descriptor");
}

static void
keep(int sock, int fd)
{
	if (fd != -1 && fcntl(fd, F_SETFD, 0) != 0)
		fail(sock, "keep a descriptor");
}

void
sandbox_child_run(const struct sandbox_child *c)
{
	static char *const environment[] = { NULL };
	const struct sandbox *s = c->s;
	size_t i;

	/* The guest's root, a stranger here, must read the stage. */
	(void)umask(022);
	if (cgroup_enter(s->cgroup) != RB_OK)
		fail(c->sock, "enter the control group");
	stage_make(c);
	become_inner_root(c->sock);

	lower_limits(c->sock);
	if (signal(SIGPIPE, SIG_DFL) == SIG_ERR)
		fail(c->sock, "reset a signal");

	/* All of them lie above 2: the parent saw to that. */
	place(c->sock, s->in, 0);
	place(c->sock, s->out, 1);
	place(c->sock, s->log, 2);
	if (s->log_too != 0)
		place(c->sock, s->log, s->log_too);
	for (i = 0; i < s->nkept; i++)
		keep(c->sock, s->kept[i]);
	keep(c->sock, s->init);
	keep(c->sock, c->report);
	keep(c->sock, c->filter);
	/* After the change of ids, which forgets it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		fail(c->sock, "die with the parent");
	(void)execve("/usr/bin/bwrap", c->argv, environment);
	fail(c->sock, "run bubblewrap (install the package bubblewrap)");
}
