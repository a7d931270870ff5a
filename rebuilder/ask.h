/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_ASK_H
#define RB_REBUILDER_ASK_H

#include "common/process/msg.h"

/*
 * Asks a pure role (judge, compare, explain) one question in a process that
 * lives for this question alone.  The question's descriptors are closed
 * afterwards.  FRAME_REFUSED comes back as RB_EREFUSED with its sentence, and
 * JUDGE_REFUSED as that or what it says: RB_ENOTFOUND, RB_ESTALE, RB_ESIG,
 * RB_EDIGEST, which tell what may be otherwise tomorrow from what is not;
 * any type but `expected`, silence for `seconds` or the role's death as
 * RB_EPEER or RB_ETIME with ours.
 */
enum rb_err ask_role(const char *program, struct msg *question,
    uint16_t expected, unsigned int seconds, struct msg *answer,
    struct fault *why) RB_CHECK;

/*
 * The same for rebuilder-compare, which alone has two answers: COMPARE_SAME
 * and COMPARE_DIFFERENT.
 */
enum rb_err ask_compare(struct msg *question, unsigned int seconds,
    struct msg *answer, struct fault *why) RB_CHECK;

/*
 * Until an answer can be read.  RB_ETIME: none came, or the leash of this
 * thread is at its end (rebuilder/leash.h).
 */
enum rb_err ask_wait(int fd, unsigned int seconds) RB_CHECK;

/* Adds a duplicate of `fd`, which stays the caller's. */
enum rb_err ask_add_copy(struct msg *m, int fd) RB_CHECK;

#endif
