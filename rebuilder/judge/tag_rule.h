/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TAG_RULE_H
#define RB_REBUILDER_TAG_RULE_H

#include "common/base/digest.h"
#include "rebuilder/judge/tag_record.h"

/*
 * Which signatures on a commit count, and whether they suffice: the rule of
 * Qubes' builder, without what a stranger who may push could use against it.
 * Signers are counted by their primary keys, and only maintainers that were
 * listed; a tag must be signed under the name that its ref has, and a `v` tag
 * must say the version that its tree says; digests below SHA-256 do not
 * count; however many tags there are, each is looked at; what cannot count
 * does not keep the others from counting.
 */
#define TAG_ASKED_MAX 4096 /* gpgv runs for one commit */
#define MAINTAINERS_MAX 64
#define TAG_OBJECT_MAX (64u * 1024)
#define TAG_OBJECTS_MAX (64u * 1024 * 1024) /* of all for one commit */

/*
 * All that shows before a signature is looked at.  TAG_VALID: gpgv is to be
 * asked about `payload` and `signature`, one bare OpenPGP packet, which were
 * appended to.
 */
enum rb_err tag_examine(const struct candidate *c, enum tag_outcome *out,
    struct buf *payload, struct buf *signature) RB_CHECK;

struct tag_rule {
	struct tag_ground ground;
	enum commit_relation relation;
	struct span asked; /* name of a tag; empty: the newest */
	bool versions_only, commit_suffices, standing;
	bool all; /* tags of any commit: nothing is decided */
	struct span accepted_version; /* empty: none */
	uint64_t threshold;
	struct span maintainers[MAINTAINERS_MAX];
	size_t nmaintainers;
};

struct tag_judgement {
	enum tag_ruling ruling;
	struct span tag; /* borrowed from the candidates */
	struct git_id tag_id;
	struct digest tag_sha256;
	struct span signers[MAINTAINERS_MAX]; /* borrowed from the rule */
	size_t nsigners;
};

/*
 * Candidates and statuses as in frames.h, from other processes: whatever can
 * be checked again is.  Appends the outcomes.  RB_EFORMAT: the records do not
 * belong together.
 */
enum rb_err tag_judge(const struct tag_rule *rule, struct span candidates,
    struct span statuses, struct tag_judgement *out, struct buf *outcomes)
    RB_CHECK;

#endif
