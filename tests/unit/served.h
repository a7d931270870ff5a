/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_SERVED_H
#define TESTS_FLOW_SERVED_H

#include "common/attest/key.h"
#include "common/attest/statement.h"

/*
 * A served store as attestor would leave it, with statements that look like
 * those of a Debian node and are signed by a key made for it.
 */
#define SERVED_NODE "rebuilder.example/log"

/* Four verdicts in turn; leaf `i` is about served_statement(i). */
enum rb_err served_make(const char *directory, uint64_t leaves,
    struct vkey *key) RB_CHECK;
/* What leaf `i` says, and the blobs behind it. */
enum rb_err served_statement(uint64_t i, struct statement *out) RB_CHECK;
/* The log of leaf `i`, before it was compressed. */
enum rb_err served_log(uint64_t i, struct buf *out) RB_CHECK;
enum rb_err served_difference(uint64_t i, struct buf *out) RB_CHECK;
enum rb_err served_inputs(uint64_t i, struct buf *out) RB_CHECK;

#endif
