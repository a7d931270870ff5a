/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The process that records: who made which call, when it is through. */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/signalfd.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include "tests/flow/tape_call.h"

#define THREADS_MAX 512
#define OPTIONS \
	(PTRACE_O_TRACESYSGOOD | PTRACE_O_TRACEFORK | PTRACE_O_TRACEVFORK | \
	    PTRACE_O_TRACECLONE | PTRACE_O_TRACEEXEC)

struct thread {
	pid_t pid; /* 0: free */
	bool is_recorded, is_shell, is_in_call;
	char program[TAPE_NAME_MAX];
	struct call call;
};

static struct thread threads[THREADS_MAX];

static void
find_program(const struct tape *t, struct thread *th)
{
	char path[64], exe[4096];
	const char *name;
	ssize_t len;
	size_t i;

	th->is_recorded = false;
	(void)snprintf(path, sizeof(path), "/proc/%d/exe", (int)th->pid);
	if ((len = readlink(path, exe, sizeof(exe) - 1)) < 0)
		return;
	exe[len] = '\0';
	name = strrchr(exe, '/') + 1;
	th->is_shell = strcmp(name, "dash") == 0 || strcmp(name, "bash") == 0;
	for (i = 0; t->programs[i] != NULL; i++) {
		if (strcmp(name, t->programs[i]) == 0) {
			th->is_recorded = true;
			(void)snprintf(th->program, sizeof(th->program), "%s",
			    t->programs[i]);
		}
	}
}

static struct thread *
find_thread(const struct tape *t, pid_t pid)
{
	struct thread *th = NULL;
	size_t i;

	for (i = 0; i < THREADS_MAX; i++) {
		if (threads[i].pid == pid)
			return &threads[i];
		if (threads[i].pid == 0 && th == NULL)
			th = &threads[i];
	}
	if (th == NULL)
		abort();
	memset(th, 0, sizeof(*th));
	th->pid = pid;
	find_program(t, th);
	return th;
}

static void
see_call(struct tape *t, struct thread *th)
{
	struct __ptrace_syscall_info info;
	size_t i;

	memset(&info, 0, sizeof(info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, th->pid, (void *)sizeof(info),
		&info) == -1)
		return;
	if (info.op == PTRACE_SYSCALL_INFO_ENTRY) {
		th->is_in_call = true;
		th->call.pid = th->pid;
		th->call.program = th->program;
		th->call.number = (long)info.entry.nr;
		for (i = 0; i < CALL_ARGS; i++)
			th->call.args[i] = info.entry.args[i];
		call_trouble(t, &th->call);
		return;
	}
	if (info.op != PTRACE_SYSCALL_INFO_EXIT || !th->is_in_call)
		return;
	th->is_in_call = false;
	th->call.result = info.exit.rval;
	if (th->call.error != 0) {
		(void)ptrace(PTRACE_POKEUSER, th->pid,
		    (void *)offsetof(struct user_regs_struct, rax),
		    (void *)(long)-th->call.error);
	} else if (!info.exit.is_error) {
		call_clock(t, &th->call);
		call_record(t, &th->call);
	}
}

static bool
is_group_stop(int status)
{
	int sig = WSTOPSIG(status);

	return status >> 16 == PTRACE_EVENT_STOP &&
	    (sig == SIGSTOP || sig == SIGTSTP || sig == SIGTTIN ||
		sig == SIGTTOU);
}

static void
see(struct tape *t, pid_t whom, pid_t pid, int status)
{
	struct thread *th = find_thread(t, pid);
	enum __ptrace_request on = PTRACE_CONT;
	long pass = 0;

	if (!WIFSTOPPED(status)) {
		th->pid = 0;
		return;
	}
	if (is_group_stop(status)) {
		(void)ptrace(PTRACE_LISTEN, pid, NULL, NULL);
		return;
	}
	if (WSTOPSIG(status) == (SIGTRAP | 0x80)) {
		see_call(t, th);
	} else if (status >> 16 == PTRACE_EVENT_EXEC) {
		find_program(t, th);
		/* None of our business; but a shell may start what is. */
		if (!th->is_recorded && !th->is_shell) {
			(void)ptrace(PTRACE_DETACH, pid, NULL, NULL);
			th->pid = 0;
			return;
		}
		if (th->is_recorded && t->shared->has_clock)
			call_hide_clock(pid);
	} else if (status >> 16 == 0) {
		pass = WSTOPSIG(status);
	}
	if (th->is_recorded && pid != whom)
		on = PTRACE_SYSCALL;
	/* Whoever was killed meanwhile is seen to have ended. */
	(void)ptrace(on, pid, NULL, (void *)pass);
}

_Noreturn void
tape_record(struct tape *t, pid_t whom, int stop, int ready)
{
	struct signalfd_siginfo info;
	struct pollfd p[2];
	sigset_t child;
	pid_t pid;
	int status;

	sigemptyset(&child);
	sigaddset(&child, SIGCHLD);
	(void)sigprocmask(SIG_BLOCK, &child, NULL);
	p[0] = (struct pollfd){ stop, POLLIN, 0 };
	p[1] = (struct pollfd){ signalfd(-1, &child, SFD_NONBLOCK), POLLIN, 0 };
	call_begin(t);
	if (p[1].fd == -1 ||
	    ptrace(PTRACE_SEIZE, whom, NULL, (void *)(long)OPTIONS) == -1 ||
	    write(ready, "r", 1) != 1) {
		perror("tape");
		_exit(1);
	}
	for (;;) {
		while ((pid = waitpid(-1, &status, __WALL | WNOHANG)) > 0)
			see(t, whom, pid, status);
		if (poll(p, 2, -1) == -1 && errno != EINTR)
			_exit(1);
		while (read(p[1].fd, &info, sizeof(info)) > 0)
			;
		if (p[0].revents != 0)
			_exit(0);
	}
}
