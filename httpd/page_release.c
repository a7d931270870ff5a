/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "httpd/release_table.h"
#include "httpd/words.h"

static void
put_entry(struct page *p, const struct catalog_entry *e)
{
	const struct route build = { .kind = ROUTE_BUILD, .index = e->leaf };

	page_raw(p, "<li>");
	page_verdict(p, e->verdict);
	page_raw(p, " ");
	page_link(p, &build, e->package);
	page_raw(p, " <span class=\"which\">");
	page_text(p, e->version);
	page_raw(p, " ");
	page_text(p, e->arch);
	page_raw(p, " ");
	page_text(p, e->suite);
	page_raw(p, "</span>");
	if (e->reason != NULL) {
		page_raw(p, " <span class=\"why\">");
		page_text(p, reason_words(e->reason));
		page_raw(p, "</span>");
	}
	page_raw(p, " ");
	page_time(p, e->finished);
	page_raw(p, "</li>\n");
}

static void
put_cell(struct page *p, const struct release_table *t,
    const struct release_component *c, const char *distribution)
{
	const struct release_build *b = NULL;
	const struct catalog_entry *e;
	size_t i;

	for (i = 0; i < c->nbuilds && b == NULL; i++)
		if (strcmp(c->builds[i].distribution, distribution) == 0)
			b = &c->builds[i];
	page_raw(p, "<td>");
	e = release_entry(c, catalog_find(t->catalog, c->name, distribution));
	if (e != NULL) {
		page_raw(p, "<ul class=\"packages\">\n");
		for (; e != NULL; e = release_entry(c, e->next))
			put_entry(p, e);
		page_raw(p, "</ul>");
	} else if (b != NULL && strcmp(b->state, "none") != 0) {
		page_raw(p, "<p>Not tried yet</p>");
	}
	if (b != NULL) {
		page_raw(p, "<p class=\"why\">");
		page_text(p, b->state);
		if (b->note != NULL) {
			page_raw(p, ": ");
			page_text(p, b->note);
		}
		page_raw(p, "</p>");
	}
	page_raw(p, "</td>\n");
}

static void
put_component(struct page *p, const struct release_table *t,
    const struct release_component *c)
{
	size_t i;

	page_raw(p, "<tr><th scope=\"row\">");
	page_text(p, c->name);
	page_raw(p, " <span class=\"which\">");
	page_text(p, c->tag == NULL ? "no tag" : c->tag);
	page_raw(p, "</span> <span class=\"why\">");
	page_text(p, c->state);
	if (c->note != NULL) {
		page_raw(p, ": ");
		page_text(p, c->note);
	}
	page_raw(p, "</span>");
	for (i = 0; i < c->nalarms; i++) {
		page_raw(p,
		    "\n<p class=\"notice\" role=\"note\"><strong>Alarm."
		    "</strong> ");
		page_text(p, c->alarms[i]);
		page_raw(p, "</p>");
	}
	page_raw(p, "</th>\n");
	for (i = 0; i < t->doc->ndistributions; i++)
		put_cell(p, t, c, t->doc->distributions[i]);
	page_raw(p, "</tr>\n");
}

static void
put_table(struct page *p, const struct release_table *t)
{
	size_t i;

	page_raw(p,
	    "<table class=\"release\">\n"
	    "<caption>Components, in the order in which they are built"
	    "</caption>\n"
	    "<thead><tr><th scope=\"col\">Component</th>");
	for (i = 0; i < t->doc->ndistributions; i++) {
		page_raw(p, "<th scope=\"col\">");
		page_text(p, t->doc->distributions[i]);
		page_raw(p, "</th>");
	}
	page_raw(p, "</tr></thead>\n<tbody>\n");
	for (i = 0; i < t->doc->ncomponents && p->rc == RB_OK; i++)
		put_component(p, t, &t->doc->components[i]);
	page_raw(p, "</tbody>\n</table>\n");
}

void
page_release(struct page *p, const struct about *about,
    const struct release_table *t)
{
	page_begin(p, about->node, t->doc->name);
	page_raw(p, "<h1>");
	page_text(p, t->doc->name);
	page_raw(p,
	    "</h1>\n<p class=\"lead\">Every verdict here stands in the signed "
	    "log. Which components there are, which tag is the newest, and "
	    "what is being done, is what the node says of itself, as of ");
	page_time(p, (int64_t)t->doc->time);
	page_raw(p, ". <a href=\"/release.json\">For programs</a></p>\n");
	if (catalog_leaves(t->catalog) < t->view->head.size)
		page_raw(p,
		    "<p class=\"notice\" role=\"note\">The log is still being "
		    "read: the newest verdicts are missing.</p>\n");
	put_table(p, t);
	page_end(p);
}
