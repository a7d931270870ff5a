/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_XEN_H
#define RB_REBUILDER_XEN_H

#define LIBXL_API_VERSION 0x041400
#include <libxl.h>
#include <xentoollog.h>

#include "rebuilder/machine/relay.h"

/*
 * One conversation with Xen, through libxenlight.  It blocks nowhere: every
 * long operation is asynchronous and waited for here, up to a time.
 *
 * libxenlight reaps every child of its process; so this lives in one that
 * has no others (machine_xen.c).
 */

/* What libxenlight says; the first error of an operation is kept. */
struct xen_words {
	xentoollog_logger logger; /* first: it is found by its address */
	bool is_muted;
	struct fault first;
};

struct xen {
	libxl_ctx *ctx; /* owned */
	struct xen_words words;
	uint64_t operations; /* how many were begun: each has a number */
};

#define XEN_INIT { .ctx = NULL }

/*
 * This is dom0 of a Xen, and we may speak with it.  RB_ENOTFOUND,
 * RB_EREFUSED: the fault says what is missing.
 */
enum rb_err xen_is_there(struct fault *why) RB_CHECK;

/*
 * `x` must stay where it is.  The fault tells a Xen of another version from
 * one that refuses us.
 */
enum rb_err xen_open(struct xen *x, struct fault *why) RB_CHECK;
void xen_close(struct xen *x);

/* Sets the fault: the sentence, and what libxenlight said. */
enum rb_err xen_fault(const struct xen *x, int r, struct fault *why,
    const char *what);

/* What to wait for beside Xen.  All borrowed. */
struct xen_ear {
	int watch;         /* any event on it; -1: none */
	struct relay *log; /* moved meanwhile; NULL: none */
	int64_t until;     /* of clock_now */
};

enum xen_what {
	XEN_FINISHED, /* operation `number`, with libxl's code `value` */
	XEN_SHUTDOWN, /* the domain, for the reason `value` */
	XEN_DEATH,    /* the domain is no more */
	XEN_LATE,     /* it is `until` */
	XEN_ALONE,    /* something happened to `watch` */
	XEN_LOG_FULL, /* `log` had more than its limit, which has passed */
	XEN_LOG_LOST, /* `log` could not be written; see errno */
};

struct xen_news {
	enum xen_what what;
	uint64_t number;
	int value;
};

enum rb_err xen_wait(struct xen *x, const struct xen_ear *ear,
    struct xen_news *out) RB_CHECK;

/* For an operation: how it tells us that it is done. */
libxl_asyncop_how xen_how(struct xen *x);
/*
 * Waits until that operation is done, and passes over other news of a
 * domain.  RB_ETIME: it is `until`, and it may go on.
 */
enum rb_err xen_finish(struct xen *x, const libxl_asyncop_how *how,
    int64_t until, int *value) RB_CHECK;

#endif
