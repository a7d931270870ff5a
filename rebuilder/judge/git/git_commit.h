/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GIT_COMMIT_H
#define RB_REBUILDER_GIT_COMMIT_H

#include "rebuilder/judge/git/git_id.h"

/*
 * A commit object.  Histories are old, and hold names and dates that no git
 * would write today: of a commit that only leads to another one, tree and
 * parents must be right and the rest is passed over, as git does.
 */
struct git_commit {
	struct git_id tree;
	struct span parents; /* borrowed: lines "parent <id>", all checked */
	size_t nparents;
	/* Of the committer; 0 when it cannot be read, as git has it. */
	int64_t time;
	/* Borrowed: the headers behind the committer, and the message. */
	struct span rest;
};

enum rb_err git_commit_parse(struct span bytes, struct git_commit *out)
    RB_CHECK;
/* Cuts the first parent off `parents`.  RB_ENOTFOUND behind the last. */
enum rb_err git_parent_take(struct span *parents, struct git_id *out) RB_CHECK;

#endif
