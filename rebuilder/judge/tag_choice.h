/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TAG_CHOICE_H
#define RB_REBUILDER_TAG_CHOICE_H

#include "rebuilder/judge/git/pack_reader.h"
#include "rebuilder/judge/tag_rule.h"

/* Which commit of a repository is meant, and which tags there are for it. */
struct tag_wish {
	struct git_id head;  /* of the branch */
	struct span tag;     /* asked for by name; empty: the newest */
	bool versions_only;
	bool with_commit;
	bool all; /* candidates are all tags, not those of the commit alone */
	bool has_accepted;
	struct git_id accepted; /* when has_accepted */
};

/* What a commit's object and tree tell of it. */
struct told {
	int64_t time;
	bool has_version;
	char version[TAG_VERSION_MAX + 1], release[TAG_VERSION_MAX + 1];
};

struct tag_choice {
	struct git_id commit;
	struct told told;
	enum commit_relation relation;
	struct buf candidates; /* owned: records of frames.h */
	uint32_t ncandidates;
	size_t bytes; /* of the objects in them */
};

void tag_choice_clear(struct tag_choice *c);

enum rb_err tag_choose(struct pack_reader *r, const struct git_refs *refs,
    const struct tag_wish *wish, struct tag_choice *out, struct fault *why)
    RB_CHECK;

/*
 * The first line of a file that holds nothing but a version ("4.3.19"), or a
 * release ("1").  RB_EFORMAT: it is none.
 */
enum rb_err tag_version_parse(struct span file, struct span *out) RB_CHECK;

#endif
