/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_PREDICATE_H
#define RB_ATTEST_PREDICATE_H

#include "common/attest/statement.h"

/*
 * The members of a statement's predicate, between its braces: one table says
 * how each is called, where it lies in the struct and how it is spelled, and
 * both directions follow it.  What they must hold is statement_check's
 * business.
 */

/* Appends; on failure a part may have been appended. */
enum rb_err predicate_put(const struct statement *s, struct buf *out,
    struct fault *why) RB_CHECK;
/* Into a statement that holds nothing yet; on failure it may hold a part. */
enum rb_err predicate_take(struct span *in, struct statement *s,
    struct fault *why) RB_CHECK;
/* Frees every text of the predicate; the pointers stay. */
void predicate_clear(struct statement *s);

#endif
