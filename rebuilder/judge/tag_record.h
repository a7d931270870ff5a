/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TAG_RECORD_H
#define RB_REBUILDER_TAG_RECORD_H

#include "common/base/buf.h"
#include "common/process/frames.h"
#include "rebuilder/judge/git/git_refs.h"

/* The records of JUDGE_REFS, JUDGE_COMMIT and JUDGE_TAGS in frames.h. */
enum rb_err git_refs_put(const struct git_refs *r, struct buf *out) RB_CHECK;
/* Tags by name, each once; `head` is not among the records. */
enum rb_err git_refs_take(struct span in, struct git_refs *out) RB_CHECK;

/* A commit, and what its tree says of itself; all borrowed. */
#define TAG_VERSION_MAX 100
struct tag_ground {
	bool has_commit; /* else the tag is for something else */
	struct git_id commit;
	bool has_version;
	/* Empty: no such file, or not a version. */
	struct span version, release;
};

bool tag_ground_equal(const struct tag_ground *a, const struct tag_ground *b);

struct candidate {
	enum candidate_kind kind;
	struct span ref; /* borrowed, as all here */
	struct git_id id;
	struct tag_ground ground;
	struct span object, payload, signature;
};

enum rb_err candidate_put(const struct candidate *c, struct buf *out) RB_CHECK;
enum rb_err candidate_take(struct span *in, struct candidate *out) RB_CHECK;

/* An id as text. */
enum rb_err put_git_id(struct buf *b, const struct git_id *id) RB_CHECK;
enum rb_err take_git_id(struct span *in, struct git_id *out) RB_CHECK;

/* A byte that is 0 or 1. */
enum rb_err take_bool(struct span *in, bool *out) RB_CHECK;

#endif
