/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GIT_TAG_H
#define RB_REBUILDER_GIT_TAG_H

#include "rebuilder/judge/git/git_id.h"

/*
 * An annotated tag: exactly the headers object, type, tag and tagger, a blank
 * line and the message with its signature; no zero byte anywhere.
 */
struct git_tag {
	struct git_id object;
	enum git_type type; /* of the object, as the tag says */
	struct span name;   /* borrowed: what was signed, whatever the ref */
	int64_t time;       /* of the tagger */
	struct span message; /* borrowed */
};

enum rb_err git_tag_parse(struct span bytes, struct git_tag *out) RB_CHECK;

/*
 * git-check-ref-format(1), of what stands behind "refs/tags/" or
 * "refs/heads/"; besides, no byte that is not printable ASCII.
 */
#define GIT_REF_NAME_MAX 255
bool git_ref_name_is_valid(struct span name);

#endif
