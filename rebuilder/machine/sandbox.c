/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/sandbox.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/machine/sandbox_child.h"
#include "rebuilder/machine/sandbox_filter.h"
#include "rebuilder/machine/subids.h"

#define ARGS_MAX 160
#define NUMBER_LEN 24
#define REPORT_MAX 4096

struct arguments {
	const char *argv[ARGS_MAX];
	size_t n;
	char disk[NUMBER_LEN], init[NUMBER_LEN], report[NUMBER_LEN],
	    filter[NUMBER_LEN];
};

static void
add(struct arguments *a, const char *const *words, size_t n)
{
	/* The table is ours: too long is our mistake. */
	if (a->n + n >= ARGS_MAX)
		abort();
	memcpy(a->argv + a->n, words, n * sizeof(*words));
	a->n += n;
}

#define ADD(a, ...) \
	add((a), (const char *const[]){ __VA_ARGS__ }, \
	    sizeof((const char *const[]){ __VA_ARGS__ }) / \
		sizeof(const char *))

static const char *
number(char out[NUMBER_LEN], uint64_t n)
{
	snprintf(out, NUMBER_LEN, "%" PRIu64, n);
	return out;
}

static void
arguments_fill(struct arguments *a, const struct sandbox *s, int report,
    int filter)
{
	size_t i;

	ADD(a, "bwrap", "--unshare-pid", "--unshare-net", "--unshare-ipc",
	    "--unshare-uts", "--unshare-cgroup", "--hostname", "machine",
	    "--die-with-parent", "--new-session", "--as-pid-1", "--clearenv");
	ADD(a, "--json-status-fd", number(a->report, (uint64_t)report),
	    "--seccomp", number(a->filter, (uint64_t)filter));
	ADD(a, "--ro-bind", "/usr", "/usr", "--symlink", "usr/bin", "/bin",
	    "--symlink", "usr/sbin", "/sbin", "--symlink", "usr/lib", "/lib",
	    "--symlink", "usr/lib64", "/lib64");
	ADD(a, "--dir", "/etc", "--ro-bind", "/etc/alternatives",
	    "/etc/alternatives", "--ro-bind", "/etc/ld.so.cache",
	    "/etc/ld.so.cache");
	ADD(a, "--proc", "/proc", "--dev", "/dev");
	if (s->has_kvm)
		ADD(a, "--dev-bind", "/dev/kvm", "/dev/kvm");
	if (s->is_powerless)
		ADD(a, "--cap-drop", "ALL");
	if (s->layer != NULL)
		ADD(a, s->may_write_layer ? "--bind" : "--ro-bind", "/layer",
		    "/layer");
	if (s->disk != 0)
		ADD(a, "--size", number(a->disk, s->disk), "--tmpfs",
		    "/scratch");
	if (s->init != -1)
		ADD(a, "--ro-bind-data", number(a->init, (uint64_t)s->init),
		    "/init");
	for (i = 0; s->command[i] != NULL; i++)
		add(a, &s->command[i], 1);
	a->argv[a->n] = NULL;
}

static enum rb_err
map_write(pid_t pid, const char *file, uint32_t start)
{
	char path[64], line[64];
	int fd, len;
	enum rb_err rc = RB_EIO;

	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, file);
	len = snprintf(line, sizeof(line), "0 %" PRIu32 " %d\n", start,
	    SUBIDS_COUNT);
	if ((fd = open(path, O_WRONLY | O_CLOEXEC)) == -1)
		return RB_EIO;
	/* The kernel takes a map in one write. */
	if (write(fd, line, (size_t)len) == len)
		rc = RB_OK;
	fd_close(&fd);
	return rc;
}

/* Waits for the child's word: a byte, a failure, or the end by exec. */
static enum rb_err
hear(int sock, size_t expected, struct fault *why)
{
	struct sandbox_failure f;
	ssize_t got;

	memset(&f, 0, sizeof(f));
	do
		got = recv(sock, &f, sizeof(f), 0);
	while (got < 0 && errno == EINTR);
	if (got == (ssize_t)expected)
		return RB_OK;
	if (got != (ssize_t)sizeof(f))
		return fault_set(why, RB_EIO,
		    "the sandbox ended before it was made");
	f.step[sizeof(f.step) - 1] = '\0';
	return fault_set(why, RB_EIO, "cannot make a sandbox: %s: %s", f.step,
	    strerror(f.error));
}

static enum rb_err
lead_child(const struct sandbox *s, pid_t pid, int sock, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = hear(sock, 1, why)) != RB_OK)
		return rc;
	if (map_write(pid, "uid_map", s->uid) != RB_OK ||
	    map_write(pid, "gid_map", s->gid) != RB_OK)
		return fault_set(why, RB_EIO,
		    "cannot map the subordinate ids: %s", strerror(errno));
	if (send(sock, "", 1, MSG_NOSIGNAL) != 1)
		return fault_set(why, RB_EIO,
		    "the sandbox ended before it was made");
	return hear(sock, 0, why);
}

enum rb_err
sandbox_start(const struct sandbox *s, pid_t *pid, int *report,
    struct fault *why)
{
	struct arguments a = { .n = 0 };
	struct sandbox_child child = { s, NULL, -1, -1, -1 };
	int socks[2] = { -1, -1 }, pipes[2] = { -1, -1 };
	pid_t made = -1;
	enum rb_err rc = RB_EIO;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) != 0 ||
	    pipe2(pipes, O_CLOEXEC) != 0)
		goto out;
	if ((rc = sandbox_filter(&child.filter)) != RB_OK)
		goto out;
	child.sock = socks[1];
	child.report = pipes[1];
	arguments_fill(&a, s, child.report, child.filter);
	child.argv = (char *const *)(uintptr_t)a.argv;
	if ((made = fork()) == 0) {
		(void)close(socks[0]);
		sandbox_child_run(&child);
	}
	if (made == -1) {
		rc = RB_EIO;
		goto out;
	}
	/* Only the child's ends may keep the streams open. */
	fd_close(&socks[1]);
	fd_close(&pipes[1]);
	if ((rc = lead_child(s, made, socks[0], why)) != RB_OK)
		goto out;
	*pid = made;
	made = -1; /* now the caller's, and so is the pipe */
	*report = pipes[0];
	pipes[0] = -1;
	rc = RB_OK;
out:
	if (made > 0) {
		(void)kill(made, SIGKILL);
		(void)waitpid(made, NULL, 0);
	}
	fd_close(&child.filter);
	fd_close(&socks[0]);
	fd_close(&socks[1]);
	fd_close(&pipes[0]);
	fd_close(&pipes[1]);
	return rc;
}

enum rb_err
sandbox_has_run(int report, bool *out)
{
	struct buf text = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = file_read_fd(report, REPORT_MAX, &text)) == RB_OK &&
	    (rc = buf_put_byte(&text, 0)) == RB_OK)
		/* bubblewrap writes it only about a command that it ran. */
		*out = strstr((const char *)text.p, "\"exit-code\"") != NULL;
	buf_clear(&text);
	return rc;
}
