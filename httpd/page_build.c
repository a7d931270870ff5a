/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "httpd/pages.h"
#include "httpd/words.h"

static void
put_section(struct page *p, const char *title)
{
	page_raw(p, "<section>\n<h2>");
	page_text(p, title);
	page_raw(p, "</h2>\n<dl>\n");
}

static void
put_section_end(struct page *p)
{
	page_raw(p, "</dl>\n</section>\n");
}

static void
put_bytes(struct page *p, uint64_t size)
{
	page_term(p, "Size");
	page_count(p, size, "byte", "bytes");
	page_term_end(p);
}

static void
put_moment(struct page *p, const char *term, int64_t seconds)
{
	page_term(p, term);
	page_time(p, seconds);
	page_term_end(p);
}

static void
put_digest(struct page *p, const char *term, const struct digest *d)
{
	const struct maybe_digest set = { true, *d };

	page_field_digest(p, term, &set);
}

static void
put_verdict(struct page *p, const struct statement *s)
{
	page_raw(p, "<p class=\"lead\">");
	page_verdict(p, s->verdict);
	page_raw(p, " ");
	page_text(p, verdict_words(s->verdict));
	if (s->reason != NULL) {
		page_raw(p, " The reason: ");
		page_text(p, reason_words(s->reason));
		page_raw(p, ".");
	}
	page_raw(p, "</p>\n");
}

static void
put_published(struct page *p, const struct statement *s)
{
	put_section(p, "The published file");
	page_field(p, "File", s->published.file);
	put_digest(p, "SHA-256", &s->published.sha256);
	put_bytes(p, s->published.size);
	page_field(p, "Repository", s->published.repository);
	page_field(p, "Suite", s->published.suite);
	page_field(p, "Path", s->published.path);
	put_digest(p, "SHA-256 of the signed index", &s->published.metadata);
	put_moment(p, "Seen", s->published.seen);
	put_section_end(p);
}

static void
put_rebuilt(struct page *p, const struct statement *s)
{
	if (!s->rebuilt.sha256.is_set)
		return;
	put_section(p, "The rebuilt file");
	page_field_digest(p, "SHA-256", &s->rebuilt.sha256);
	put_bytes(p, s->rebuilt.size);
	page_field(p, "Compared", compared_words(s->rebuilt.compared));
	put_section_end(p);
}

static void
put_source(struct page *p, const struct statement *s)
{
	size_t i;

	put_section(p, "The source");
	page_field(p, "Repository", s->source.repository);
	page_field(p, "Name", s->source.name);
	page_field(p, "Version", s->source.version);
	page_field_digest(p, "Source description (.dsc)", &s->source.dsc);
	page_field(p, "Tag", s->source.tag);
	page_field(p, "Tag object", s->source.tag_object);
	page_field(p, "Commit", s->source.commit);
	page_field_digest(p, "SHA-256 of the tag", &s->source.tag_sha256);
	page_field_digest(p, "SHA-256 of the tree", &s->source.tree_sha256);
	if (s->source.nsigners > 0) {
		page_term(p, "Signed by");
		for (i = 0; i < s->source.nsigners; i++) {
			page_raw(p, "<code>");
			page_text(p, s->source.signers[i]);
			page_raw(p, "</code> ");
		}
		page_term_end(p);
	}
	put_section_end(p);
}

static void
put_environment(struct page *p, const struct statement *s)
{
	struct route list = { .kind = ROUTE_INPUTS };

	if (!s->inputs.sha256.is_set && s->environment.recipe == NULL)
		return;
	put_section(p, "What entered the build besides the source");
	if (s->inputs.sha256.is_set) {
		page_term(p, "Inputs");
		page_count(p, s->inputs.count, "file", "files");
		page_raw(p, ", each by its digest, in the ");
		list.digest = s->inputs.sha256.value;
		page_link(p, &list, "input list");
		page_term_end(p);
	}
	page_field(p, "Distribution", s->environment.distribution);
	page_field(p, "Release", s->environment.release);
	page_field(p, "Architecture", s->environment.arch);
	page_field(p, "Recipe", s->environment.recipe);
	page_field_digest(p, "SHA-256 of the recipe",
	    &s->environment.recipe_sha256);
	page_field_digest(p, "SHA-256 of the environment",
	    &s->environment.layer);
	page_field_digest(p, "Build record (.buildinfo)",
	    &s->environment.buildinfo);
	page_field(p, "Equal to the build record", s->environment.equal);
	put_section_end(p);
}

