/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process/role.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/role_child.h"

static int home_fd = -1;
static int null_fd = -1;

enum rb_err
role_home(void)
{
	char path[PATH_MAX];
	char *slash;
	ssize_t len;

	if (home_fd >= 0)
		return RB_OK;
	len = readlink("/proc/self/exe", path, sizeof(path) - 1);
	if (len < 0)
		return RB_EIO;
	path[len] = '\0';
	slash = strrchr(path, '/');
	if (slash == NULL)
		return RB_EIO;
	slash[1] = '\0';
	/* Opened now: a jail may not find it again. */
	if (null_fd < 0)
		null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);
	if (null_fd < 0)
		return RB_EIO;
	home_fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
	return home_fd < 0 ? RB_EIO : RB_OK;
}

int
role_home_fd(void)
{
	return home_fd;
}

void
role_home_forget(void)
{
	fd_close(&home_fd);
}

/* argv of the new program: owned array, borrowed texts. */
static enum rb_err
argv_make(const struct role_start *start, const char ***out)
{
	const char **argv;
	size_t n = 0;

	while (start->args != NULL && start->args[n] != NULL)
		n++;
	argv = calloc(n + 2, sizeof(*argv));
	if (argv == NULL)
		return RB_ENOMEM;
	argv[0] = start->program;
	if (n != 0)
		memcpy(argv + 1, start->args, n * sizeof(*argv));
	*out = argv;
	return RB_OK;
}

/* Whether the program runs: its exec closed the other end unwritten. */
static enum rb_err
report_read(int fd, const char *program)
{
	struct child_report report;
	ssize_t r;

	memset(&report, 0, sizeof(report));
	do
		r = read(fd, &report, sizeof(report));
	while (r < 0 && errno == EINTR);
	if (r == 0)
		return RB_OK;
	if (r == (ssize_t)sizeof(report)) {
		report.step[sizeof(report.step) - 1] = '\0';
		note(NOTE_ERROR, "cannot start %s: %s: %s", program,
		    report.step, strerror(report.error));
	}
	return RB_EIO;
}

/*
 * No handler of ours may run in the child: all signals wait until it has
 * reset them.
 */
static pid_t
fork_quietly(const struct child *child)
{
	sigset_t all, before;
	pid_t pid;

	sigfillset(&all);
	if (pthread_sigmask(SIG_SETMASK, &all, &before) != 0)
		return -1;
	pid = fork();
	if (pid == 0)
		child_run(child);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

static enum rb_err
start_child(struct child *child, struct role *role)
{
	enum rb_err rc = RB_EINTERNAL;
	int report[2] = { -1, -1 };

	if (pipe2(report, O_CLOEXEC) != 0) {
		rc = RB_EIO;
		goto out;
	}
	child->report = report[1];
	child->parent = getpid();
	role->pid = fork_quietly(child);
	if (role->pid < 0) {
		role->pid = -1;
		note(NOTE_ERROR, "cannot start %s: fork: %s", child->argv[0],
		    strerror(errno));
		rc = RB_EIO;
		goto out;
	}
	fd_close(&report[1]);
	role->pidfd = pidfd_open(role->pid, 0);
	if (role->pidfd < 0) {
		rc = RB_EIO;
		goto out;
	}
	rc = report_read(report[0], child->argv[0]);
out:
	fd_close(&report[0]);
	fd_close(&report[1]);
	return rc;
}

/* What both kinds of program share. */
static enum rb_err
child_fill(const struct role_start *start, struct child *child)
{
	if (home_fd < 0 || start->nfds > ROLE_FDS_MAX)
		return RB_EINTERNAL;
	/* Half a change of identity is none. */
	if ((start->uid == ROLE_SAME_ID) != (start->gid == ROLE_SAME_ID))
		return RB_EINTERNAL;
	child->start = start;
	child->null = null_fd;
	child->home = home_fd;
	return argv_make(start, &child->argv);
}

enum rb_err
role_spawn(const struct role_start *start, struct role *out)
{
	struct child child = CHILD_INIT;
	struct role role = ROLE_INIT;
	enum rb_err rc = RB_EINTERNAL;
	int pair[2] = { -1, -1 };

	if (strchr(start->program, '/') != NULL)
		return RB_EINTERNAL;
	if ((rc = child_fill(start, &child)) != RB_OK)
		goto out;
	child.sock = start->sock;
	if (start->sock < 0) {
		if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			pair) != 0) {
			rc = RB_EIO;
			goto out;
		}
		child.sock = pair[1];
	}
	if ((rc = start_child(&child, &role)) != RB_OK)
		goto out;

	role.fd = pair[0];
	pair[0] = -1; /* now the role's */
	*out = role;
	role = (struct role)ROLE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	fd_close(&pair[0]);
	fd_close(&pair[1]);
	role_clear(&role);
	free(child.argv);
	return rc;
}

