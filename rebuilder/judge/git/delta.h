/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_DELTA_H
#define RB_REBUILDER_DELTA_H

#include "common/base/buf.h"

/*
 * A delta (gitformat-pack, "Deltified representation"): how to make one
 * object from another one.  Appends to `out` exactly as many bytes as the
 * delta announces, at most `max` (RB_ELIMIT).
 */
enum rb_err delta_apply(struct span base, struct span delta, size_t max,
    struct buf *out) RB_CHECK;

#endif
