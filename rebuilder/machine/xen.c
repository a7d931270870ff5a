/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/xen.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/time.h>

#include <libxl_event.h>

#include "common/base/note.h"

/* libxenlight has about ten: xenstore, a child or two, event channels. */
#define XEN_FDS_MAX 64
#define OUR_FDS 2

static __attribute__((format(printf, 5, 0))) void
words_put(xentoollog_logger *logger, xentoollog_level level, int error,
    const char *context, const char *format, va_list args)
{
	struct xen_words *words = (struct xen_words *)logger;
	char text[FAULT_MAX];

	if (level < XTL_WARN || words->is_muted)
		return;
	if (vsnprintf(text, sizeof(text), format, args) < 0)
		text[0] = '\0';
	note(NOTE_WARN, "%s: %s%s%s", context != NULL ? context : "libxl", text,
	    error > 0 ? ": " : "", error > 0 ? strerror(error) : "");
	/* Inner functions speak before outer ones, and know more. */
	if (level >= XTL_ERROR && words->first.text[0] == '\0')
		(void)fault_set(&words->first, RB_OK, "%s", text);
}

static void
words_progress(xentoollog_logger *logger, const char *context, const char *what,
    int percent, unsigned long done, unsigned long total)
{
	(void)logger;
	(void)context;
	(void)what;
	(void)percent;
	(void)done;
	(void)total;
}

static void
words_destroy(xentoollog_logger *logger)
{
	(void)logger;
}

enum rb_err
xen_fault(const struct xen *x, int r, struct fault *why, const char *what)
{
	const char *said = x->words.first.text;

	return fault_set(why, RB_EIO, "%s (libxenlight %d%s%s)", what, r,
	    said[0] != '\0' ? ": " : "", said);
}

/* Whether hypervisor and library understand each other. */
static enum rb_err
check_version(struct xen *x, struct fault *why)
{
	const libxl_version_info *version = libxl_get_version_info(x->ctx);
	libxl_physinfo info;
	int r, error;

	if (version == NULL)
		return xen_fault(x, 0, why, "Xen does not tell its version");
	libxl_physinfo_init(&info);
	errno = 0;
	r = libxl_get_physinfo(x->ctx, &info);
	error = errno;
	libxl_physinfo_dispose(&info);
	if (r == 0)
		return RB_OK;
	/* What hypercalls answer to a caller of another version. */
	if (error == EACCES)
		return fault_set(why, RB_EREFUSED,
		    "Xen %d.%d runs here, but libxenlight is for another "
		    "version (rebuilder-machine was built with %s): install "
		    "the xen-utils of the Xen that runs, or reboot",
		    version->xen_version_major, version->xen_version_minor,
		    RB_XENLIGHT_VERSION);
	if (error == EPERM)
		return fault_set(why, RB_EREFUSED,
		    "Xen lets this domain make no others: rebuilder-machine "
		    "belongs in dom0");
	return xen_fault(x, r, why, "Xen tells nothing about this computer");
}

enum rb_err
xen_open(struct xen *x, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;
	int r;

	memset(x, 0, sizeof(*x));
	x->words.logger.vmessage = words_put;
	x->words.logger.progress = words_progress;
	x->words.logger.destroy = words_destroy;
	if ((rc = xen_is_there(why)) != RB_OK)
		return rc;
	if ((r = libxl_ctx_alloc(&x->ctx, LIBXL_VERSION, 0,
		 &x->words.logger)) != 0) {
		x->ctx = NULL;
		return xen_fault(x, r, why,
		    "cannot speak with Xen: do xenstored and xenconsoled run?");
	}
	if ((rc = check_version(x, why)) != RB_OK)
		xen_close(x);
	return rc;
}

void
xen_close(struct xen *x)
{
	if (x->ctx != NULL)
		(void)libxl_ctx_free(x->ctx);
	x->ctx = NULL;
}

