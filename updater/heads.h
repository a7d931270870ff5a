/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_UPDATER_HEADS_H
#define RB_UPDATER_HEADS_H

#include "common/attest/checkpoint.h"
#include "updater/decision.h"

#define HEAD_STRANGER SIZE_MAX

/* A checkpoint of the bundle, opened once for all evidence below it. */
struct head {
	size_t node; /* in policy.nodes; HEAD_STRANGER: of none of them */
	bool is_signed;
	struct checkpoint cp;
};

/*
 * Opens all checkpoints of the bundle into `heads` (room for as many), and
 * marks in `reports` (one for each node) who signed two logs of one size.
 * Errors are this machine's alone.
 */
enum rb_err heads_open(const struct policy *policy, const struct bundle *bundle,
    struct head *heads, struct node_report *reports) RB_CHECK;

/* The machine failed: such a code is never a word about evidence. */
bool rc_is_ours(enum rb_err rc);

#endif
