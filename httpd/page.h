/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_PAGE_H
#define RB_HTTPD_PAGE_H

#include "common/attest/statement.h"
#include "httpd/route.h"

/*
 * Writes HTML.  The first failure sticks in `rc` and every later call does
 * nothing, so that a page reads from top to bottom and is checked once.
 *
 * page_raw takes markup of ours, always a literal.  Everything else that
 * goes onto a page passes page_text, alone or through the others.
 */
struct page {
	struct buf out; /* owned */
	enum rb_err rc;
};

#define PAGE_INIT { BUF_INIT, RB_OK }

void page_clear(struct page *p);

void page_raw(struct page *p, const char *markup);
/*
 * Escaped for element content and for quoted attributes.  Bytes that are
 * not UTF-8, controls, and characters that are invisible or turn the
 * direction of writing become U+FFFD, so that no name can disguise itself.
 * NULL writes nothing.
 */
void page_text(struct page *p, const char *text);
/* 1,234,567 */
void page_number(struct page *p, uint64_t n);
/* "1 file", "2 files" */
void page_count(struct page *p, uint64_t n, const char *one, const char *many);
void page_digest(struct page *p, const struct digest *d);
/* 2026-07-11 09:08:07 UTC, with its machine-readable form beside it */
void page_time(struct page *p, int64_t seconds);
void page_verdict(struct page *p, enum verdict v);
/* The text alone where the route has no path. */
void page_link(struct page *p, const struct route *to, const char *text);

/* Everything around <main>: `title` comes before the node's name. */
void page_begin(struct page *p, const char *node, const char *title);
void page_end(struct page *p);

/* Rows of a description list; page_field is both around one text. */
void page_term(struct page *p, const char *term);
void page_term_end(struct page *p);
void page_field(struct page *p, const char *term, const char *text);
void page_field_digest(struct page *p, const char *term,
    const struct maybe_digest *d);

#endif
