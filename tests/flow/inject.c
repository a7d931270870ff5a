/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/inject.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"

/* "syscall", the instruction; rip stands behind it during a call. */
#define SYSCALL_LEN 2
/* Below the stack pointer belongs to leaf functions (x86-64 ABI, 3.2.2). */
#define RED_ZONE 128
/* Of the kernel: results of a call that is to be made again. */
#define ERESTARTSYS 512
#define ERESTART_RESTARTBLOCK 516

#define PATIENCE_S 60
#define LINE_LEN_MAX 4096

/* No test can go on: the tools themselves do not work. */
static _Noreturn void
give_up(const char *what)
{
	perror(what);
	abort();
}

static void
request(const struct inject *i, enum __ptrace_request what, void *data)
{
	if (ptrace(what, i->pid, NULL, data) == -1)
		give_up("ptrace");
}

static void
say_where(pid_t pid)
{
	struct buf text = BUF_INIT;
	char path[64];

	(void)snprintf(path, sizeof(path), "/proc/%d/syscall", (int)pid);
	if (file_read_at(AT_FDCWD, path, LINE_LEN_MAX, &text) == RB_OK)
		fprintf(stderr, "process %d stays in system call %.*s",
		    (int)pid, (int)text.len, (const char *)text.p);
	buf_clear(&text);
}

static void
be_interrupted(int number)
{
	(void)number;
}

static bool
wait_stop(struct inject *i)
{
	const struct sigaction alarmed = { .sa_handler = be_interrupted };
	pid_t pid;

	(void)sigaction(SIGALRM, &alarmed, NULL);
	(void)alarm(PATIENCE_S);
	pid = waitpid(i->pid, &i->status, __WALL);
	(void)alarm(0);
	if (pid == -1 && errno == EINTR)
		say_where(i->pid);
	if (pid != i->pid)
		give_up("waitpid");
	i->is_gone = !WIFSTOPPED(i->status);
	i->is_held = !i->is_gone;
	return i->is_held;
}

/* On to the next side of a system call; false when it ended. */
static bool
step(struct inject *i)
{
	long pass = 0;

	for (;;) {
		request(i, PTRACE_SYSCALL, (void *)pass);
		if (!wait_stop(i))
			return false;
		if (WSTOPSIG(i->status) == (SIGTRAP | 0x80))
			return true;
		/* A stop with an event is nothing sent; a signal goes on. */
		pass = i->status >> 16 != 0 ? 0 : WSTOPSIG(i->status);
	}
}

static bool
is_entry_of(const struct inject *i, long call)
{
	struct __ptrace_syscall_info info;

	memset(&info, 0, sizeof(info));
	if (ptrace(PTRACE_GET_SYSCALL_INFO, i->pid, (void *)sizeof(info),
		&info) == -1)
		give_up("ptrace: system call");
	return info.op == PTRACE_SYSCALL_INFO_ENTRY &&
	    info.entry.nr == (unsigned long long)call;
}

/* Whether the stop broke off a call, which is then to be made again. */
static bool
is_restarted(const struct user_regs_struct *r)
{
	long result = (long)r->rax;

	return result <= -ERESTARTSYS && result >= -ERESTART_RESTARTBLOCK;
}

/* One that was broken off before goes on as restart_syscall(2). */
static bool
is_within(const struct user_regs_struct *r, long call)
{
	long at = (long)r->orig_rax;

	return (at == call || at == SYS_restart_syscall) &&
	    (is_restarted(r) || (long)r->rax == -EINTR);
}

bool
inject_open(struct inject *i, pid_t pid, long call)
{
	struct user_regs_struct *r = &i->before;

	memset(i, 0, sizeof(*i));
	i->pid = pid;
	if (ptrace(PTRACE_SEIZE, pid, NULL,
		(void *)(long)PTRACE_O_TRACESYSGOOD) == -1)
		return false;
	if (ptrace(PTRACE_INTERRUPT, pid, NULL, NULL) == -1 || !wait_stop(i))
		return false;
	request(i, PTRACE_GETREGS, r);
	if (!is_within(r, call)) {
		do {
			if (!step(i))
				return false;
		} while (!is_entry_of(i, call));
		i->at_entry = true;
		request(i, PTRACE_GETREGS, r);
	}
	i->site = r->rip - SYSCALL_LEN;
	if (i->at_entry || is_restarted(r)) {
		r->rip = i->site;
		r->rax = r->orig_rax;
	}
	r->orig_rax = (unsigned long long)-1; /* nothing left to restart */
	return true;
}

long
inject_put(struct inject *i, const void *p, size_t len)
{
	unsigned long long at = i->before.rsp - RED_ZONE - INJECT_ROOM;
	struct iovec from = { (void *)(uintptr_t)p, len }, to;

	if (len > INJECT_ROOM - i->used)
		give_up("inject_put: too much");
	at += i->used;
	to = (struct iovec){ (void *)at, len };
	if (process_vm_writev(i->pid, &from, 1, &to, 1, 0) != (ssize_t)len)
		give_up("process_vm_writev");
	i->used += (len + 15) & ~(size_t)15;
	return (long)at;
}

long
inject_put_text(struct inject *i, const char *text)
{
	return inject_put(i, text, strlen(text) + 1);
}

static long
end_of(const struct inject *i)
{
	return WIFSIGNALED(i->status) && WTERMSIG(i->status) == SIGSYS ?
	    INJECT_KILLED :
	    INJECT_ENDED;
}

/* To the entry of a call that exists: there it can become another. */
static bool
enter(struct inject *i)
{
	struct user_regs_struct r = i->before;

	r.rip = i->site;
	r.rax = SYS_getpid;
	request(i, PTRACE_SETREGS, &r);
	i->at_entry = step(i);
	return i->at_entry;
}

long
inject_call(struct inject *i, long call, const long args[INJECT_ARGS])
{
	struct user_regs_struct r;
	long result;

	if (!i->is_held)
		return INJECT_ENDED;
	i->is_touched = true;
	i->used = 0;
	if (!i->at_entry && !enter(i))
		return end_of(i);
	request(i, PTRACE_GETREGS, &r);
	r.orig_rax = (unsigned long long)call;
	r.rdi = (unsigned long long)args[0];
	r.rsi = (unsigned long long)args[1];
	r.rdx = (unsigned long long)args[2];
	r.r10 = (unsigned long long)args[3];
	r.r8 = (unsigned long long)args[4];
	r.r9 = (unsigned long long)args[5];
	request(i, PTRACE_SETREGS, &r);
	/* The filter looks now, at what stands in the registers. */
	if (!step(i))
		return end_of(i);
	request(i, PTRACE_GETREGS, &r);
	result = (long)r.rax;
	/* Who was sentenced dies on the way back to its own code. */
	return enter(i) ? result : end_of(i);
}

void
inject_close(struct inject *i)
{
	if (!i->is_held)
		return;
	if (i->is_touched) {
		if (i->at_entry && !step(i))
			return;
		request(i, PTRACE_SETREGS, &i->before);
	}
	request(i, PTRACE_DETACH, NULL);
	i->is_held = false;
}
