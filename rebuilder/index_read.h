/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_INDEX_READ_H
#define RB_REBUILDER_INDEX_READ_H

#include "rebuilder/trip.h"

/*
 * Fills `of->index`: the signed Release text and the indices that it names,
 * of one moment, fetched or remembered as long as settings allow.  A text
 * older than one seen before (of the same address and suite), past its
 * Valid-Until, or one that does not belong to the indices that lie beside it
 * is an error that names the rule; where the repository may have changed
 * meanwhile, it is asked for anew first.  USE_OLD may be of any age.
 * RB_ENOTFOUND: its places have no such suite, they say.
 */
enum rb_err index_read(struct trip *t, struct repository *of) RB_CHECK;

#endif
