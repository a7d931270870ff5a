/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_ROUTE_VALUE_H
#define RB_HTTPD_ROUTE_VALUE_H

#include "httpd/route.h"

/*
 * The values inside a path (route.h): read from a part and written as one.
 * All fail with RB_EFORMAT; a writer may then have put some bytes already.
 */

/* The parts between slashes; "/" has one, which is empty. */
struct parts {
	struct span rest;
	bool ended;
};

/* `path` starts with a slash. */
struct parts parts_of(struct span path);
bool parts_next(struct parts *in, struct span *part);

/* One of the four texts, percent-encoded. */
enum rb_err text_take(struct span part, char out[ROUTE_TEXT_MAX + 1],
    struct fault *why) RB_CHECK;
enum rb_err text_put(const char *text, struct buf *out) RB_CHECK;

/* `digest` and `bits`. */
enum rb_err prefix_take(struct span part, struct route *out, struct fault *why)
    RB_CHECK;
enum rb_err prefix_put(const struct route *r, struct buf *out) RB_CHECK;

/* `index` and `width`; `first` and whatever is left of `path`. */
enum rb_err tile_take(struct parts *path, struct span first, struct route *out)
    RB_CHECK;
enum rb_err tile_put(const struct route *r, struct buf *out) RB_CHECK;

#endif