enum rb_err
role_spawn_foreign(const struct role_start *start, const struct jail *jail,
    struct role *out)
{
	struct jail_plan plan = JAIL_PLAN_INIT;
	struct child child = CHILD_INIT;
	struct role role = ROLE_INIT;
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (start->program[0] != '/')
		return RB_EINTERNAL;
	if ((rc = jail_plan_make(jail, JAIL_EXEC, &plan, &why)) != RB_OK) {
		note(NOTE_ERROR, "cannot start %s: %s", start->program,
		    why.text);
		goto out;
	}
	if ((rc = child_fill(start, &child)) != RB_OK)
		goto out;
	child.jail = &plan;
	if ((rc = start_child(&child, &role)) != RB_OK)
		goto out;

	*out = role;
	role = (struct role)ROLE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	role_clear(&role);
	free(child.argv);
	jail_plan_clear(&plan);
	return rc;
}

static int64_t
now_ms(void)
{
	struct timespec t = { 0, 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &t);
	return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* Whether it ended before the time was up. */
static bool
ended_within(int pidfd, unsigned int seconds)
{
	struct pollfd p = { pidfd, POLLIN, 0 };
	int64_t end = now_ms() + (int64_t)seconds * 1000;

	for (;;) {
		int64_t left = end - now_ms();
		int r;

		left = left < 0 ? 0 : left > INT_MAX ? INT_MAX : left;
		r = poll(&p, 1, (int)left);
		if (r > 0)
			return true;
		if ((r == 0 && left < INT_MAX) || (r < 0 && errno != EINTR))
			return false;
	}
}

static enum rb_err
reap(pid_t pid, int *status)
{
	int value = 0;
	pid_t r;

	do
		r = waitpid(pid, &value, 0);
	while (r < 0 && errno == EINTR);
	if (r != pid)
		return RB_EIO;
	if (status != NULL)
		*status = value;
	return RB_OK;
}

enum rb_err
role_wait(struct role *r, unsigned int seconds, int *status)
{
	enum rb_err rc = RB_EINTERNAL;
	bool in_time;

	if (r->pid < 0)
		return RB_EINTERNAL;
	fd_close(&r->fd);
	in_time = seconds != 0 && ended_within(r->pidfd, seconds);
	/* Not reaped yet: the number is still this process's. */
	if (!in_time)
		(void)kill(r->pid, SIGKILL);
	rc = reap(r->pid, in_time ? status : NULL);
	r->pid = -1;
	fd_close(&r->pidfd);
	return rc == RB_OK && !in_time ? RB_ETIME : rc;
}

void
role_clear(struct role *r)
{
	fd_close(&r->fd);
	if (r->pid >= 0) {
		(void)kill(r->pid, SIGKILL);
		(void)reap(r->pid, NULL);
		r->pid = -1;
	}
	fd_close(&r->pidfd);
}

static const struct duty *
duty_find(const struct duty *duties, size_t n, uint16_t type,
    unsigned int state)
{
	size_t i;

	for (i = 0; i < n; i++) {
		if (duties[i].type == type && state < 32 &&
		    (duties[i].states & STATE(state)) != 0)
			return &duties[i];
	}
	return NULL;
}

int
role_serve(int sock, const struct duty *duties, size_t n, void *self)
{
	const struct duty *duty;
	unsigned int state = 0;
	struct msg question;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, 0);
	for (;;) {
		rc = msg_recv(sock, &question);
		if (rc == RB_EPEER) {
			rc = RB_OK;
			break;
		}
		if (rc != RB_OK) {
			note(NOTE_ERROR, "cannot read a frame: %s",
			    err_name(rc));
			break;
		}
		duty = duty_find(duties, n, question.type, state);
		if (duty == NULL) {
			note(NOTE_ALARM,
			    "frame 0x%04x is no duty of mine in state %u",
			    question.type, state);
			rc = RB_EREFUSED;
			break;
		}
		rc = duty->answer(self, &state, sock, &question);
		if (rc != RB_OK) {
			note(NOTE_ERROR, "cannot answer frame 0x%04x: %s",
			    question.type, err_name(rc));
			break;
		}
		msg_clear(&question);
	}
	msg_clear(&question);
	return rc == RB_OK ? 0 : 1;
}
