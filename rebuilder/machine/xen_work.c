/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/xen_work.h"

#include "common/base/file.h"
#include "common/base/note.h"
#include "rebuilder/machine/warden.h"

/* Beyond the machine's own time: to call it off, stop it, destroy it. */
#define ENDING_MS 75000
#define REMOVING_MS 60000

static void
work_domain(void *context, int watch, void *out)
{
	struct xen_work *w = context;
	struct xen_report *report = out;
	struct xen x = XEN_INIT;

	report->end = XEN_END_UNMADE;
	if (xen_open(&x, &report->why) != RB_OK) {
		/* So there is no domain either. */
		xen_mark_remove(w->mark);
		return;
	}
	if (xen_marks_clean(&x, w->mark->dir, &report->why) == RB_OK)
		report->rc = xen_domain_run(&x, &w->plan, watch, &w->log,
		    w->log_max, w->deadline, &report->end, &report->why);
	/* Here: the other side may be dead. */
	if (report->rc == RB_OK)
		xen_mark_remove(w->mark);
	xen_close(&x);
}

static void
work_remove(void *context, int watch, void *out)
{
	struct xen_work *w = context;
	struct xen_report *report = out;
	struct xen x = XEN_INIT;

	(void)watch;
	if ((report->rc = xen_open(&x, &report->why)) != RB_OK)
		return;
	report->rc = xen_remove(&x, w->mark->domain, w->mark->uuid,
	    &report->why);
	if (report->rc == RB_OK)
		xen_mark_remove(w->mark);
	xen_close(&x);
}

/* A second try, by a process that knows nothing of the first. */
static enum rb_err
remove_domain(struct xen_work *w, struct fault *why)
{
	struct warden_work warden = { work_remove, w, -1,
		clock_now() + REMOVING_MS, 0 };
	struct xen_report report = XEN_REPORT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = warden_run(&warden, &report, sizeof(report), why)) != RB_OK)
		return rc;
	if (report.rc != RB_OK)
		*why = report.why;
	return report.rc;
}

enum rb_err
xen_work_run(struct xen_work *w, int watch, struct xen_report *out,
    struct fault *why)
{
	struct warden_work warden = { work_domain, w, watch,
		w->deadline + ENDING_MS, ENDING_MS };
	struct xen_report report = XEN_REPORT_INIT;
	struct fault left = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	rc = warden_run(&warden, &report, sizeof(report), &report.why);
	fd_close(&w->log);
	if (rc != RB_OK)
		report.end = XEN_END_UNMADE;
	if (rc != RB_OK || report.rc != RB_OK)
		note(NOTE_ERROR, "Xen: %s", report.why.text);
	if ((rc != RB_OK || report.rc != RB_OK) &&
	    (rc = remove_domain(w, &left)) != RB_OK)
		return fault_set(why, rc,
		    "the domain %s could not be destroyed; the next machine "
		    "tries again (%s)",
		    w->mark->domain, left.text);
	*out = report;
	return RB_OK;
}
