/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/qubesbuilder.h"

/* Every text here passed a rule that leaves nothing to escape. */
static enum rb_err
write_list(const char *indent, const char *key, const struct span *list,
    size_t n, struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = buf_printf(out, "%s%s:%s\n", indent, key,
		 n == 0 ? " []" : "")) != RB_OK)
		return rc;
	for (i = 0; i < n; i++)
		if ((rc = buf_printf(out, "%s- '%.*s'\n", indent,
			 (int)list[i].len, (const char *)list[i].p)) != RB_OK)
			return rc;
	return RB_OK;
}

static enum rb_err
write_file(const struct builder_file *f, struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(out, "  - url: '%.*s'\n    uncompress: %s\n",
		 (int)f->url.len, (const char *)f->url.p,
		 f->uncompress ? "true" : "false")) != RB_OK)
		return rc;
	switch (f->check) {
	case CHECK_SHA256:
	case CHECK_SHA512:
		return buf_printf(out, "    %s: '%.*s'\n",
		    f->check == CHECK_SHA256 ? "sha256" : "sha512",
		    (int)f->sum.len, (const char *)f->sum.p);
	case CHECK_SIGNATURE:
		if ((rc = buf_printf(out, "    signature: '%.*s'\n",
			 (int)f->signature.len,
			 (const char *)f->signature.p)) != RB_OK)
			return rc;
		return write_list("    ", "pubkeys", f->keys, f->nkeys, out);
	}
	return RB_EINTERNAL;
}

enum rb_err
qubesbuilder_write(const struct qubesbuilder *q, struct span distribution,
    struct buf *out)
{
	size_t before = out->len;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = buf_printf(out, "%.*s:\n  deb:\n", (int)distribution.len,
		 (const char *)distribution.p)) != RB_OK ||
	    (rc = write_list("    ", "build", q->builds, q->nbuilds, out)) !=
		RB_OK ||
	    (rc = buf_printf(out,
		 "    source:\n      commands: []\nsource:\n"
		 "  create-archive: %s\n",
		 q->makes_archive ? "true" : "false")) != RB_OK ||
	    (rc = write_list("  ", "modules", q->modules, q->nmodules, out)) !=
		RB_OK ||
	    (rc = buf_printf(out, "  files:%s\n",
		 q->nfiles == 0 ? " []" : "")) != RB_OK)
		goto out;
	for (i = 0; i < q->nfiles; i++)
		if ((rc = write_file(&q->files[i], out)) != RB_OK)
			goto out;
	rc = RB_OK;
out:
	if (rc != RB_OK)
		out->len = before;
	return rc;
}
