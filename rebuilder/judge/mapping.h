/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_MAPPING_H
#define RB_REBUILDER_MAPPING_H

#include "common/base/span.h"

/*
 * A part of a file, read by looking at it.  Only for files that nobody
 * writes meanwhile: one cut short under a reader kills the process.
 */
struct mapping {
	struct span bytes; /* valid until mapping_close */
	void *base;        /* owned; NULL: none */
	size_t len;
};

#define MAPPING_INIT { SPAN_INIT, NULL, 0 }

/* RB_ELIMIT for more than `limit` bytes; RB_EFORMAT where the file ends. */
enum rb_err mapping_open(int fd, uint64_t offset, uint64_t len, size_t limit,
    struct mapping *out) RB_CHECK;
/* The whole file. */
enum rb_err mapping_open_file(int fd, size_t limit, struct mapping *out)
    RB_CHECK;
void mapping_close(struct mapping *m);

#endif
