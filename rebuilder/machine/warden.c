/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/warden.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/machine/relay.h"

/* How long a killed process is waited for: one in a hypercall stays. */
#define DYING_MS 5000
#define DYING_PAUSE_MS 10

/* One descriptor for both: many loops have room for one only. */
static int
watch_both(int sock, int watch)
{
	struct epoll_event event = { .events = EPOLLIN };
	int fd = epoll_create1(EPOLL_CLOEXEC);

	if (fd != -1 &&
	    (epoll_ctl(fd, EPOLL_CTL_ADD, sock, &event) != 0 ||
		(watch != -1 &&
		    epoll_ctl(fd, EPOLL_CTL_ADD, watch, &event) != 0)))
		fd_close(&fd);
	return fd;
}

static _Noreturn void
child(const struct warden_work *w, int sock, size_t len)
{
	uint8_t *report = calloc(1, len);
	int watch = watch_both(sock, w->watch);

	if (report == NULL || watch == -1)
		_exit(1);
	w->work(w->context, watch, report);
	if (send(sock, report, len, MSG_NOSIGNAL) != (ssize_t)len)
		_exit(1);
	_exit(0);
}

static int
ms_until(int64_t until)
{
	int64_t left = until - clock_now();

	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

/* True: it has a report for us, or has ended. */
static bool
await(const struct warden_work *w, int sock)
{
	int64_t until = w->until;
	struct pollfd fds[2] = { { sock, POLLIN, 0 }, { w->watch, POLLIN, 0 } };
	int r;

	for (;;) {
		r = poll(fds, 2, ms_until(until));
		if (r < 0 && errno == EINTR)
			continue;
		if (r <= 0)
			return false;
		if (fds[0].revents != 0)
			return true;
		/* It sees that too, and should end soon. */
		fds[1].fd = -1;
		if (clock_now() + w->patience < until)
			until = clock_now() + w->patience;
	}
}

static enum rb_err
bury(pid_t pid, int *status)
{
	int64_t until = clock_now() + DYING_MS;
	pid_t r;

	(void)kill(pid, SIGKILL);
	while ((r = waitpid(pid, status, WNOHANG)) == 0 ||
	    (r == -1 && errno == EINTR)) {
		if (clock_now() > until)
			return RB_ETIME;
		(void)poll(NULL, 0, DYING_PAUSE_MS);
	}
	return RB_OK;
}

enum rb_err
warden_run(const struct warden_work *w, void *report, size_t len,
    struct fault *why)
{
	int socks[2] = { -1, -1 }, status = 0;
	pid_t pid;
	ssize_t got;
	enum rb_err rc = RB_EIO;

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) != 0)
		return RB_EIO;
	if ((pid = fork()) == 0) {
		fd_close(&socks[0]);
		child(w, socks[1], len);
	}
	fd_close(&socks[1]);
	if (pid == -1)
		goto out;
	if (!await(w, socks[0])) {
		rc = bury(pid, &status) == RB_OK ?
		    fault_set(why, RB_ETIME,
			"the process that does it hung and was killed") :
		    fault_set(why, RB_ETIME,
			"the process that does it (%d) hangs and cannot be "
			"killed",
			(int)pid);
		goto out;
	}
	got = recv(socks[0], report, len, 0);
	if (bury(pid, &status) != RB_OK || got != (ssize_t)len) {
		rc = fault_set(why, RB_EPEER,
		    "the process that does it ended too early (%s %d)",
		    WIFSIGNALED(status) ? "signal" : "status",
		    WIFSIGNALED(status) ? WTERMSIG(status) :
					  WEXITSTATUS(status));
		goto out;
	}
	rc = RB_OK;
out:
	fd_close(&socks[0]);
	return rc;
}
