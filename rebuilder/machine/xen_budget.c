/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/xen_budget.h"

#include <inttypes.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>

#include <libxl_utils.h>

#define PAUSE_MS 200
#define PAGE_KIB 4 /* of Xen, on this architecture */
#define KIB_PER_MIB 1024

struct usage {
	uint64_t free_kib, cpus, domains; /* of ours */
	uint64_t host_cpus;
	bool has_hvm, has_pv;
};

/* What domains of ours, of whatever node, use now. */
static enum rb_err
count_domains(struct xen *x, struct usage *u)
{
	libxl_dominfo *list;
	int n = 0, i;

	if ((list = libxl_list_domain(x->ctx, &n)) == NULL)
		return RB_EIO;
	for (i = 0; i < n; i++) {
		char *name = libxl_domid_to_name(x->ctx, list[i].domid);

		if (name != NULL &&
		    strncmp(name, XEN_NAME_PREFIX, strlen(XEN_NAME_PREFIX)) ==
			0) {
			u->domains++;
			u->cpus += list[i].vcpu_online;
		}
		free(name);
	}
	libxl_dominfo_list_free(list, n);
	return RB_OK;
}

static enum rb_err
look(struct xen *x, struct usage *out, struct fault *why)
{
	struct usage u = { 0, 0, 0, 0, false, false };
	libxl_physinfo info;
	uint64_t pages;
	int r;
	enum rb_err rc = RB_OK;

	libxl_physinfo_init(&info);
	if ((r = libxl_get_physinfo(x->ctx, &info)) != 0) {
		rc = xen_fault(x, r, why, "Xen does not tell its free memory");
	} else {
		/* Outstanding: promised to domains that are being made. */
		pages = info.free_pages + info.scrub_pages;
		pages -= info.outstanding_pages < pages ?
		    info.outstanding_pages :
		    pages;
		u.free_kib = pages * PAGE_KIB;
		u.host_cpus = info.nr_cpus;
		u.has_hvm = info.cap_hvm && info.cap_hap;
		u.has_pv = info.cap_pv;
	}
	libxl_physinfo_dispose(&info);
	if (rc != RB_OK)
		return rc;
	if ((rc = count_domains(x, &u)) != RB_OK)
		return xen_fault(x, 0, why, "Xen does not list its domains");
	*out = u;
	return RB_OK;
}

static enum rb_err
check_type(const struct xen_plan *plan, const struct usage *u,
    struct fault *why)
{
	if (plan->is_pv && !u->has_pv)
		return fault_set(why, RB_EREFUSED,
		    "this Xen makes no PV domains: set machine.xen-type to "
		    "pvh");
	if (!plan->is_pv && !u->has_hvm)
		return fault_set(why, RB_EREFUSED,
		    "this Xen makes no PVH domains, for the processor's "
		    "virtualisation is off or missing: set machine.xen-type to "
		    "pv");
	return RB_OK;
}

/* RB_ELIMIT: not now. */
static enum rb_err
fits(struct xen *x, const struct usage *u, libxl_domain_config *config,
    struct fault *why)
{
	uint64_t need = 0;
	uint64_t cpus = (uint64_t)config->b_info.max_vcpus;
	int r;

	if ((r = libxl_domain_need_memory(x->ctx, config,
		 (uint32_t)INVALID_DOMID, &need)) != 0)
		return xen_fault(x, r, why, "cannot tell the memory needed");
	if (need > u->free_kib)
		return fault_set(why, RB_ELIMIT,
		    "not enough memory: the machine needs %" PRIu64
		    " MiB and Xen has %" PRIu64
		    " MiB free; lower machine.memory, or dom0's (dom0_mem)",
		    need / KIB_PER_MIB, u->free_kib / KIB_PER_MIB);
	if (u->domains != 0 && u->cpus + cpus > u->host_cpus)
		return fault_set(why, RB_ELIMIT,
		    "machines of ours use all %" PRIu64 " processors",
		    u->host_cpus);
	return RB_OK;
}

static enum rb_err
pause_once(int watch, int64_t deadline)
{
	struct pollfd fd = { watch, POLLIN, 0 };

	if (clock_now() >= deadline)
		return RB_ETIME;
	return poll(&fd, 1, PAUSE_MS) > 0 ? RB_EPEER : RB_OK;
}

static enum rb_err
look_once(struct xen *x, const struct xen_plan *plan,
    libxl_domain_config *config, bool *is_final, struct fault *why)
{
	struct usage u = { 0, 0, 0, 0, false, false };
	enum rb_err rc = RB_EINTERNAL;

	*is_final = true;
	if ((rc = look(x, &u, why)) != RB_OK ||
	    (rc = check_type(plan, &u, why)) != RB_OK)
		return rc;
	/* More than there are would only take turns. */
	if (u.host_cpus != 0 &&
	    (uint64_t)config->b_info.max_vcpus > u.host_cpus)
		config->b_info.max_vcpus = (int)u.host_cpus;
	rc = fits(x, &u, config, why);
	*is_final = rc != RB_ELIMIT || u.domains == 0;
	return rc;
}

enum rb_err
xen_budget_take(struct xen *x, const struct xen_plan *plan,
    libxl_domain_config *config, int watch, int64_t deadline, struct fault *why)
{
	bool is_final = false;
	enum rb_err rc = RB_EINTERNAL;

	for (;;) {
		if (flock(plan->lock, LOCK_EX | LOCK_NB) == 0) {
			rc = look_once(x, plan, config, &is_final, why);
			if (rc == RB_OK)
				return RB_OK;
			(void)flock(plan->lock, LOCK_UN);
			if (is_final)
				return rc;
		}
		if ((rc = pause_once(watch, deadline)) != RB_OK)
			return rc;
	}
}
