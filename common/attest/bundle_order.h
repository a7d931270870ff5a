/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_BUNDLE_ORDER_H
#define RB_ATTEST_BUNDLE_ORDER_H

#include "common/attest/bundle.h"

/*
 * The order of evidence (FORMATS.md, "Bundle"), which asks where a piece's
 * checkpoint stands: in this bundle, in another one, or once sorted.
 */
struct place {
	const struct evidence *e; /* borrowed */
	size_t checkpoint;
};

/* By checkpoint, index, envelope, proof; for qsort and bsearch. */
int place_compare(const void *left, const void *right);

/*
 * All evidence of a bundle in order, checkpoint i standing at positions[i].
 * One place more than there is evidence; owned by the caller.
 */
enum rb_err places_sort(const struct bundle *b, const size_t *positions,
    struct place **out) RB_CHECK;

#endif
