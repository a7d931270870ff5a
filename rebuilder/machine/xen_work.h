/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_XEN_WORK_H
#define RB_REBUILDER_XEN_WORK_H

#include "rebuilder/machine/xen_marks.h"

/*
 * All that is done through libxenlight, in a process of its own: it may wait
 * for ever, end its process, and reaps every child of it.  That process is
 * killed when it takes too long, and another one then removes what it left.
 */
struct xen_work {
	struct xen_mark *mark; /* borrowed; removed with the domain */
	struct xen_plan plan;
	int log;               /* owned */
	uint64_t log_max;
	int64_t deadline;      /* of the machine */
};

struct xen_report {
	enum rb_err rc; /* RB_OK: the domain is gone */
	enum xen_end end;
	struct fault why;
};

#define XEN_REPORT_INIT { RB_EINTERNAL, XEN_END_UNMADE, FAULT_INIT }

/*
 * Removes domains that were left, makes this one, and waits for its end.
 * RB_OK: nothing of it is left.  Its mark stays otherwise.
 */
enum rb_err xen_work_run(struct xen_work *w, int watch, struct xen_report *out,
    struct fault *why) RB_CHECK;

#endif
