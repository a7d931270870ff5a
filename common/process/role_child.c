/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process/role_child.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <signal.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Above every descriptor that the program will see. */
#define LIFTED (ROLE_FIRST_FD + ROLE_FDS_MAX)

static _Noreturn void
fail(int report, const char *step)
{
	struct child_report r;
	ssize_t put;

	memset(&r, 0, sizeof(r));
	r.error = errno;
	memcpy(r.step, step, strnlen(step, sizeof(r.step) - 1));
	put = write(report, &r, sizeof(r));
	(void)put; /* who started us sees the exit status too */
	_exit(127);
}

/* A copy that no target number overwrites, gone at exec. */
static int
lift(int fd, int report)
{
	int lifted = fcntl(fd, F_DUPFD_CLOEXEC, LIFTED);

	if (lifted < 0)
		fail(report, "lift a descriptor (limit of open files)");
	return lifted;
}

static void
lower(int lifted, int target, int report)
{
	/* dup2 leaves the copy open across exec. */
	if (dup2(lifted, target) != target)
		fail(report, "place a descriptor");
}

static void
signals_reset(int report)
{
	struct sigaction action;
	sigset_t none;
	int i;

	memset(&action, 0, sizeof(action));
	action.sa_handler = SIG_DFL;
	/* Those that can't be set (KILL, STOP, the C library's) stay. */
	for (i = 1; i < NSIG; i++)
		(void)sigaction(i, &action, NULL);
	sigemptyset(&none);
	if (sigprocmask(SIG_SETMASK, &none, NULL) != 0)
		fail(report, "reset signals");
}

/* The plain system calls: the C library's would talk to other threads. */
static void
user_become(const struct role_start *start, int report)
{
	if (start->uid == ROLE_SAME_ID)
		return;
	if (syscall(SYS_setgroups, 0, NULL) != 0 ||
	    syscall(SYS_setresgid, start->gid, start->gid, start->gid) != 0 ||
	    syscall(SYS_setresuid, start->uid, start->uid, start->uid) != 0)
		fail(report, "become the user (only root can)");
}

/* Ends with the parent, even if that ended before we could ask for it. */
static void
bind_to_parent(pid_t parent, int report)
{
	/* After the change of user, which forgets it. */
	if (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
		fail(report, "bind to the parent");
	if (getppid() != parent)
		_exit(127);
}

/* `plan` is a copy, whose own descriptor must stay out of the way too. */
static void
plan_lift(const struct jail_plan *from, struct jail_plan *plan, int report)
{
	*plan = *from;
	plan->ruleset = lift(from->ruleset, report);
}

/*
 * Exactly the descriptors of the contract; all others go at exec.  Those
 * that are given may have each other's numbers: first all out of the way,
 * then all in place.
 */
static void
descriptors_place(const struct child *c, int report)
{
	const struct role_start *start = c->start;
	int given[ROLE_FDS_MAX];
	int null, out = -1, sock = -1;
	size_t i;

	null = lift(c->null, report);
	if (start->out >= 0)
		out = lift(start->out, report);
	if (c->sock >= 0)
		sock = lift(c->sock, report);
	for (i = 0; i < start->nfds; i++)
		given[i] = lift(start->fds[i], report);

	lower(null, 0, report);
	lower(out >= 0 ? out : null, 1, report);
	/* A foreign program's words are not our notes. */
	if (c->jail != NULL)
		lower(null, 2, report);
	if (sock >= 0)
		lower(sock, ROLE_SOCKET, report);
	else
		(void)close(ROLE_SOCKET);
	for (i = 0; i < start->nfds; i++)
		lower(given[i], ROLE_FIRST_FD + (int)i, report);
	if (close_range(ROLE_FIRST_FD + (unsigned int)start->nfds, ~0u,
		CLOSE_RANGE_CLOEXEC) != 0)
		fail(report, "close other descriptors");
}

_Noreturn void
child_run(const struct child *c)
{
	static char *const environment[] = { NULL };
	const char *program = c->start->program;
	struct jail_plan plan = JAIL_PLAN_INIT;
	const char *step;
	int report = lift(c->report, c->report);
	int home = lift(c->home, report);

	signals_reset(report);
	if (setsid() < 0 || chdir("/") != 0)
		fail(report, "leave the session");
	(void)umask(077);
	user_become(c->start, report);
	bind_to_parent(c->parent, report);
	if (c->jail != NULL)
		plan_lift(c->jail, &plan, report);
	descriptors_place(c, report);
	if (c->jail != NULL && (step = jail_plan_enter(&plan)) != NULL)
		fail(report, step);
	/* The kernel reads the texts and changes none. */
	(void)syscall(SYS_execveat, home, program, c->argv, environment, 0);
	fail(report, "execute");
}
