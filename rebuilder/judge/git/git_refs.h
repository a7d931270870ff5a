/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GIT_REFS_H
#define RB_REBUILDER_GIT_REFS_H

#include "rebuilder/judge/git/git_id.h"

/*
 * What a git server says that it has (gitprotocol-http(5), "Smart Server
 * Response" to git-upload-pack, protocol version 0): one branch and all
 * tags.  The server's word alone; nothing here is signed.
 */
#define GIT_REFS_BYTES_MAX (64u * 1024 * 1024)
#define GIT_TAGS_MAX 100000

struct git_ref {
	struct span name; /* borrowed: behind "refs/tags/" */
	struct git_id id;
	bool is_peeled; /* the server says that it is an annotated tag */
	struct git_id peeled; /* and what it says that the tag is for */
};

struct git_refs {
	struct git_id head; /* of the branch */
	struct git_ref *tags; /* owned; by name */
	size_t n;
	/* Tags with a name that no ref here may have: passed over. */
	size_t nskipped;
};

#define GIT_REFS_INIT { GIT_ID_INIT, NULL, 0, 0 }

void git_refs_clear(struct git_refs *r);

/*
 * RB_ENOTFOUND: no such branch.  RB_EREFUSED: a repository of another object
 * format, or the server's own words why not.
 */
enum rb_err git_refs_parse(struct span advertisement, struct span branch,
    struct git_refs *out, struct fault *why) RB_CHECK;

/* NULL: no such tag. */
const struct git_ref *git_refs_find(const struct git_refs *r, struct span name)
    RB_CHECK;

#endif
