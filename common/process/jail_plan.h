/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_PROCESS_JAIL_PLAN_H
#define RB_PROCESS_JAIL_PLAN_H

#include <stdbool.h>

#include <linux/filter.h>

#include "common/base/buf.h"
#include "common/process/jail.h"

/*
 * For jail and role alone.  A jail is made in two halves: `plan` does all
 * that allocates or may fail for a wrong argument; `enter` is system calls
 * only, so that it may run between fork and exec of a threaded process.
 */
struct jail_plan {
	unsigned int allow;
	bool has_namespaces; /* all but the user's: of the jail around it */
	uint64_t memory, files, file_max, cpu;
	int ruleset;        /* owned: Landlock */
	struct buf filter;  /* owned: seccomp, an array of sock_filter */
};

#define JAIL_PLAN_INIT { 0, false, 0, 0, 0, 0, -1, BUF_INIT }

/* JAIL_EXEC: an execve right behind `enter` is part of the plan. */
#define JAIL_EXEC (1u << 31)

/* Whether such a jail finds files by name at all. */
static inline bool
jail_has_names(unsigned int allow)
{
	return (allow & (JAIL_FILES | JAIL_SPAWN | JAIL_EXEC)) != 0;
}

void jail_plan_clear(struct jail_plan *p);
enum rb_err jail_plan_make(const struct jail *jail, unsigned int more,
    struct jail_plan *out, struct fault *why) RB_CHECK;
/* NULL, or the part that failed, with errno.  Async-signal-safe. */
const char *jail_plan_enter(const struct jail_plan *p) RB_CHECK;

/* Parts of jail_plan_make. */
enum rb_err jail_paths_make(const struct jail *jail, unsigned int allow,
    int *ruleset, struct fault *why) RB_CHECK;
enum rb_err jail_calls_make(unsigned int allow, struct buf *filter,
    struct fault *why) RB_CHECK;

#endif
