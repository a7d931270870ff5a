/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/xen_domain.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include <libxl_event.h>
#include <libxl_utils.h>

#include "common/base/file.h"
#include "rebuilder/machine/xen_budget.h"

/* A create that was called off, a destroy: they take seconds at most. */
#define ABORT_MS 20000
#define DESTROY_MS 45000
/* What a guest gets to stop by itself when its time is over. */
#define STOP_MS 3000
/* xenconsoled makes the terminal a moment after it hears of the domain. */
#define CONSOLE_MS 30000
#define CONSOLE_PAUSE_MS 20
/* The last words are on their way through xenconsoled. */
#define QUIET_MS 50
#define DRAIN_MS 2000
#define KIB 1024

/* One domain while it exists. */
struct domain {
	struct xen *x;
	uint32_t id; /* INVALID_DOMID: none */
	libxl_evgen_domain_death *death; /* owned; NULL: not listened to */
	struct relay log;
	int64_t console_until;
	int watch; /* borrowed */
	int64_t deadline;
};

static enum rb_err
copy(const char *from, char **to)
{
	return (*to = strdup(from)) == NULL ? RB_ENOMEM : RB_OK;
}

static enum rb_err
config_disk(const struct xen_plan *plan, size_t i, libxl_device_disk *d)
{
	const char vdev[] = { 'x', 'v', 'd', (char)('a' + i), '\0' };

	d->format = LIBXL_DISK_FORMAT_RAW;
	d->backend = LIBXL_DISK_BACKEND_PHY;
	d->readwrite = plan->disks[i].is_writable;
	return copy(plan->disks[i].path, &d->pdev_path) == RB_OK &&
		copy(vdev, &d->vdev) == RB_OK &&
		copy(plan->script, &d->script) == RB_OK ?
	    RB_OK :
	    RB_ENOMEM;
}

