/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/pages.h"

#define STATUS_NOT_FOUND 404

void
page_error(struct page *p, const struct about *about, unsigned int status,
    const char *why)
{
	const char *title = "No answer";

	if (status == STATUS_NOT_FOUND)
		title = "Not here";
	page_begin(p, about->node, title);
	page_raw(p, "<h1>");
	page_text(p, title);
	page_raw(p, "</h1>\n<p>");
	page_number(p, status);
	page_raw(p, ": ");
	page_text(p, why);
	page_raw(p, ".</p>\n<p><a href=\"/\">What was rebuilt</a></p>\n");
	page_end(p);
}
