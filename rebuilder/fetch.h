/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_FETCH_H
#define RB_REBUILDER_FETCH_H

#include "rebuilder/trip.h"

/*
 * Our side of net.sock.  What rebuilder-net says is not believed: a file
 * counts as fetched when its bytes have the digest that signed metadata
 * names.
 */

/*
 * Brings every entry into the depot; entries already there cost nothing.  A
 * file that the server does not have gets `is_absent`, which is not an
 * error.  Anything else that stays wrong after retries is: RB_EREFUSED when
 * the archive is at fault, RB_EDIGEST when its bytes are; the fault names the
 * URL.  Other codes are about this machine.
 */
enum rb_err fetch_listing(struct trip *t, struct listing *l, const char *stage)
    RB_CHECK;

/*
 * One object without a known digest (the signed Release text) into a new
 * file, position 0, owned by the caller.
 */
enum rb_err fetch_unknown(struct trip *t, const char *path, uint64_t max,
    int *out) RB_CHECK;

#endif
