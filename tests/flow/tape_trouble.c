/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a recorded program is made to suffer. */
#include <elf.h>
#include <errno.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <time.h>

#include "tests/flow/tape_call.h"

static bool
is_of_kind(long number, enum tape_calls calls)
{
	switch (calls) {
	case CALLS_WRITE:
		return number == SYS_write || number == SYS_writev ||
		    number == SYS_pwrite64 || number == SYS_pwritev ||
		    number == SYS_ftruncate;
	case CALLS_SYNC:
		return number == SYS_fsync || number == SYS_fdatasync;
	}
	return false;
}

/* The descriptor is of a file of the stores. */
static bool
is_of_stores(const struct tape *t, const struct call *c)
{
	char path[64];
	struct stat st;
	unsigned int i;

	(void)snprintf(path, sizeof(path), "/proc/%d/fd/%d", (int)c->pid,
	    (int)c->args[0]);
	if (stat(path, &st) != 0)
		return false;
	for (i = 0; i < t->nfiles; i++)
		if (t->files[i].inode == st.st_ino)
			return true;
	return false;
}

static bool
is_due(struct tape_shared *s)
{
	s->seen++;
	if (s->before-- > 0)
		return false;
	return s->more-- > 0;
}

void
call_trouble(struct tape *t, struct call *c)
{
	struct tape_shared *s = t->shared;

	c->error = 0;
	if (pthread_mutex_lock(&s->lock) != 0)
		abort();
	if (strcmp(s->fails, c->program) == 0 &&
	    is_of_kind(c->number, s->calls) && is_of_stores(t, c) &&
	    is_due(s)) {
		c->error = s->error;
		s->failed++;
		/* One that every jail allows, and that does nothing. */
		(void)ptrace(PTRACE_POKEUSER, c->pid,
		    (void *)offsetof(struct user_regs_struct, orig_rax),
		    (void *)(long)SYS_getpid);
	}
	if (pthread_mutex_unlock(&s->lock) != 0)
		abort();
}

/* A word in its memory becomes so much larger. */
static void
add(pid_t pid, unsigned long long at, long more)
{
	long word;

	errno = 0;
	word = ptrace(PTRACE_PEEKDATA, pid, (void *)at, NULL);
	if (errno == 0)
		(void)ptrace(PTRACE_POKEDATA, pid, (void *)at,
		    (void *)(word + more));
}

void
call_clock(struct tape *t, const struct call *c)
{
	long ahead = t->shared->ahead;

	if (ahead == 0)
		return;
	if (c->number == SYS_clock_gettime &&
	    (c->args[0] == CLOCK_REALTIME ||
		c->args[0] == CLOCK_REALTIME_COARSE))
		add(c->pid, c->args[1], ahead);
	if (c->number == SYS_gettimeofday && c->args[0] != 0)
		add(c->pid, c->args[0], ahead);
	if (c->number == SYS_time)
		(void)ptrace(PTRACE_POKEUSER, c->pid,
		    (void *)offsetof(struct user_regs_struct, rax),
		    (void *)(long)(c->result + ahead));
	if (c->number == SYS_time && c->args[0] != 0)
		add(c->pid, c->args[0], ahead);
}

/*
 * On a new stack stand the arguments, the environment and what the kernel
 * says beside; there, the page of its own that tells the time.
 */
void
call_hide_clock(pid_t pid)
{
	struct user_regs_struct r;
	unsigned long long at;
	long word;
	int ends;

	if (ptrace(PTRACE_GETREGS, pid, NULL, &r) == -1)
		return;
	at = r.rsp + sizeof(word);
	for (ends = 0; ends < 2; at += sizeof(word)) {
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, (void *)at, NULL);
		if (word == 0)
			ends++;
		if (errno != 0)
			return;
	}
	for (;; at += 2 * sizeof(word)) {
		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, pid, (void *)at, NULL);
		if (word == AT_NULL || errno != 0)
			return;
		if (word == AT_SYSINFO_EHDR)
			(void)ptrace(PTRACE_POKEDATA, pid, (void *)at,
			    (void *)(long)AT_IGNORE);
	}
}
