/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SANDBOX_H
#define RB_REBUILDER_SANDBOX_H

#include <sys/types.h>

#include "rebuilder/machine/cgroup.h"

/*
 * One program in namespaces of its own: no network, no process and no file
 * but those named here, root among SUBIDS_COUNT ids that are nobody's on
 * the host.
 *
 * Its world is made in two steps.  First, still as the host's root,
 * a stage: a mount namespace that holds nothing of the host but /usr, what
 * belongs to /usr in /etc, six device nodes, /proc, and the layer; all but
 * /proc read only.  Then, in a user namespace where root owns none of this,
 * bubblewrap makes the final one out of the stage.  Mounts of the stage
 * are locked there: nobody inside can make them writable or look below
 * them, and a fault of bubblewrap could show no more than the stage holds.
 */
struct sandbox {
	const char *stage;    /* an empty directory, used as mount point */
	const char *layer;    /* appears as /layer; NULL: none */
	bool may_write_layer; /* only for making the layer itself */
	uint64_t disk;        /* size of /scratch; 0: there is none */
	uint32_t uid, gid;    /* first subordinate ids */
	const struct cgroup *cgroup;
	const char *const *command; /* NULL-terminated */
	int init;             /* file that appears as /init; -1: none */
	int in, out, log;     /* become 0, 1, 2 */
	int log_too;          /* the log becomes this as well; 0: no */
	const int *kept;      /* stay open, at their own numbers */
	size_t nkept;
	bool has_kvm;         /* /dev/kvm is there */
	bool is_powerless;    /* no capabilities, even inside */
};

/*
 * Starts it.  `pid` is bubblewrap, a child of ours; when it has ended, so
 * has everything that ran inside.  From `report` one reads, after the end,
 * whether the command was run at all: sandbox_has_run.
 */
enum rb_err sandbox_start(const struct sandbox *s, pid_t *pid, int *report,
    struct fault *why) RB_CHECK;

/* False: bubblewrap could not make the sandbox; it says why in the log. */
enum rb_err sandbox_has_run(int report, bool *out) RB_CHECK;

#endif
