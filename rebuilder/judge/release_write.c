/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/release_file.h"

/* Every text here passed a rule that leaves nothing to escape. */
static enum rb_err
write_names(const char *key, const struct release_entries *e, struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = buf_printf(out, "%s:%s\n", key, e->n == 0 ? " []" : "")) !=
	    RB_OK)
		return rc;
	for (i = 0; i < e->n; i++)
		if ((rc = buf_printf(out, "- '%.*s'\n",
			 (int)e->list[i].name.len,
			 (const char *)e->list[i].name.p)) != RB_OK)
			return rc;
	return RB_OK;
}

static const char *
mode_name(enum release_mode mode)
{
	switch (mode) {
	case MODE_TAG:
		return "signed-tag";
	case MODE_TAG_OR_COMMIT:
		return "less-secure-signed-commits-sufficient";
	case MODE_NOTHING:
		return "insecure-skip-checking";
	}
	return "signed-tag";
}

static enum rb_err
write_component(const struct release_component *c, struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = buf_printf(out,
		 "- '%.*s':\n    url: '%s'\n    branch: '%.*s'\n"
		 "    maintainers:%s\n",
		 (int)c->name.len, (const char *)c->name.p, c->url,
		 (int)c->branch.len, (const char *)c->branch.p,
		 c->nmaintainers == 0 ? " []" : "")) != RB_OK)
		return rc;
	for (i = 0; i < c->nmaintainers; i++)
		if ((rc = buf_printf(out, "    - '%.*s'\n",
			 (int)c->maintainers[i].len,
			 (const char *)c->maintainers[i].p)) != RB_OK)
			return rc;
	return buf_printf(out,
	    "    min-distinct-maintainers: %llu\n    verification-mode: %s\n"
	    "    fetch-versions-only: %s\n    packages: %s\n"
	    "    timeout: %llu\n",
	    (unsigned long long)c->min_distinct, mode_name(c->mode),
	    c->versions_only ? "true" : "false", c->packages ? "true" : "false",
	    (unsigned long long)c->timeout);
}

enum rb_err
release_file_write(const struct release_file *r, struct buf *out)
{
	size_t before = out->len;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = buf_printf(out, "qubes-release: '%.*s'\n", (int)r->name.len,
		 (const char *)r->name.p)) != RB_OK ||
	    (rc = write_names("distributions", &r->distributions, out)) !=
		RB_OK ||
	    (rc = write_names("templates", &r->templates, out)) != RB_OK ||
	    (rc = buf_printf(out, "components:%s\n",
		 r->ncomponents == 0 ? " []" : "")) != RB_OK)
		goto out;
	for (i = 0; i < r->ncomponents; i++)
		if ((rc = write_component(&r->components[i], out)) != RB_OK)
			goto out;
	rc = RB_OK;
out:
	if (rc != RB_OK)
		out->len = before;
	return rc;
}
