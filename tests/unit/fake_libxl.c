/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/fake_libxl.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <libxl_event.h>
#include <libxl_utils.h>

#define DOMID 7
#define EVENTS_MAX 16
#define TTY_LEN 64

struct fake fake;

static xentoollog_logger *logger;
static libxl_event events[EVENTS_MAX];
static size_t nevents;
static uint8_t uuid[XEN_UUID_LEN];
static char *name;
static uint32_t *created_to;
static uint64_t creating;
static char tty[TTY_LEN];
static int tty_ends[2] = { -1, -1 };
static int ctx_object;

void
fake_reset(void)
{
	fake_clear();
	memset(&fake, 0, sizeof(fake));
	fake.free_pages = 1 << 20;
	fake.has_hvm = fake.has_pv = true;
	fake.reason = LIBXL_SHUTDOWN_REASON_POWEROFF;
	fake.now = 1000000;
}

void
fake_clear(void)
{
	free(name);
	name = NULL;
	nevents = 0;
	creating = 0;
	if (tty_ends[0] != -1)
		(void)close(tty_ends[0]);
	if (tty_ends[1] != -1)
		(void)close(tty_ends[1]);
	tty_ends[0] = tty_ends[1] = -1;
}

void
fake_leave(const char *called, const uint8_t id[XEN_UUID_LEN])
{
	free(name);
	name = strdup(called);
	memcpy(uuid, id, sizeof(uuid));
	fake.exists = true;
}

static bool
fails(enum fake_step step)
{
	if (fake.fails != step)
		return false;
	errno = fake.error;
	xtl_log(logger, XTL_ERROR, fake.error, "fake", "step %d fails", step);
	return true;
}

/* Put by the linker in place of those without __wrap_. */
int __wrap_clock_gettime(clockid_t id, struct timespec *out);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap___poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t len);
void __wrap_libxl_domain_config_init(libxl_domain_config *c);
void __wrap_libxl_domain_config_dispose(libxl_domain_config *c);

/* Time stands still unless somebody sleeps. */
int
__wrap_clock_gettime(clockid_t id, struct timespec *out)
{
	(void)id;
	out->tv_sec = fake.now / 1000;
	out->tv_nsec = fake.now % 1000 * 1000000;
	return 0;
}

int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	const struct timespec at_once = { 0, 0 };
	int r = ppoll(fds, n, &at_once, NULL);

	if (r == 0 && timeout > 0)
		fake.now += timeout;
	return r;
}

/* What poll is with _FORTIFY_SOURCE. */
int
__wrap___poll_chk(struct pollfd *fds, nfds_t n, int timeout, size_t len)
{
	(void)len;
	return __wrap_poll(fds, n, timeout);
}

enum rb_err
xen_is_there(struct fault *why)
{
	(void)why;
	return RB_OK;
}

static libxl_event *
queue(libxl_event_type type)
{
	libxl_event *e = &events[nevents];

	if (nevents++ == EVENTS_MAX)
		abort();
	memset(e, 0, sizeof(*e));
	e->type = type;
	e->domid = DOMID;
	return e;
}

static int
finish(const libxl_asyncop_how *how, int r)
{
	libxl_event *e = queue(LIBXL_EVENT_TYPE_OPERATION_COMPLETE);

	e->for_user = how->u.for_event;
	e->u.operation_complete.rc = r;
	return 0;
}

int
libxl_ctx_alloc(libxl_ctx **pctx, int version, unsigned flags,
    xentoollog_logger *lg)
{
	(void)version;
	(void)flags;
	logger = lg;
	*pctx = (libxl_ctx *)(void *)&ctx_object;
	return fails(FAKE_CTX) ? ERROR_FAIL : 0;
}

int
libxl_ctx_free(libxl_ctx *ctx)
{
	(void)ctx;
	return 0;
}

const libxl_version_info *
libxl_get_version_info(libxl_ctx *ctx)
{
	static libxl_version_info info = { .xen_version_major = 9,
		.xen_version_minor = 8 };

	(void)ctx;
	return fails(FAKE_VERSION) ? NULL : &info;
}

void
libxl_physinfo_init(libxl_physinfo *p)
{
	memset(p, 0, sizeof(*p));
}

void
libxl_physinfo_dispose(libxl_physinfo *p)
{
	(void)p;
}

int
libxl_get_physinfo(libxl_ctx *ctx, libxl_physinfo *info)
{
	(void)ctx;
	if (fails(FAKE_PHYSINFO))
		return ERROR_FAIL;
	info->nr_cpus = 2;
	info->free_pages = fake.free_pages;
	info->cap_hvm = info->cap_hap = fake.has_hvm;
	info->cap_pv = fake.has_pv;
	return 0;
}

