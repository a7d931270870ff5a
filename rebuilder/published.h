/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_PUBLISHED_H
#define RB_REBUILDER_PUBLISHED_H

#include "rebuilder/trip.h"

/*
 * What was published of one version of a source, in all of a trip's suites,
 * into t->published.  One file is one entry: the very same bytes in another
 * suite count where they were found first, in the order of the suites.
 * Other bytes under the same name are another entry.  t->source.version must
 * be known.  RB_ENOTFOUND: nothing was published.
 */
enum rb_err published_find(struct trip *t) RB_CHECK;

/* Takes n records of JUDGE_PUBLISHED off `in`; `from` is where they lie. */
enum rb_err published_take(struct trip *t, const struct repository *from,
    uint32_t n, struct span *in) RB_CHECK;

/*
 * Fetches them.  One that is gone does not keep the others from being
 * compared; when all are, that is the trip's obstacle.
 */
enum rb_err published_fetch(struct trip *t) RB_CHECK;

#endif
