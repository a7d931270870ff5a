/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <jansson.h>

#include "httpd/pages.h"

static void
put_counts(struct page *p, const struct view *v)
{
	static const enum verdict verdicts[] = { VERDICT_REPRODUCED,
		VERDICT_DIFFERS, VERDICT_FAILED, VERDICT_UNAVAILABLE };
	uint64_t n = 0;
	size_t i;

	page_raw(p,
	    "<section aria-labelledby=\"counts\">\n"
	    "<h2 id=\"counts\">All verdicts so far</h2>\n"
	    "<dl class=\"counts\">\n");
	for (i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		if (p->rc == RB_OK)
			p->rc = store_count(v->txn, verdicts[i], &n);
		page_raw(p, "<div><dt>");
		page_verdict(p, verdicts[i]);
		page_raw(p, "</dt><dd>");
		page_number(p, n);
		page_raw(p, "</dd></div>\n");
	}
	page_raw(p, "</dl>\n</section>\n");
}

static void
put_recent(struct page *p, const struct view *v, uint64_t before)
{
	struct route older = { .kind = ROUTE_BEFORE };
	uint64_t indexes[PAGE_BUILDS];
	size_t n = 0;

	while (n < PAGE_BUILDS && before > n) {
		indexes[n] = before - 1 - n;
		n++;
	}
	if (n == 0) {
		page_raw(p, "<p>Nothing has been rebuilt yet.</p>\n");
		return;
	}
	page_builds(p, v, BUILDS_OF_ALL, "What was rebuilt, newest first",
	    indexes, n);
	older.index = before - n;
	if (before == v->head.size && older.index == 0)
		return; /* this page is all there is */
	page_raw(p, "<nav class=\"pages\" aria-label=\"Older and newer\">");
	if (before < v->head.size)
		page_raw(p, "<a href=\"/\">Newest</a> ");
	if (older.index > 0)
		page_link(p, &older, "Older");
	page_raw(p, "</nav>\n");
}

static const char *
node_text(const json_t *node, const char *key)
{
	return json_string_value(json_object_get(node, key));
}

/* node.json was written by our own attestor; only two of its texts show. */
static void
put_node(struct page *p, const struct about *about, const struct view *v)
{
	json_t *node = NULL;
	struct span json;
	enum rb_err rc;

	if (p->rc != RB_OK)
		return;
	rc = store_node_json(v->txn, &json);
	if (rc != RB_OK && rc != RB_ENOTFOUND) {
		p->rc = rc;
		return;
	}
	if (rc == RB_OK)
		node = json_loadb((const char *)json.p, json.len, 0, NULL);

	page_raw(p,
	    "<section aria-labelledby=\"node\">\n"
	    "<h2 id=\"node\">This node</h2>\n<dl>\n");
	page_field(p, "Operator", about->operator_);
	page_field(p, "Name and log origin", about->node);
	if (node_text(node, "vkey") != NULL) {
		page_term(p, "Key");
		page_raw(p, "<code>");
		page_text(p, node_text(node, "vkey"));
		page_raw(p, "</code>");
		page_term_end(p);
	}
	page_term(p, "Signed log");
	if (v->note.len == 0) {
		page_raw(p, "has no checkpoint yet");
	} else {
		page_raw(p, "<a href=\"/log/checkpoint\">checkpoint</a> over ");
		page_count(p, v->head.size, "leaf", "leaves");
	}
	page_term_end(p);
	page_field(p, "Witnesses", node_text(node, "witnessing"));
	page_raw(p, "</dl>\n</section>\n");
	json_decref(node);
}

void
page_dashboard(struct page *p, const struct about *about, const struct view *v,
    uint64_t before)
{
	const bool is_first = before >= v->head.size;

	page_begin(p, about->node, is_first ? NULL : "Earlier builds");
	if (!is_first) {
		page_raw(p, "<h1>Earlier builds</h1>\n");
	} else {
		page_raw(p,
		    "<h1>Do the packages match their source?</h1>\n"
		    "<p class=\"lead\">This node builds published packages "
		    "again from their signed sources, on a machine without "
		    "network, and compares every byte. Each verdict is signed "
		    "and stands in a log that can only grow.</p>\n");
		if (about->has_release)
			page_raw(p,
			    "<p><a href=\"/release\">The release, component "
			    "by component</a></p>\n");
		put_counts(p, v);
	}
	put_recent(p, v, is_first ? v->head.size : before);
	if (is_first)
		put_node(p, about, v);
	page_end(p);
}
