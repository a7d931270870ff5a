/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_VERDICT_H
#define RB_REBUILDER_VERDICT_H

#include "rebuilder/trip.h"

/*
 * What was found out about one published file, before it becomes a
 * statement.  Only rebuilder-compare makes VERDICT_REPRODUCED.
 */
struct finding {
	const struct listed *published; /* borrowed */
	enum verdict verdict;
	char *reason;                   /* owned; NULL for reproduced */
	struct digest rebuilt;          /* REPRODUCED and DIFFERS */
	uint64_t rebuilt_size;
	struct maybe_digest difference; /* report in the depot */
};

void finding_clear(struct finding *f);

/* The statement of a finding; `out` is cleared by the caller. */
enum rb_err verdict_statement(const struct trip *t, const struct finding *f,
    uint64_t attempt, struct statement *out) RB_CHECK;

/*
 * Has the attestor sign and log it; its digest and the leaf's index.
 * Idempotent: the very same statement has one leaf.
 */
enum rb_err verdict_submit(struct trip *t, const struct statement *s,
    struct digest *statement, uint64_t *leaf) RB_CHECK;
/* RB_ENOTFOUND: no leaf of the log is this statement. */
enum rb_err verdict_find(struct trip *t, const struct digest *statement,
    uint64_t *leaf) RB_CHECK;

/*
 * Answers from memory when the same source, inputs, recipe and published
 * files were compared before.  RB_ENOTFOUND: they were not, or the log does
 * not say so, because it is another one.
 */
enum rb_err verdict_recall(struct trip *t) RB_CHECK;
enum rb_err verdict_remember(struct trip *t, const struct result *results,
    size_t n) RB_CHECK;

#endif
