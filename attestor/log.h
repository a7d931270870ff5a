/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTESTOR_LOG_H
#define RB_ATTESTOR_LOG_H

#include "attestor/node_json.h"
#include "attestor/publishing.h"
#include "attestor/signing.h"
#include "attestor/submission.h"
#include "attestor/truth.h"

/*
 * This node's transparency log, in three places that a crash can leave at
 * three sizes: the signer's state, the truth, and what is served.  Their
 * order in time is always the same,
 *
 *   pending in the truth -> signer's state -> leaf in the truth -> served,
 *
 * each durable before the next, so that the signer is equal to the truth or
 * ahead of it by exactly the pending statement, and what is served is a
 * prefix of the truth.  Anything else is no crash, and log_begin refuses it.
 */
struct log {
	const struct node *node; /* borrowed */
	struct truth *truth;     /* owned */
	struct signing signing;
	struct publishing publishing;
	struct signing_state signer; /* as found at the start */
	struct publishing_state served; /* the same */
	struct frontier frontier;    /* of the truth */
	struct machine_kinds kinds;
};

void log_init(struct log *log);
void log_clear(struct log *log);

/*
 * Before the jail: connects to the signer, opens the truth and starts the
 * publisher.  `conf` is the path of node.yml.
 */
enum rb_err log_open(const struct node *node, const char *conf, struct log *out,
    struct fault *why) RB_CHECK;
/*
 * In the jail: reads the truth through, checks it against the signer,
 * finishes what was pending, and publishes what is not served yet.
 * RB_ESTALE, RB_ESIG, RB_EDIGEST: truth and signer contradict each other.
 */
enum rb_err log_begin(struct log *log, struct fault *why) RB_CHECK;

/* Which leaf a statement is.  RB_ENOTFOUND: none, or it is pending. */
enum rb_err log_find(struct log *log, const struct digest *statement,
    uint64_t *index, struct digest *leaf) RB_CHECK;

/*
 * Adds a statement, or finds it.  RB_EREFUSED: the statement may not be
 * added, and the log is as it was.  After any other error the log is to be
 * opened anew.
 */
enum rb_err log_append(struct log *log, const struct submission *s,
    uint64_t *index, struct digest *leaf, struct fault *why) RB_CHECK;

#endif
