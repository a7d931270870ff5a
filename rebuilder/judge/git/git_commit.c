/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/git_commit.h"

#include "rebuilder/judge/git/git_header.h"

enum rb_err
git_commit_parse(struct span bytes, struct git_commit *out)
{
	struct git_commit c = { .nparents = 0 };
	struct span value;
	struct git_id id;
	enum rb_err rc;

	if ((rc = git_header_take_id(&bytes, "tree", &c.tree)) != RB_OK)
		return rc;
	c.parents = bytes;
	while (span_starts(bytes, SPAN("parent "))) {
		if ((rc = git_header_take_id(&bytes, "parent", &id)) != RB_OK)
			return rc;
		c.nparents++;
	}
	c.parents.len -= bytes.len;
	if ((rc = git_header_take(&bytes, "author", &value)) != RB_OK ||
	    (rc = git_header_take(&bytes, "committer", &value)) != RB_OK)
		return rc;
	if (git_ident_time(value, &c.time) != RB_OK)
		c.time = 0;
	c.rest = bytes;
	*out = c;
	return RB_OK;
}

enum rb_err
git_parent_take(struct span *parents, struct git_id *out)
{
	if (parents->len == 0)
		return RB_ENOTFOUND;
	return git_header_take_id(parents, "parent", out);
}