/* One event that libxl has ready.  RB_ENOTFOUND: none. */
static enum rb_err
take_event(struct xen *x, struct xen_news *out)
{
	libxl_event *event = NULL;
	struct xen_news news = { XEN_FINISHED, 0, 0 };
	bool is_ours = true;
	int r;

	do {
		r = libxl_event_check(x->ctx, &event, LIBXL_EVENTMASK_ALL, NULL,
		    NULL);
		if (r == ERROR_NOT_READY)
			return RB_ENOTFOUND;
		if (r != 0)
			return RB_EIO;
		is_ours = true;
		if (event->type == LIBXL_EVENT_TYPE_OPERATION_COMPLETE) {
			news.what = XEN_FINISHED;
			news.number = event->for_user;
			news.value = event->u.operation_complete.rc;
		} else if (event->type == LIBXL_EVENT_TYPE_DOMAIN_SHUTDOWN) {
			news.what = XEN_SHUTDOWN;
			news.value = event->u.domain_shutdown.shutdown_reason;
		} else if (event->type == LIBXL_EVENT_TYPE_DOMAIN_DEATH) {
			news.what = XEN_DEATH;
		} else {
			is_ours = false;
		}
		libxl_event_free(x->ctx, event);
	} while (!is_ours);
	*out = news;
	return RB_OK;
}

/* A console whose other end is gone has ended; that is no failure. */
static enum rb_err
step_log(struct relay *log)
{
	enum rb_err rc = relay_step(log);

	if (rc == RB_EIO && errno == EIO && log->len == 0) {
		relay_clear(log);
		return RB_OK;
	}
	return rc;
}

/* Sleeps until something is to be done.  RB_ENOTFOUND: libxl may have news. */
static enum rb_err
sleep_once(struct xen *x, const struct xen_ear *ear, struct xen_news *out)
{
	struct pollfd fds[OUR_FDS + XEN_FDS_MAX];
	struct timeval now;
	int64_t left = ear->until - clock_now();
	int n = XEN_FDS_MAX, timeout;
	enum rb_err rc = RB_EINTERNAL;

	if (left <= 0) {
		out->what = XEN_LATE;
		return RB_OK;
	}
	timeout = left > INT_MAX ? INT_MAX : (int)left;
	fds[0] = (struct pollfd){ ear->watch, POLLIN, 0 };
	fds[1] = (struct pollfd){ -1, 0, 0 };
	if (ear->log != NULL)
		fds[1] = relay_pollfd(ear->log);
	(void)gettimeofday(&now, NULL);
	if (libxl_osevent_beforepoll(x->ctx, &n, fds + OUR_FDS, &timeout,
		now) != 0)
		return RB_EIO;
	if (poll(fds, (nfds_t)(OUR_FDS + n), timeout) < 0)
		return errno == EINTR ? RB_ENOTFOUND : RB_EIO;
	(void)gettimeofday(&now, NULL);
	libxl_osevent_afterpoll(x->ctx, n, fds + OUR_FDS, now);
	if (fds[0].revents != 0) {
		out->what = XEN_ALONE;
		return RB_OK;
	}
	if (ear->log == NULL || fds[1].revents == 0)
		return RB_ENOTFOUND;
	if ((rc = step_log(ear->log)) == RB_OK)
		return RB_ENOTFOUND;
	out->what = rc == RB_ELIMIT ? XEN_LOG_FULL : XEN_LOG_LOST;
	return RB_OK;
}

enum rb_err
xen_wait(struct xen *x, const struct xen_ear *ear, struct xen_news *out)
{
	enum rb_err rc = RB_EINTERNAL;

	do {
		if ((rc = take_event(x, out)) == RB_ENOTFOUND)
			rc = sleep_once(x, ear, out);
	} while (rc == RB_ENOTFOUND);
	return rc;
}

libxl_asyncop_how
xen_how(struct xen *x)
{
	libxl_asyncop_how how;

	memset(&how, 0, sizeof(how));
	how.u.for_event = ++x->operations;
	x->words.first = (struct fault)FAULT_INIT;
	return how;
}

enum rb_err
xen_finish(struct xen *x, const libxl_asyncop_how *how, int64_t until,
    int *value)
{
	const struct xen_ear ear = { -1, NULL, until };
	struct xen_news news = { XEN_LATE, 0, 0 };
	enum rb_err rc = RB_EINTERNAL;

	for (;;) {
		if ((rc = xen_wait(x, &ear, &news)) != RB_OK)
			return rc;
		if (news.what == XEN_LATE)
			return RB_ETIME;
		if (news.what == XEN_FINISHED &&
		    news.number == how->u.for_event) {
			*value = news.value;
			return RB_OK;
		}
	}
}
