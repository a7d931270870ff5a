/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_CGROUP_H
#define RB_REBUILDER_CGROUP_H

#include "common/base/buf.h"

/*
 * The control group of one run: bounds what its processes use together, and
 * finds every one of them when they are to end.
 */
#define CGROUP_ROOT "/sys/fs/cgroup"

/* `cpu` comes last: it alone may be missing. */
enum cgroup_controller { CGROUP_MEMORY, CGROUP_PIDS, CGROUP_CPU };
#define CGROUP_CONTROLLERS 3

/*
 * In which directory a group is made, for each controller.  In version 2
 * that is one directory: the nearest group, from our own upwards, that
 * hands memory and pids to its children (systemd: Delegate=).  In version 1
 * it is the root of each controller.
 */
struct cgroup_place {
	bool is_v2;
	char *dirs[CGROUP_CONTROLLERS]; /* owned; NULL: no such controller;
	                                 * version 2: only the first is set */
	bool has_cpu;
};

#define CGROUP_PLACE_INIT { false, { NULL, NULL, NULL }, false }

/*
 * `self` is the text of /proc/self/cgroup.  RB_ENOTFOUND when memory or
 * pids cannot be bounded here; the fault says what to do about it.
 */
enum rb_err cgroup_place_find(const char *root, struct span self,
    struct cgroup_place *out, struct fault *why) RB_CHECK;
void cgroup_place_clear(struct cgroup_place *p);

struct cgroup_limits {
	uint64_t memory;    /* bytes, temporary files and swap included */
	uint64_t processes; /* threads count as such */
	uint64_t cpus;      /* share of time; not bounded without has_cpu */
};

struct cgroup;

/*
 * Makes an empty group; before that, ends and removes the groups of runs
 * whose rebuilder-machine is dead.  A group is alive as long as the process
 * that made it holds its lock.
 */
enum rb_err cgroup_make(const struct cgroup_place *place,
    const struct cgroup_limits *limits, struct cgroup **out, struct fault *why)
    RB_CHECK;
/* Puts the calling process in.  For use after fork: allocates nothing. */
enum rb_err cgroup_enter(const struct cgroup *c) RB_CHECK;
/* Kills all processes in it, and waits until none is left. */
enum rb_err cgroup_kill(const struct cgroup *c) RB_CHECK;
/* How often something was killed for lack of memory; 0 when unknown. */
uint64_t cgroup_oom_kills(const struct cgroup *c);
/* How often a process could not be made. */
uint64_t cgroup_pids_refused(const struct cgroup *c);
/* Kills, removes, frees.  Accepts a pointer to NULL. */
void cgroup_free(struct cgroup **c);

#endif
