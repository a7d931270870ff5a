/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_EXTERNAL_H
#define RB_REBUILDER_EXTERNAL_H

#include "common/base/digest.h"

/*
 * A file from elsewhere that a verified tree names, held against the checksum
 * that the tree has for it.  The checksum may be of what is in it: then it is
 * decompressed first, here, where nothing can be reached.
 */
enum external_packing { PACKED_NOT = 0, PACKED_GZIP = 1, PACKED_XZ = 2 };

#define EXTERNAL_SUM_MAX 64 /* bytes: SHA-512 */

/* The text of a file with a checksum and nothing else, in hexadecimal. */
enum rb_err external_sum_parse(struct span text, size_t len,
    uint8_t out[EXTERNAL_SUM_MAX]) RB_CHECK;

/* To the position of `out`; more than `max` bytes is RB_ELIMIT. */
enum rb_err external_unpack(struct span in, enum external_packing packing,
    uint64_t max, int out, struct fault *why) RB_CHECK;

/*
 * SHA-256 (32 bytes) or SHA-512 (64) of the first `size` bytes of a file.
 * RB_EDIGEST: they are not what `sum` says.
 */
enum rb_err external_check(int fd, uint64_t size, struct span sum,
    struct fault *why) RB_CHECK;

#endif
