/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTESTOR_SUBMISSION_H
#define RB_ATTESTOR_SUBMISSION_H

#include "attestor/truth.h"
#include "common/attest/statement.h"
#include "common/process/msg.h"

/*
 * What rebuilder hands over: a statement and the blobs that it names, each
 * read whole and checked against its digest.  Who owns rebuilder decides
 * what a statement says, and nothing about its form.
 */
#define SUBMISSION_INPUTS_MAX (16 * 1024 * 1024)
#define SUBMISSION_LOG_MAX (64 * 1024 * 1024) /* compressed */
#define SUBMISSION_DIFFERENCE_MAX (4 * 1024 * 1024)

struct submission {
	struct buf bytes; /* owned: the statement as it will be signed */
	struct digest digest; /* of bytes */
	struct statement statement;
	struct truth_blob blobs[TRUTH_BLOBS_MAX];
	size_t nblobs;
};

void submission_init(struct submission *s);
void submission_clear(struct submission *s);

/*
 * Takes an ATTEST_VERDICT apart.  `node` is the only one whose statements
 * are taken.
 */
enum rb_err submission_take(const struct msg *m, const char *node,
    struct submission *out, struct fault *why) RB_CHECK;

/* The digests of blobs that a statement names. */
void statement_blobs(const struct statement *s,
    const struct maybe_digest *out[TRUTH_BLOBS_MAX]);

#endif