static void
put_machine(struct page *p, const struct statement *s)
{
	put_section(p, "The machine");
	page_field(p, "Kind", machine_words(s->machine.kind));
	page_field_digest(p, "SHA-256 of its image", &s->machine.image);
	page_field_digest(p, "SHA-256 of its kernel", &s->machine.kernel);
	page_field(p, "Network", s->machine.network);
	page_field(p, "Clock", s->machine.clock);
	put_moment(p, "Started", s->started);
	put_moment(p, "Finished", s->finished);
	page_field(p, "Rebuilt by", s->builder.node);
	page_field(p, "Program version", s->builder.version);
	put_digest(p, "SHA-256 of the program", &s->builder.program);
	put_section_end(p);
}

static void
put_item(struct page *p, const struct route *to, const char *text,
    const char *what)
{
	page_raw(p, "<li>");
	page_link(p, to, text);
	page_raw(p, ": ");
	page_text(p, what);
	page_raw(p, "</li>\n");
}

static void
put_behind(struct page *p, const struct statement *s, uint64_t index)
{
	struct route to = { .kind = ROUTE_BUILD_LOG, .index = index };

	page_raw(p, "<section>\n<h2>What stands behind it</h2>\n<ul>\n");
	if (s->log.is_set)
		put_item(p, &to, "Build log", "what the build printed");
	to.kind = ROUTE_BUILD_DIFFERENCE;
	if (s->difference.is_set)
		put_item(p, &to, "Difference", "what differs, and where");
	if (s->inputs.sha256.is_set) {
		to.kind = ROUTE_INPUTS;
		to.digest = s->inputs.sha256.value;
		put_item(p, &to, "Input list",
		    "every package that entered the build");
	}
	to.kind = ROUTE_BUILD_ENVELOPE;
	put_item(p, &to, "Envelope", "this verdict, signed");
	to.kind = ROUTE_BUILD_PROOF;
	put_item(p, &to, "Proof", "that it stands in the log");
	to.kind = ROUTE_EVIDENCE_FILE;
	to.digest = s->published.sha256;
	put_item(p, &to, "Evidence",
	    "all that this node has signed about this file");
	page_raw(p, "</ul>\n</section>\n");
}

/* The package's name, as a link to all attempts, and which of them this is. */
static void
put_title(struct page *p, const struct statement *s, uint64_t index,
    struct route *package)
{
	page_raw(p, "<h1>");
	page_text(p, s->published.name);
	page_raw(p, " <span class=\"which\">");
	page_text(p, s->published.version);
	page_raw(p, " ");
	page_text(p, s->published.arch);
	page_raw(p, "</span></h1>\n");
	put_verdict(p, s);
	page_raw(p, "<p>Attempt ");
	page_number(p, s->attempt);
	page_raw(p, ", leaf ");
	page_number(p, index);
	page_raw(p, " of the log. ");
	page_link(p, package, "All attempts at this package");
	page_raw(p, "</p>\n");
}

/* RB_EFORMAT where a text is absent or longer than a path may hold. */
static enum rb_err
route_to_package(const struct statement *s, struct route *out)
{
	const char *from[] = { s->published.repository, s->published.name,
		s->published.version, s->published.arch };
	char *to[] = { out->repository, out->name, out->version, out->arch };
	size_t i, len;

	out->kind = ROUTE_PACKAGE;
	for (i = 0; i < sizeof(to) / sizeof(to[0]); i++) {
		if (from[i] == NULL)
			return RB_EFORMAT;
		for (len = 0; from[i][len] != '\0'; len++) {
			if (len == ROUTE_TEXT_MAX)
				return RB_EFORMAT;
			to[i][len] = from[i][len];
		}
		to[i][len] = '\0';
	}
	return RB_OK;
}

enum rb_err
page_build(struct page *p, const struct about *about, const struct view *v,
    uint64_t index, struct fault *why)
{
	struct route *package = NULL;
	struct statement s;
	enum rb_err rc = RB_EINTERNAL;

	statement_init(&s);
	if ((rc = view_statement(v, index, &s, why)) != RB_OK)
		goto out;
	rc = RB_ENOMEM;
	if ((package = calloc(1, sizeof(*package))) == NULL)
		goto out;
	if ((rc = route_to_package(&s, package)) != RB_OK)
		goto out;

	page_begin(p, about->node, s.published.file);
	put_title(p, &s, index, package);
	put_behind(p, &s, index);
	put_published(p, &s);
	put_rebuilt(p, &s);
	put_source(p, &s);
	put_environment(p, &s);
	put_machine(p, &s);
	page_end(p);
out:
	free(package);
	statement_clear(&s);
	return rc;
}
