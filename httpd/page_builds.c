/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "httpd/pages.h"
#include "httpd/words.h"

/* Where one package is meant, its attempts differ by their number alone. */
static void
put_name(struct page *p, enum builds_of of, uint64_t index,
    const struct statement *s)
{
	const struct route build = { .kind = ROUTE_BUILD, .index = index };
	char attempt[32];

	if (of == BUILDS_OF_ONE_PACKAGE) {
		snprintf(attempt, sizeof(attempt), "Attempt %" PRIu64,
		    s->attempt);
		page_link(p, &build, attempt);
		return;
	}
	page_link(p, &build, s->published.name);
	page_raw(p, " <span class=\"which\">");
	page_text(p, s->published.version);
	page_raw(p, " ");
	page_text(p, s->published.arch);
	page_raw(p, "</span>");
}

static void
put_row(struct page *p, enum builds_of of, uint64_t index,
    const struct statement *s)
{
	page_raw(p, "<tr><th scope=\"row\">");
	put_name(p, of, index, s);
	page_raw(p, "</th>\n<td>");
	page_verdict(p, s->verdict);
	if (s->reason != NULL) {
		page_raw(p, " <span class=\"why\">");
		page_text(p, reason_words(s->reason));
		page_raw(p, "</span>");
	}
	page_raw(p, "</td>\n<td>");
	page_time(p, s->finished);
	page_raw(p, "</td></tr>\n");
}

/* A leaf that cannot be read is shown as such; the others are still there. */
static void
put_unreadable(struct page *p, uint64_t index)
{
	page_raw(p, "<tr><th scope=\"row\">Build ");
	page_number(p, index);
	page_raw(p,
	    "</th>\n<td colspan=\"2\">cannot be read from this "
	    "node’s store</td></tr>\n");
}

void
page_builds(struct page *p, const struct view *v, enum builds_of of,
    const char *caption, const uint64_t *indexes, size_t n)
{
	struct statement s;
	enum rb_err rc;
	size_t i;

	page_raw(p, "<table>\n<caption>");
	page_text(p, caption);
	page_raw(p,
	    "</caption>\n"
	    "<thead><tr><th scope=\"col\">");
	page_text(p, of == BUILDS_OF_ALL ? "Package" : "Attempt");
	page_raw(p,
	    "</th>"
	    "<th scope=\"col\">Verdict</th>"
	    "<th scope=\"col\">Finished</th></tr></thead>\n"
	    "<tbody>\n");
	for (i = 0; i < n && p->rc == RB_OK; i++) {
		statement_init(&s);
		rc = view_statement(v, indexes[i], &s, NULL);
		if (rc == RB_OK)
			put_row(p, of, indexes[i], &s);
		else if (rc == RB_ENOMEM)
			p->rc = rc;
		else
			put_unreadable(p, indexes[i]);
		statement_clear(&s);
	}
	page_raw(p, "</tbody>\n</table>\n");
}
