/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_PREPARE_FETCH_H
#define RB_REBUILDER_PREPARE_FETCH_H

#include "rebuilder/prepare_plan.h"

/*
 * What a verified tree pins but does not hold, into the depot and into
 * t->of.others: submodules by their commit, files by checksum or by a
 * signature of keys that lie in the tree.  In the order of the plan, modules
 * first.  RB_EREFUSED: one cannot be had, or is not the one that is pinned.
 */
enum rb_err prepare_fetch(struct trip *t, const struct plan *p) RB_CHECK;

#endif
