/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_SITE_H
#define RB_HTTPD_SITE_H

#include "httpd/answer.h"
#include "httpd/catalog.h"
#include "httpd/metrics.h"
#include "httpd/news.h"
#include "httpd/pages.h"

/* Everything that a node serves.  Any thread may ask. */
struct site {
	struct store *store; /* borrowed */
	struct catalog *catalog; /* borrowed; NULL: no release is shown */
	struct news news;        /* borrowed */
	struct about about;  /* texts borrowed */
	struct metrics metrics;
};

/*
 * Whatever is wrong with the request is an answer too; an error means that
 * not even one could be made.  `out` must be clear.
 */
enum rb_err site_answer(struct site *s, const struct request *rq,
    struct answer *out) RB_CHECK;

/*
 * An answer to what did not become a request, or a last word when
 * site_answer failed.
 */
enum rb_err site_refuse(struct site *s, const struct request *rq,
    unsigned int status, const char *why, struct answer *out) RB_CHECK;

#endif
