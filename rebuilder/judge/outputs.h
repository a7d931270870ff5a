/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_OUTPUTS_H
#define RB_REBUILDER_OUTPUTS_H

#include "common/base/buf.h"

/*
 * The output stream of a machine (MACHINE.md, "Output stream"): where in it
 * each file lies.  A machine wrote it; the bytes of the files are not looked
 * at here, and the names and the status are claims.
 */
#define OUTPUTS_MAX 1024
#define OUTPUT_NAME_MAX 200

struct output {
	char name[OUTPUT_NAME_MAX + 1];
	uint64_t offset, len;
};

struct outputs {
	struct output *files; /* owned; names rise bytewise */
	size_t n;
	uint32_t status;
};

#define OUTPUTS_INIT { NULL, 0, 0 }

/* The stream is the first `len` bytes of the file, no more and no less. */
enum rb_err outputs_read(int fd, uint64_t len, struct outputs *out,
    struct fault *why) RB_CHECK;
void outputs_clear(struct outputs *o);

/* A file name that may stand in the stream. */
bool output_name_is_valid(struct span name);

#endif
