/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GIT_TREE_H
#define RB_REBUILDER_GIT_TREE_H

#include "rebuilder/judge/git/git_id.h"

enum git_mode {
	GIT_MODE_FILE = 0100644,
	GIT_MODE_PROGRAM = 0100755,
	GIT_MODE_SYMLINK = 0120000,
	GIT_MODE_DIRECTORY = 040000,
	GIT_MODE_SUBMODULE = 0160000, /* the id is a commit of another place */
};

struct git_tree_entry {
	enum git_mode mode;
	struct span name; /* borrowed */
	struct git_id id;
};

#define GIT_TREE_ENTRIES_MAX 100000
#define GIT_NAME_MAX 255

/*
 * A whole tree object: entries in git's order, no name twice (be it once as
 * file and once as directory), each a plain name that is not "." or ".." or
 * a spelling of ".git", of a mode above.
 */
enum rb_err git_tree_check(struct span tree, struct fault *why) RB_CHECK;
/* Cuts off the next entry.  RB_ENOTFOUND behind the last. */
enum rb_err git_tree_take(struct span *tree, struct git_tree_entry *out)
    RB_CHECK;
/* In a tree that was checked.  RB_ENOTFOUND: it is not there. */
enum rb_err git_tree_find(struct span tree, const char *name,
    struct git_tree_entry *out) RB_CHECK;

#endif
