/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_FETCH_H
#define RB_REBUILDER_FETCH_H

#include "rebuilder/depot.h"
#include "rebuilder/listing.h"

/*
 * Our side of net.sock.  What rebuilder-net says is not believed: a file
 * counts as fetched when its bytes have the digest that signed metadata
 * names.
 */

struct trip_ear;

/* All that fetching needs; everything is borrowed. */
struct fetch_context {
	const struct node *node;
	const struct settings *settings;
	struct depot *depot;
	struct fault *why;
	const struct trip_ear *ear; /* NULL: nobody is told */
};

/*
 * Brings every entry into the depot; entries already there cost nothing.
 * Each is looked for in all places of its repository in turn.  A file that
 * none of them has gets `is_absent`, which is not an error.  Anything else
 * that stays wrong after retries is: RB_EREFUSED when the server is at
 * fault, RB_EDIGEST when its bytes are; the fault names the URL.  Other codes
 * are about this machine.
 */
enum rb_err fetch_listing(const struct fetch_context *c, struct listing *l,
    const char *stage) RB_CHECK;

/*
 * One object without a known digest (the signed Release text) into a new
 * file of the depot's disk, read only, position 0, owned by the caller.
 * RB_ENOTFOUND: the server says that there is none.
 */
enum rb_err fetch_url(const struct fetch_context *c, const char *url,
    uint64_t max, int *out) RB_CHECK;

#endif