void
__wrap_libxl_domain_config_init(libxl_domain_config *c)
{
	memset(c, 0, sizeof(*c));
}

void
__wrap_libxl_domain_config_dispose(libxl_domain_config *c)
{
	int i;

	for (i = 0; i < c->num_disks; i++) {
		free(c->disks[i].pdev_path);
		free(c->disks[i].vdev);
		free(c->disks[i].script);
	}
	free(c->disks);
	free(c->c_info.name);
	free(c->b_info.kernel);
	free(c->b_info.ramdisk);
	free(c->b_info.cmdline);
	free(c->b_info.avail_vcpus.map);
}

void
libxl_domain_build_info_init_type(libxl_domain_build_info *p,
    libxl_domain_type type)
{
	p->type = type;
}

void
libxl_device_disk_init(libxl_device_disk *p)
{
	memset(p, 0, sizeof(*p));
}

void
libxl_defbool_set(libxl_defbool *db, bool b)
{
	db->val = b ? 1 : -1;
}

uint8_t *
libxl_uuid_bytearray(libxl_uuid *u)
{
	return u->uuid;
}

int
libxl_bitmap_alloc(libxl_ctx *ctx, libxl_bitmap *map, int bits)
{
	(void)ctx;
	(void)bits;
	if (fails(FAKE_BITMAP))
		return ERROR_NOMEM;
	map->size = 1;
	return (map->map = calloc(1, 1)) == NULL ? ERROR_NOMEM : 0;
}

int
libxl_cpu_bitmap_alloc(libxl_ctx *ctx, libxl_bitmap *map, int cpus)
{
	return libxl_bitmap_alloc(ctx, map, cpus);
}

int
libxl_domain_need_memory(libxl_ctx *ctx, libxl_domain_config *config,
    uint32_t domid_for_logging, uint64_t *need_memkb)
{
	(void)ctx;
	(void)domid_for_logging;
	*need_memkb = config->b_info.max_memkb + 2048;
	return fails(FAKE_NEED) ? ERROR_FAIL : 0;
}

libxl_dominfo *
libxl_list_domain(libxl_ctx *ctx, int *n)
{
	uint32_t count = fake.others + (fake.exists ? 1 : 0), i;
	libxl_dominfo *list = calloc(count + 1, sizeof(*list));

	(void)ctx;
	if (list == NULL || fails(FAKE_LIST)) {
		free(list);
		return NULL;
	}
	for (i = 0; i < fake.others; i++) {
		list[i].domid = 100 + i;
		list[i].vcpu_online = fake.other_cpus;
	}
	if (fake.exists) {
		list[i].domid = DOMID;
		memcpy(list[i].uuid.uuid, uuid, sizeof(uuid));
	}
	*n = (int)count;
	return list;
}

void
libxl_dominfo_list_free(libxl_dominfo *list, int n)
{
	(void)n;
	free(list);
}

char *
libxl_domid_to_name(libxl_ctx *ctx, uint32_t domid)
{
	(void)ctx;
	return strdup(domid == DOMID ? name : XEN_NAME_PREFIX "other");
}

int
libxl_domain_create_new(libxl_ctx *ctx, libxl_domain_config *d_config,
    uint32_t *domid, const libxl_asyncop_how *ao_how,
    const libxl_asyncprogress_how *aop_console_how)
{
	(void)ctx;
	(void)aop_console_how;
	if (fails(FAKE_CREATE))
		return ERROR_FAIL;
	memcpy(uuid, d_config->c_info.uuid.uuid, sizeof(uuid));
	free(name);
	name = strdup(d_config->c_info.name);
	fake.memory_kib = d_config->b_info.max_memkb;
	fake.cpus = d_config->b_info.max_vcpus;
	fake.ndisks = (size_t)d_config->num_disks;
	fake.created++;
	fake.exists = true;
	created_to = domid;
	creating = ao_how->u.for_event;
	if (fake.fails == FAKE_CREATE_HANG || fake.fails == FAKE_CREATE_DEAF)
		return 0;
	/* libxl removes what it could not finish. */
	if (fails(FAKE_CREATE_END)) {
		fake.exists = false;
		return finish(ao_how, ERROR_FAIL);
	}
	*domid = DOMID;
	return finish(ao_how, 0);
}

int
libxl_ao_abort(libxl_ctx *ctx, const libxl_asyncop_how *how)
{
	(void)ctx;
	fake.was_aborted = true;
	if (fake.fails != FAKE_CREATE_HANG || how->u.for_event != creating)
		return ERROR_NOTFOUND;
	/* It may then exist or not: here it does, and has no number yet. */
	*created_to = (uint32_t)INVALID_DOMID;
	return finish(how, ERROR_ABORTED);
}

