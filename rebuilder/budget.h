/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_BUDGET_H
#define RB_REBUILDER_BUDGET_H

#include <stdint.h>

#include "common/base/err.h"

/*
 * How much of this computer all machines together may take.  Trips beyond it
 * go on fetching and comparing, and wait before they start a machine, in the
 * order in which they came.
 */
struct budget;

/* 0: without a bound. */
enum rb_err budget_new(uint64_t memory, uint64_t cpus, struct budget **out)
    RB_CHECK;
void budget_free(struct budget **b);

/*
 * Waits until so much is left.  RB_ETIME: the leash of this thread came to
 * its end meanwhile.  RB_ELIMIT: it is more than there will ever be.
 */
enum rb_err budget_take(struct budget *b, uint64_t memory, uint64_t cpus)
    RB_CHECK;
void budget_give(struct budget *b, uint64_t memory, uint64_t cpus);

#endif
