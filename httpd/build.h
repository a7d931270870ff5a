/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_BUILD_H
#define RB_HTTPD_BUILD_H

#include "httpd/answer.h"
#include "httpd/route.h"
#include "httpd/view.h"

/*
 * What stands behind one leaf, as bytes: its envelope, its proof, its log,
 * its difference report; and input lists, which several leaves may share.
 * Fills body, type, life and coding.  RB_ENOTFOUND with a sentence when the
 * leaf is not there, or has no such thing.
 */
enum rb_err build_answer(const struct view *v, const struct route *r,
    bool takes_zstd, struct answer *out, struct fault *why) RB_CHECK;

#endif
