/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_NEWS_H
#define RB_HTTPD_NEWS_H

#include "common/told/release_doc.h"
#include "common/told/status.h"

/*
 * What rebuilder tells us (common/told/told.h).  Its bytes are nobody's word:
 * they are parsed in full, never signed, and shown as what the node says of
 * itself.
 */
struct news {
	int status, release; /* owned; -1: the file is not there */
};

#define NEWS_INIT { -1, -1 }

/* Before the jail.  A node whose files are absent has no news. */
enum rb_err news_open(const char *directory, struct news *out) RB_CHECK;
void news_close(struct news *n);
/* A release was told of, be it well or not. */
bool news_has_release(const struct news *n);

/*
 * RB_ENOTFOUND: nothing was told.  RB_ESTALE, with a sentence: what is there
 * is no document, or just being written.  `out` must be clear.
 */
enum rb_err news_status(const struct news *n, struct status *out,
    struct fault *why) RB_CHECK;
enum rb_err news_release(const struct news *n, struct release_doc *out,
    struct fault *why) RB_CHECK;

#endif
