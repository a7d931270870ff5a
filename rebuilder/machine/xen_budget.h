/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_XEN_BUDGET_H
#define RB_REBUILDER_XEN_BUDGET_H

#include "rebuilder/machine/xen_domain.h"

/*
 * Waits until memory and processors for this domain are free, and keeps the
 * plan's lock until the caller unlocks it: after its memory is taken.
 * Waits only for domains of ours, whose end is certain; RB_ELIMIT: there are
 * none, and it does not fit.  RB_ETIME, RB_EPEER: deadline, `watch`.
 * The configuration's processors are cut to those that there are.
 */
enum rb_err xen_budget_take(struct xen *x, const struct xen_plan *plan,
    libxl_domain_config *config, int watch, int64_t deadline, struct fault *why)
    RB_CHECK;

#endif
