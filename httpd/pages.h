/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_PAGES_H
#define RB_HTTPD_PAGES_H

#include "httpd/page.h"
#include "httpd/view.h"

/* The pages for people.  Failures of writing stick in the page. */
#define PAGE_BUILDS 50     /* rows on a page of the dashboard */
#define PAGE_ATTEMPTS 1000 /* rows on the page of a package */

struct about {
	const char *node;      /* borrowed */
	const char *operator_; /* borrowed; NULL: nobody said */
	bool has_release;      /* there is a page about one */
};

/* Builds below leaf `before`, newest first; UINT64_MAX for the newest. */
void page_dashboard(struct page *p, const struct about *about,
    const struct view *v, uint64_t before);
/* RB_ENOTFOUND when there is no such leaf. */
enum rb_err page_build(struct page *p, const struct about *about,
    const struct view *v, uint64_t index, struct fault *why) RB_CHECK;
/* RB_ENOTFOUND when nothing was tried. */
enum rb_err page_package(struct page *p, const struct about *about,
    const struct view *v, const struct route *r, struct fault *why) RB_CHECK;
/* Says what is wrong: the sentence is `why`. */
void page_error(struct page *p, const struct about *about, unsigned int status,
    const char *why);

/* The table that dashboard and package share. */
enum builds_of { BUILDS_OF_ALL, BUILDS_OF_ONE_PACKAGE };
void page_builds(struct page *p, const struct view *v, enum builds_of of,
    const char *caption, const uint64_t *indexes, size_t n);

#endif
