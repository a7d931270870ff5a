/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_DEPOT_USES_H
#define RB_REBUILDER_DEPOT_USES_H

#include "common/base/digest.h"

/*
 * Which files of a depot are in use, for depot.c alone.  Every trip has a
 * mark, higher than all before it, and what is touched gets the highest mark
 * there is: so whatever a running trip has touched has its mark or a higher
 * one.  The caller holds a lock around all of these.
 */
#define USES_MAX 256 /* trips at once */

struct uses;

enum rb_err uses_new(struct uses **out) RB_CHECK;
void uses_free(struct uses **u);

/* RB_ELIMIT past USES_MAX. */
enum rb_err uses_enter(struct uses *u, uint64_t *mark) RB_CHECK;
void uses_leave(struct uses *u, uint64_t mark);

enum rb_err uses_touch(struct uses *u, const struct digest *d) RB_CHECK;
bool uses_has(const struct uses *u, const struct digest *d);

/*
 * Calls back for what was touched since the last time, and forgets what no
 * trip can use any more.  The answer is that of the first call that fails;
 * what was not told then is told next time.
 */
enum rb_err uses_take(struct uses *u,
    enum rb_err (*each)(void *self, const struct digest *d), void *self)
    RB_CHECK;

#endif
