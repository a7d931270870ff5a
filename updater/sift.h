/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_UPDATER_SIFT_H
#define RB_UPDATER_SIFT_H

#include "common/attest/bundle.h"
#include "updater/roster.h"

/*
 * What is kept of a node's answer: well-formed evidence of this very node
 * about the files asked about (by digest, or by name with other bytes, which
 * explains a refusal).  The rest of a bucket is dropped.  Nothing is
 * verified; that is `decide`'s, with a policy in hand.
 *
 * A budget keeps a node from filling the bundle so that the others' evidence
 * finds no room.
 */
struct sieve {
	const struct roster *roster; /* borrowed */
	const char *origin;          /* borrowed; of the node */
	/* The node's budget. */
	size_t checkpoints_left, evidence_left, bytes_left;
	size_t nkept, nstrangers;
	/* The last other origin that it answered with; "" for none. */
	char stranger[KEY_NAME_MAX + 1];
	bool was_full; /* something was dropped for the budget's sake */
};

/*
 * RB_EFORMAT, RB_ELIMIT: the answer is no bundle of one checkpoint; nothing
 * was kept of it.
 */
enum rb_err sift(struct sieve *s, struct span json, struct bundle *to,
    struct fault *why) RB_CHECK;

#endif
