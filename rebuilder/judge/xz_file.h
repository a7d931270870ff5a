/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_XZ_FILE_H
#define RB_REBUILDER_XZ_FILE_H

#include "common/base/digest.h"

/* What signed metadata says of a file. */
struct file_claim {
	uint64_t size;
	struct digest digest;
};

/*
 * Decompresses a whole xz file to the position of `out`.  The compressed
 * bytes are checked first, so no byte that nobody signed reaches the
 * decompressor; then the plain ones, which never grow past their claim.
 * RB_EDIGEST: other bytes; RB_EFORMAT: signed, but no xz.
 */
enum rb_err xz_file_unpack(int in, const struct file_claim *packed, int out,
    const struct file_claim *plain, struct fault *why) RB_CHECK;

#endif
