/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_PLAIN_SHA1_H
#define RB_REBUILDER_PLAIN_SHA1_H

#include "rebuilder/judge/git/git_id.h"

/*
 * SHA-1 of two spans as one, by OpenSSL: ten times as fast as sha1.h, and
 * blind to collisions.  For what finds objects, never for what proves them.
 */
enum rb_err plain_sha1(struct span head, struct span bytes, struct git_id *out)
    RB_CHECK;
/* Where an object of these bytes would be looked for. */
enum rb_err plain_git_id(enum git_type type, struct span bytes,
    struct git_id *out) RB_CHECK;

#endif
