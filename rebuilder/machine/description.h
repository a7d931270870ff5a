/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_DESCRIPTION_H
#define RB_REBUILDER_DESCRIPTION_H

#include "common/base/digest.h"

/*
 * What a machine shall be (MACHINE.md, "Description"): the only bytes that
 * rebuilder-machine parses.
 */
struct description {
	bool has_layer;
	struct digest layer;
	uint64_t layer_size;
	uint64_t memory, disk, output, log; /* bytes */
	uint64_t processes, cpus, seconds;
	bool has_clock; /* otherwise the host's */
	uint64_t clock; /* seconds since 1970 */
};

#define DESCRIPTION_INIT { .has_layer = false }

#define DESCRIPTION_MAX 4096
/* Bounds of the values.  The least of each is 1. */
#define DESCRIPTION_BYTES_MAX (UINT64_C(1) << 50)
#define DESCRIPTION_PROCESSES_MAX (UINT64_C(1) << 22)
#define DESCRIPTION_CPUS_MAX (UINT64_C(1) << 16)
#define DESCRIPTION_SECONDS_MAX (UINT64_C(366) * 86400)
#define DESCRIPTION_CLOCK_MAX UINT64_C(253402300799) /* year 9999 */

/* One spelling.  The fault names the line that is wrong. */
enum rb_err description_parse(struct span in, struct description *out,
    struct fault *why) RB_CHECK;
/* Appends. */
enum rb_err description_write(const struct description *d, struct buf *out)
    RB_CHECK;

#endif
