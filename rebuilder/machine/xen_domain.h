/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_XEN_DOMAIN_H
#define RB_REBUILDER_XEN_DOMAIN_H

#include "rebuilder/machine/xen.h"

/* Every domain of ours is called this, and its UUID. */
#define XEN_NAME_PREFIX "rebuilder-"
#define XEN_DISKS_MAX 5
#define XEN_UUID_LEN 16

/* What a domain shall be.  All borrowed. */
struct xen_plan {
	const char *name;
	uint8_t uuid[XEN_UUID_LEN];
	bool is_pv; /* PVH otherwise */
	const char *kernel, *initrd, *command_line;
	uint64_t memory; /* bytes */
	uint64_t cpus;
	/* Block devices: xvda, xvdb, ... */
	struct {
		const char *path;
		bool is_writable;
	} disks[XEN_DISKS_MAX];
	size_t ndisks;
	const char *script; /* absolute: connects a disk (xen_block.h) */
	int lock; /* file locked while memory is counted and taken */
};

enum xen_end {
	XEN_END_POWEROFF,
	XEN_END_REBOOT,
	XEN_END_CRASH,
	XEN_END_WATCHDOG,
	XEN_END_OTHER, /* suspended itself, or Xen does not say */
	XEN_END_TAKEN, /* somebody else destroyed it */
	XEN_END_LATE,
	XEN_END_ALONE,
	XEN_END_LOG_FULL,
	XEN_END_LOG_LOST,
	XEN_END_UNMADE, /* it did not come to run; the fault says why */
};

/*
 * Makes it, waits for its end, and destroys it.  Returns RB_OK when nothing
 * of it is left; otherwise the fault says what could not be destroyed, and
 * xen_remove can try again.  `log` takes the console.
 */
enum rb_err xen_domain_run(struct xen *x, const struct xen_plan *plan,
    int watch, int *log, uint64_t log_max, int64_t deadline, enum xen_end *end,
    struct fault *why) RB_CHECK;

/*
 * Destroys the domain with this name and UUID, if there is one.
 */
enum rb_err xen_remove(struct xen *x, const char *name,
    const uint8_t uuid[XEN_UUID_LEN], struct fault *why) RB_CHECK;

#endif
