/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_RELEASE_TABLE_H
#define RB_HTTPD_RELEASE_TABLE_H

#include "httpd/catalog.h"
#include "httpd/news.h"
#include "httpd/pages.h"

/*
 * The release, component by component and distribution by distribution: what
 * was signed about each package, and what was not tried yet.  Verdicts come
 * from the log alone; which components there are, and their state, is what
 * rebuilder tells.
 */
struct release_table {
	const struct release_doc *doc;  /* borrowed */
	const struct catalog *catalog;  /* borrowed, and locked */
	const struct view *view;        /* borrowed */
};

/* For people, without scripts. */
void page_release(struct page *p, const struct about *about,
    const struct release_table *t);
/* The same as JSON. */
enum rb_err release_table_json(const struct release_table *t, struct buf *out)
    RB_CHECK;

/*
 * The first, or the next, entry that is about the component's present tag.
 * Of a component without a tag, none is.
 */
const struct catalog_entry *release_entry(const struct release_component *c,
    const struct catalog_entry *at);

#endif
