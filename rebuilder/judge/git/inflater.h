/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_INFLATER_H
#define RB_REBUILDER_INFLATER_H

#include "common/base/span.h"

/* Unpacks zlib streams (RFC 1950), one behind the other. */
struct inflater;

enum rb_err inflater_new(struct inflater **out) RB_CHECK;
void inflater_free(struct inflater **i);

/*
 * One whole stream at the front of `in`, which is cut off.  It must hold
 * exactly `len` bytes, not one more: those that were announced and for which
 * `out` has room.
 */
enum rb_err inflater_take(struct inflater *i, struct span *in, uint8_t *out,
    size_t len) RB_CHECK;

#endif