int
libxl_evenable_domain_death(libxl_ctx *ctx, uint32_t domid, libxl_ev_user user,
    libxl_evgen_domain_death **out)
{
	(void)ctx;
	(void)domid;
	(void)user;
	*out = (libxl_evgen_domain_death *)(void *)&ctx_object;
	return fails(FAKE_EVENABLE) ? ERROR_FAIL : 0;
}

void
libxl_evdisable_domain_death(libxl_ctx *ctx, libxl_evgen_domain_death *e)
{
	(void)ctx;
	(void)e;
}

static void
open_console(void)
{
	if (pipe2(tty_ends, O_CLOEXEC | O_NONBLOCK) != 0)
		abort();
	snprintf(tty, sizeof(tty), "/proc/self/fd/%d", tty_ends[0]);
	if (fake.prints != NULL &&
	    write(tty_ends[1], fake.prints, strlen(fake.prints)) < 0)
		abort();
}

int
libxl_domain_unpause(libxl_ctx *ctx, uint32_t domid,
    const libxl_asyncop_how *how)
{
	(void)ctx;
	(void)domid;
	if (fails(FAKE_UNPAUSE))
		return ERROR_FAIL;
	if (fake.fails == FAKE_UNPAUSE_HANG)
		return 0;
	if (fails(FAKE_UNPAUSE_END))
		return finish(how, ERROR_FAIL);
	open_console();
	(void)finish(how, 0);
	if (fake.is_taken)
		(void)queue(LIBXL_EVENT_TYPE_DOMAIN_DEATH);
	else if (!fake.runs_for_ever)
		queue(LIBXL_EVENT_TYPE_DOMAIN_SHUTDOWN)
		    ->u.domain_shutdown.shutdown_reason = (uint8_t)fake.reason;
	fake.was_created = true;
	return 0;
}

int
libxl_domain_shutdown(libxl_ctx *ctx, uint32_t domid,
    const libxl_asyncop_how *how)
{
	(void)ctx;
	(void)domid;
	fake.was_asked = true;
	if (fails(FAKE_SHUTDOWN))
		return ERROR_FAIL;
	(void)finish(how, 0);
	if (fake.stops_when_asked)
		(void)queue(LIBXL_EVENT_TYPE_DOMAIN_SHUTDOWN);
	return 0;
}

int
libxl_domain_destroy(libxl_ctx *ctx, uint32_t domid,
    const libxl_asyncop_how *how)
{
	(void)ctx;
	if (domid != DOMID)
		abort();
	if (fails(FAKE_DESTROY))
		return ERROR_FAIL;
	if (fake.fails == FAKE_DESTROY_HANG)
		return 0;
	if (fails(FAKE_DESTROY_END))
		return finish(how, ERROR_FAIL);
	fake.exists = false;
	fake.destroyed++;
	return finish(how, 0);
}

int
libxl_console_get_tty(libxl_ctx *ctx, uint32_t domid, int cons_num,
    libxl_console_type type, char **path)
{
	(void)ctx;
	(void)domid;
	(void)cons_num;
	(void)type;
	if (fails(FAKE_CONSOLE))
		return ERROR_INVAL;
	return (*path = strdup(tty)) == NULL ? ERROR_NOMEM : 0;
}

int
libxl_event_check(libxl_ctx *ctx, libxl_event **event_r, uint64_t typemask,
    libxl_event_predicate *predicate, void *predicate_user)
{
	(void)ctx;
	(void)typemask;
	(void)predicate;
	(void)predicate_user;
	if (fake.was_created && fails(FAKE_EVENT))
		return ERROR_FAIL;
	if (nevents == 0)
		return ERROR_NOT_READY;
	if ((*event_r = malloc(sizeof(**event_r))) == NULL)
		return ERROR_NOMEM;
	**event_r = events[0];
	memmove(events, events + 1, --nevents * sizeof(*events));
	return 0;
}

void
libxl_event_free(libxl_ctx *ctx, libxl_event *e)
{
	(void)ctx;
	free(e);
}

int
libxl_osevent_beforepoll(libxl_ctx *ctx, int *n, struct pollfd *fds,
    int *timeout, struct timeval now)
{
	(void)ctx;
	(void)fds;
	(void)timeout;
	(void)now;
	*n = 0;
	return fake.was_created && fails(FAKE_POLL) ? ERROR_BUFFERFULL : 0;
}

void
libxl_osevent_afterpoll(libxl_ctx *ctx, int n, const struct pollfd *fds,
    struct timeval now)
{
	(void)ctx;
	(void)n;
	(void)fds;
	(void)now;
}
