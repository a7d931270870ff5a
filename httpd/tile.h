/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_TILE_H
#define RB_HTTPD_TILE_H

#include "httpd/route.h"
#include "httpd/view.h"

/*
 * The log as C2SP tlog-tiles serves it.  A tile, full or partial, exists as
 * soon as the checkpoint covers all of it, and never changes.  RB_ENOTFOUND
 * before that.
 */
enum rb_err tile_hashes(const struct view *v, const struct route *r,
    struct buf *out) RB_CHECK;
enum rb_err tile_entries(const struct view *v, const struct route *r,
    struct buf *out) RB_CHECK;

#endif
