/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTESTOR_LOG_PARTS_H
#define RB_ATTESTOR_LOG_PARTS_H

#include "attestor/log.h"

/* Steps that a start and an append share. */

/* A leaf of the truth; `s` is initialised and cleared by the caller. */
enum rb_err log_read_leaf(struct log *log, uint64_t index, struct buf *envelope,
    struct statement *s) RB_CHECK;
/*
 * Has the pending statement signed and makes it the next leaf of the truth.
 * RB_EREFUSED: the signer refused, and it is still pending.
 */
enum rb_err log_submit(struct log *log, struct span statement,
    struct fault *why) RB_CHECK;
/* Serves the leaves from `from` on, the newest checkpoint and node.json. */
enum rb_err log_publish(struct log *log, uint64_t from) RB_CHECK;

#endif
