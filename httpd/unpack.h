/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_UNPACK_H
#define RB_HTTPD_UNPACK_H

#include "common/base/buf.h"

/*
 * A zstd frame, unpacked piece by piece for clients that do not read zstd.
 * What is inside was written by a build that nobody trusts: the window and
 * the whole length are bounded.
 */
#define UNPACK_MAX (1024ull * 1024 * 1024) /* most that a node may keep */
#define UNPACK_WINDOW_LOG 23               /* 8 MiB, as RFC 9659 asks */

struct unpack;

/* Takes over `packed` (it becomes BUF_INIT). */
enum rb_err unpack_new(struct buf *packed, struct unpack **out) RB_CHECK;
void unpack_free(struct unpack **u);
/*
 * Fills at most `cap` bytes; 0 is the end.  RB_EFORMAT: not one whole zstd
 * frame; RB_ELIMIT: longer than UNPACK_MAX.
 */
enum rb_err unpack_take(struct unpack *u, uint8_t *out, size_t cap, size_t *len)
    RB_CHECK;

#endif
