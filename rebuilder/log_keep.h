/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_LOG_KEEP_H
#define RB_REBUILDER_LOG_KEEP_H

#include "common/attest/statement.h"
#include "rebuilder/depot.h"

/*
 * Compresses what a machine printed (zstd) into the depot.  The bytes are
 * only packed, never read for meaning.
 */
enum rb_err log_keep(const struct depot *d, int fd, struct maybe_digest *out)
    RB_CHECK;

#endif
