/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_COMPARE_FILES_H
#define RB_REBUILDER_COMPARE_FILES_H

#include "rebuilder/compare/hasher.h"

/*
 * What follows from all bytes of both.  `same` is true only when the sizes
 * are equal and every byte was seen to be equal; `rebuilt` and `published`
 * are then one digest, taken over the very bytes that were compared.
 * Otherwise the digests differ or the sizes do, and `offset` is the first
 * byte that differs (the shorter size, when one is the front of the other).
 */
struct comparison {
	bool same;
	uint64_t rebuilt_size, published_size;
	struct digest rebuilt, published;
	uint64_t offset;
};

#define COMPARISON_INIT { false, 0, 0, DIGEST_INIT, DIGEST_INIT, 0 }

/*
 * Compares `len` bytes of `rebuilt` from `offset` with the whole of
 * `published`; both are regular files, and not the same one.  File positions
 * stay.
 *
 * RB_EFORMAT and RB_EREFUSED (with a sentence): the question is wrong or a
 * file changed meanwhile, so there is no answer.  RB_EIO, RB_ENOMEM: this
 * machine failed.  Never `same` in any of these.
 */
enum rb_err compare_files(struct hasher *h, int rebuilt, uint64_t offset,
    uint64_t len, int published, struct comparison *out, struct fault *why)
    RB_CHECK;

#endif
