/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_STATEMENT_RULES_H
#define RB_ATTEST_STATEMENT_RULES_H

#include "common/attest/statement.h"

/*
 * The rules of FORMATS.md, "Statement", that concern more than one member,
 * or the words that a member may hold.  RB_EFORMAT names the one broken.
 * That a member is there at all, and its spelling, is statement.c's business.
 */
enum rb_err statement_check(const struct statement *s, struct fault *why)
    RB_CHECK;

#endif
