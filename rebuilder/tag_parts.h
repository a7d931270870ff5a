/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TAG_PARTS_H
#define RB_REBUILDER_TAG_PARTS_H

#include "common/process/msg.h"
#include "rebuilder/tag.h"

/* For tag alone: the questions that it asks the judge, one after the other. */

/* What the judge says of a commit. */
struct tag_ground {
	char commit[TAG_ID_LEN + 1];
	char *version, *release; /* owned; "": none */
	uint8_t has_version, relation;
	uint64_t time;
	uint32_t ncandidates;
	struct buf candidates; /* owned */
};

void tag_ground_clear(struct tag_ground *g);

/* An id as text, or nothing at all. */
enum rb_err tag_take_id(struct span *in, char out[TAG_ID_LEN + 1]) RB_CHECK;
/* A file in memory for the judge to fill; and what it then holds. */
enum rb_err tag_output(int *fd) RB_CHECK;
enum rb_err tag_output_read(int fd, struct buf *out) RB_CHECK;

/*
 * Which commit is meant, and the tags for it.  `index` is filled for the
 * questions about the same pack that follow.
 */
enum rb_err tag_ask_commit(const struct tag_question *q,
    const struct tag_refs *refs, bool all, int pack, int index,
    struct tag_ground *g, struct fault *why) RB_CHECK;

/* What the rule is asked for. */
enum tag_purpose {
	TAG_TO_ACCEPT,
	TAG_STANDING, /* it was accepted before */
	TAG_TO_COUNT, /* all tags, of any commit */
};

/* Whether the signatures suffice, by what gpgv said of each. */
enum rb_err tag_ask_rule(const struct tag_question *q,
    const struct tag_ground *g, struct span statuses, enum tag_purpose purpose,
    struct tagged *t, struct fault *why) RB_CHECK;

/* The tar of the commit, and what the caller wants to know of it. */
enum rb_err tag_add_tree(const struct tag_ground *g, int pack, int index,
    struct depot *depot, struct tagged *t, struct fault *why) RB_CHECK;

/* What was judged, in the depot, so that it can be judged again. */
enum rb_err tag_evidence_keep(const struct tag_ground *g, struct depot *depot,
    struct digest *out) RB_CHECK;
enum rb_err tag_evidence_take(struct span in, struct tag_ground *g) RB_CHECK;

#endif
