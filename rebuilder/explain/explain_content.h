/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_EXPLAIN_CONTENT_H
#define RB_REBUILDER_EXPLAIN_CONTENT_H

#include "rebuilder/explain/explain_reader.h"
#include "rebuilder/explain/explain_report.h"

/* Up to here both are kept in memory, to look for sections and lines. */
#define CONTENT_KEPT_MAX (64 * 1024 * 1024)

enum content {
	CONTENT_DIFFERS,
	CONTENT_BUILD_ID, /* ELF: nothing but names of the build differ */
};

/*
 * Reads the present members of both, which differ, and reports where and how
 * much.
 */
enum rb_err content_compare(struct reader *rebuilt, struct reader *published,
    uint64_t rebuilt_size, uint64_t published_size, struct report *r,
    enum content *out, struct fault *why) RB_CHECK;

/* How many bytes of two equally long blocks differ; the first in `first`. */
size_t content_count(const uint8_t *a, const uint8_t *b, size_t len,
    size_t *first);

#endif