/* No network, no keyboard, no screen, no bus: five disks and a console. */
static enum rb_err
config_fill(const struct xen_plan *plan, libxl_domain_config *c)
{
	libxl_domain_build_info *b = &c->b_info;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	c->c_info.type = plan->is_pv ? LIBXL_DOMAIN_TYPE_PV :
				       LIBXL_DOMAIN_TYPE_PVH;
	memcpy(libxl_uuid_bytearray(&c->c_info.uuid), plan->uuid,
	    sizeof(plan->uuid));
	libxl_defbool_set(&c->c_info.run_hotplug_scripts, true);
	libxl_domain_build_info_init_type(b, c->c_info.type);
	b->max_memkb = b->target_memkb = plan->memory / KIB;
	b->max_vcpus = plan->cpus > INT32_MAX ? INT32_MAX : (int)plan->cpus;
	/* xl would act upon these; libxenlight itself does not. */
	c->on_poweroff = c->on_reboot = c->on_crash = c->on_watchdog =
	    LIBXL_ACTION_ON_SHUTDOWN_DESTROY;
	if ((rc = copy(plan->name, &c->c_info.name)) != RB_OK ||
	    (rc = copy(plan->kernel, &b->kernel)) != RB_OK ||
	    (rc = copy(plan->initrd, &b->ramdisk)) != RB_OK ||
	    (rc = copy(plan->command_line, &b->cmdline)) != RB_OK)
		return rc;
	if ((c->disks = calloc(plan->ndisks, sizeof(*c->disks))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < plan->ndisks; i++) {
		libxl_device_disk_init(&c->disks[i]);
		c->num_disks++;
		if ((rc = config_disk(plan, i, &c->disks[i])) != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
config_cpus(struct xen *x, libxl_domain_config *c)
{
	libxl_domain_build_info *b = &c->b_info;

	if (libxl_cpu_bitmap_alloc(x->ctx, &b->avail_vcpus, b->max_vcpus) != 0)
		return RB_ENOMEM;
	libxl_bitmap_set_any(&b->avail_vcpus);
	return RB_OK;
}

static enum xen_end
end_of_reason(int reason)
{
	switch (reason) {
	case LIBXL_SHUTDOWN_REASON_POWEROFF:
		return XEN_END_POWEROFF;
	case LIBXL_SHUTDOWN_REASON_REBOOT:
		return XEN_END_REBOOT;
	case LIBXL_SHUTDOWN_REASON_CRASH:
		return XEN_END_CRASH;
	case LIBXL_SHUTDOWN_REASON_WATCHDOG:
		return XEN_END_WATCHDOG;
	default:
		return XEN_END_OTHER;
	}
}

/* Waits for the creation; calls it off when there is no more reason. */
static enum rb_err
finish_create(struct domain *d, const libxl_asyncop_how *how, int *value,
    enum xen_end *end)
{
	const struct xen_ear ear = { d->watch, NULL, d->deadline };
	struct xen_news news = { XEN_LATE, 0, 0 };
	enum rb_err rc = RB_EINTERNAL;

	do {
		if ((rc = xen_wait(d->x, &ear, &news)) != RB_OK)
			return rc;
	} while (news.what != XEN_LATE && news.what != XEN_ALONE &&
	    (news.what != XEN_FINISHED || news.number != how->u.for_event));
	if (news.what == XEN_FINISHED) {
		*value = news.value;
		return RB_OK;
	}
	*end = news.what == XEN_LATE ? XEN_END_LATE : XEN_END_ALONE;
	(void)libxl_ao_abort(d->x->ctx, how);
	return xen_finish(d->x, how, clock_now() + ABORT_MS, value);
}

/* RB_OK with `end` untouched: it exists, and does not run yet. */
static enum rb_err
create(struct domain *d, const struct xen_plan *plan, enum xen_end *end,
    struct fault *why)
{
	libxl_domain_config config;
	libxl_asyncop_how how;
	int value = 0, r;
	enum rb_err rc = RB_EINTERNAL;

	libxl_domain_config_init(&config);
	if ((rc = config_fill(plan, &config)) != RB_OK)
		goto out;
	rc = xen_budget_take(d->x, plan, &config, d->watch, d->deadline, why);
	if (rc == RB_ETIME || rc == RB_EPEER) {
		*end = rc == RB_ETIME ? XEN_END_LATE : XEN_END_ALONE;
		rc = RB_OK;
		goto out;
	}
	if (rc != RB_OK)
		goto out;
	if ((rc = config_cpus(d->x, &config)) != RB_OK)
		goto unlock;
	how = xen_how(d->x);
	if ((r = libxl_domain_create_new(d->x->ctx, &config, &d->id, &how,
		 NULL)) != 0)
		rc = xen_fault(d->x, r, why, "Xen could not make the domain");
	else if ((rc = finish_create(d, &how, &value, end)) != RB_OK)
		(void)fault_set(why, rc,
		    "Xen did not answer in time while it "
		    "made the domain");
	else if (value != 0 && *end == XEN_END_UNMADE)
		rc = xen_fault(d->x, value, why,
		    "Xen could not make the domain");
unlock:
	(void)flock(plan->lock, LOCK_UN);
out:
	libxl_domain_config_dispose(&config);
	return rc;
}

static enum rb_err
start(struct domain *d, struct fault *why)
{
	libxl_asyncop_how how;
	int value = 0, r;
	enum rb_err rc = RB_EINTERNAL;

	/* Nothing of what it does may pass unheard. */
	if ((r = libxl_evenable_domain_death(d->x->ctx, d->id, 0, &d->death)) !=
	    0) {
		d->death = NULL;
		return xen_fault(d->x, r, why,
		    "cannot listen for the domain's end");
	}
	how = xen_how(d->x);
	if ((r = libxl_domain_unpause(d->x->ctx, d->id, &how)) != 0)
		return xen_fault(d->x, r, why, "cannot start the domain");
	if ((rc = xen_finish(d->x, &how, clock_now() + ABORT_MS, &value)) !=
	    RB_OK)
		return fault_set(why, rc,
		    "Xen did not answer in time while it "
		    "started the domain");
	return value == 0 ?
	    RB_OK :
	    xen_fault(d->x, value, why, "cannot start the domain");
}

/* RB_ENOTFOUND: not there yet. */
static enum rb_err
console_open(struct domain *d, int *log, uint64_t log_max)
{
	char *path = NULL;
	int tty = -1, r;
	enum rb_err rc = RB_ENOTFOUND;

	d->x->words.is_muted = true;
	r = libxl_console_get_tty(d->x->ctx, d->id, 0, LIBXL_CONSOLE_TYPE_PV,
	    &path);
	d->x->words.is_muted = false;
	if (r == 0 && path != NULL && path[0] == '/')
		tty = open(path, O_RDONLY | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (tty != -1)
		rc = relay_open(&d->log, &tty, log, log_max);
	fd_close(&tty);
	free(path);
	return rc;
}

/* Waits for the end of a domain that runs. */
static enum rb_err
follow(struct domain *d, int *log, uint64_t log_max, enum xen_end *end,
    struct fault *why)
{
	struct xen_news news = { XEN_LATE, 0, 0 };
	struct xen_ear ear = { d->watch, &d->log, 0 };
	enum rb_err rc = RB_EINTERNAL;

	for (;;) {
		bool is_deaf = *log != -1;

		ear.until = d->deadline;
		if (is_deaf && (rc = console_open(d, log, log_max)) == RB_OK) {
			is_deaf = false;
		} else if (is_deaf) {
			if (rc != RB_ENOTFOUND)
				return rc;
			if (clock_now() > d->console_until)
				return fault_set(why, RB_ETIME,
				    "no console: does xenconsoled run?");
			ear.until = clock_now() + CONSOLE_PAUSE_MS;
		}
		if ((rc = xen_wait(d->x, &ear, &news)) != RB_OK)
			return fault_set(why, rc, "cannot listen to Xen");
		switch (news.what) {
		case XEN_FINISHED:
			continue;
		case XEN_SHUTDOWN:
			*end = end_of_reason(news.value);
			return RB_OK;
		case XEN_DEATH:
			*end = XEN_END_TAKEN;
			return RB_OK;
		case XEN_LATE:
			if (is_deaf && clock_now() < d->deadline)
				continue;
			*end = XEN_END_LATE;
			return RB_OK;
		case XEN_ALONE:
			*end = XEN_END_ALONE;
			return RB_OK;
		case XEN_LOG_FULL:
			*end = XEN_END_LOG_FULL;
			return RB_OK;
		case XEN_LOG_LOST:
			*end = XEN_END_LOG_LOST;
			return RB_OK;
		}
	}
}

/* Asks it to stop, as one presses a button; it need not listen. */
static void
ask_to_stop(struct domain *d)
{
	const libxl_asyncop_how how = xen_how(d->x);
	const struct xen_ear ear = { d->watch, &d->log, clock_now() + STOP_MS };
	struct xen_news news = { XEN_LATE, 0, 0 };

	if (libxl_domain_shutdown(d->x->ctx, d->id, &how) != 0)
		return;
	while (xen_wait(d->x, &ear, &news) == RB_OK &&
	    news.what == XEN_FINISHED && news.value == 0)
		;
}

/* What it said last.  More than fits counts, though it has ended. */
static void
drain(struct domain *d, int *log, uint64_t log_max, enum xen_end *end)
{
	int64_t until = clock_now() + DRAIN_MS;
	struct pollfd fd;
	enum rb_err rc = RB_OK;

	/* It was faster than xenconsoled. */
	while (*log != -1 && clock_now() < until &&
	    console_open(d, log, log_max) == RB_ENOTFOUND)
		(void)poll(NULL, 0, CONSOLE_PAUSE_MS);
	while (d->log.from != -1 && rc == RB_OK && clock_now() < until) {
		fd = relay_pollfd(&d->log);
		if (poll(&fd, 1, QUIET_MS) <= 0)
			break;
		rc = relay_step(&d->log);
	}
	if (rc == RB_ELIMIT)
		*end = XEN_END_LOG_FULL;
}

static enum rb_err
destroy(struct xen *x, uint32_t id, struct fault *why)
{
	const libxl_asyncop_how how = xen_how(x);
	int value = 0, r;
	enum rb_err rc = RB_EINTERNAL;

	if ((r = libxl_domain_destroy(x->ctx, id, &how)) == 0) {
		rc = xen_finish(x, &how, clock_now() + DESTROY_MS, &value);
		if (rc != RB_OK)
			return fault_set(why, rc,
			    "Xen did not answer in time while it destroyed "
			    "domain %" PRIu32,
			    id);
		r = value;
	}
	if (r != 0 && r != ERROR_DOMAIN_NOTFOUND)
		return xen_fault(x, r, why, "a domain could not be destroyed");
	return RB_OK;
}

static enum rb_err
run(struct domain *d, const struct xen_plan *plan, int *log, uint64_t log_max,
    enum xen_end *end, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = create(d, plan, end, why)) != RB_OK || *end != XEN_END_UNMADE)
		return rc;
	d->console_until = clock_now() + CONSOLE_MS;
	if ((rc = start(d, why)) != RB_OK)
		return rc;
	if ((rc = follow(d, log, log_max, end, why)) != RB_OK)
		return rc;
	switch (*end) {
	case XEN_END_LATE:
		ask_to_stop(d);
		break;
	case XEN_END_POWEROFF:
	case XEN_END_REBOOT:
	case XEN_END_CRASH:
	case XEN_END_WATCHDOG:
	case XEN_END_OTHER:
		drain(d, log, log_max, end);
		break;
	case XEN_END_TAKEN:
	case XEN_END_ALONE:
	case XEN_END_LOG_FULL:
	case XEN_END_LOG_LOST:
	case XEN_END_UNMADE:
		break;
	}
	return RB_OK;
}

enum rb_err
xen_remove(struct xen *x, const char *name, const uint8_t uuid[XEN_UUID_LEN],
    struct fault *why)
{
	libxl_dominfo *list;
	int n = 0, i;
	enum rb_err rc = RB_OK;

	if ((list = libxl_list_domain(x->ctx, &n)) == NULL)
		return xen_fault(x, 0, why, "Xen does not list its domains");
	for (i = 0; i < n && rc == RB_OK; i++) {
		char *found = NULL;

		if (memcmp(libxl_uuid_bytearray(&list[i].uuid), uuid,
			XEN_UUID_LEN) != 0)
			continue;
		/* Half made, it may have no name yet. */
		found = libxl_domid_to_name(x->ctx, list[i].domid);
		if (found == NULL || strcmp(found, name) == 0)
			rc = destroy(x, list[i].domid, why);
		free(found);
	}
	libxl_dominfo_list_free(list, n);
	return rc;
}

enum rb_err
xen_domain_run(struct xen *x, const struct xen_plan *plan, int watch, int *log,
    uint64_t log_max, int64_t deadline, enum xen_end *end, struct fault *why)
{
	struct domain d = { .x = x,
		.id = (uint32_t)INVALID_DOMID,
		.log = RELAY_INIT,
		.watch = watch,
		.deadline = deadline };
	struct fault left = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	*end = XEN_END_UNMADE;
	rc = run(&d, plan, log, log_max, end, why);
	if (rc != RB_OK) {
		*end = XEN_END_UNMADE;
		if (why->text[0] == '\0')
			(void)fault_set(why, rc, "no memory for the domain");
	}
	if (d.death != NULL)
		libxl_evdisable_domain_death(x->ctx, d.death);
	relay_clear(&d.log);
	fd_close(log);
	/*
	 * Not by its number alone: what could not be made is destroyed
	 * already, and the number may be another's.
	 */
	if ((rc = xen_remove(x, plan->name, plan->uuid, &left)) != RB_OK)
		*why = left;
	return rc;
}
