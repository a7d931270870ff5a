/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_INJECT_H
#define TESTS_FLOW_INJECT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <sys/user.h>

/*
 * A process that is not ours makes system calls that we choose: what someone
 * could do who runs his own code in it.  By ptrace(2), as root, x86-64 only.
 */
struct inject {
	pid_t pid;
	struct user_regs_struct before; /* to go on with, as if untouched */
	unsigned long long site;        /* a syscall instruction */
	size_t used;                    /* of the memory for inject_put */
	bool at_entry, is_touched, is_held, is_gone;
	int status; /* as waitpid(2) gave it, when gone */
};

#define INJECT_ARGS 6
#define INJECT_ROOM 2048
/* In place of a result: the process died of the call. */
#define INJECT_KILLED LONG_MIN      /* by its filter (SIGSYS) */
#define INJECT_ENDED (LONG_MIN + 1) /* in another way */

/*
 * Stops the process once it is in, or comes to, system call `call`.  False
 * when it ended before.
 */
bool inject_open(struct inject *i, pid_t pid, long call);
/* A copy in its memory, there until the next call; its address. */
long inject_put(struct inject *i, const void *p, size_t len);
long inject_put_text(struct inject *i, const char *text);
/* The result or a negative errno, as the kernel gives it. */
long inject_call(struct inject *i, long call, const long args[INJECT_ARGS]);
/* Lets it go on where it was. */
void inject_close(struct inject *i);

#endif
