/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_EVIDENCE_H
#define RB_HTTPD_EVIDENCE_H

#include "httpd/route.h"
#include "httpd/view.h"

/*
 * Answers for updaters: bundles (common/attest/bundle.h) with one
 * checkpoint.  A file that nobody tried is answered with a bundle without
 * evidence, since the checkpoint in it says as of when.
 */
#define EVIDENCE_DIGESTS_MAX 1000 /* in one POST */
/* Such that the JSON stays below BUNDLE_ANSWER_MAX: evidence.c proves it. */
#define EVIDENCE_MAX 2048         /* pieces in one answer */
#define EVIDENCE_BYTES_MAX (8 * 1024 * 1024) /* envelopes in one answer */
/* A POST of so many digests, and no more. */
#define EVIDENCE_BODY_MAX (EVIDENCE_DIGESTS_MAX * (DIGEST_HEX_LEN + 1))

/*
 * RB_ELIMIT: the answer would pass a limit; RB_ESTALE: the log has no
 * checkpoint yet.  Appends to `json`.
 */
enum rb_err evidence_for_route(const struct view *v, const struct route *r,
    struct buf *json, struct fault *why) RB_CHECK;
/* Sorts the digests. */
enum rb_err evidence_for_digests(const struct view *v, struct digest *digests,
    size_t n, struct buf *json, struct fault *why) RB_CHECK;

/*
 * The body of a POST: digests, one a line, each line ended.  `out` has room
 * for EVIDENCE_DIGESTS_MAX.
 */
enum rb_err batch_parse(struct span body, struct digest *out, size_t *n,
    struct fault *why) RB_CHECK;

#endif
