/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_XEN_MARKS_H
#define RB_REBUILDER_XEN_MARKS_H

#include "rebuilder/machine/xen_domain.h"

/*
 * Which domains may exist: machine/xen/<uuid>, an empty file, from before
 * its domain is made until after it is destroyed, locked by the processes
 * that look after it.  What is not locked was left by somebody who was
 * killed.
 */
#define XEN_UUID_TEXT_LEN 36

struct xen_mark {
	int dir; /* owned: machine/xen */
	int fd;  /* owned: the file, locked */
	uint8_t uuid[XEN_UUID_LEN];
	char name[XEN_UUID_TEXT_LEN + 1];
	/* Of the domain: the prefix and the above. */
	char domain[sizeof(XEN_NAME_PREFIX) + XEN_UUID_TEXT_LEN];
};

#define XEN_MARK_INIT { .dir = -1, .fd = -1 }

/* A fresh UUID, and its mark in the directory `path`, which is made. */
enum rb_err xen_mark_make(struct xen_mark *m, const char *path,
    struct fault *why) RB_CHECK;
/* Removes it: its domain is gone. */
void xen_mark_remove(struct xen_mark *m);
/* Leaves it to whoever comes next. */
void xen_mark_clear(struct xen_mark *m);

/*
 * Destroys the domains of all marks that nobody has locked.  One that
 * resists is noted and passed over.
 */
enum rb_err xen_marks_clean(struct xen *x, int dir, struct fault *why) RB_CHECK;

#endif
