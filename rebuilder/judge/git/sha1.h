/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SHA1_H
#define RB_REBUILDER_SHA1_H

#include "common/base/span.h"

#define SHA1_LEN 20
#define SHA1_BLOCK_LEN 64

/*
 * SHA-1 (FIPS 180-4) that notices when it is being attacked: M. Stevens,
 * "Counter-cryptanalysis", CRYPTO 2013.  Each practical collision of SHA-1
 * ends in a block whose twin differs in one of a few known ways, and whose
 * computation has no difference left at a step in the middle.  So each block
 * is computed for all these twins too, from that step in both directions: a
 * twin that ends in the same state is the other half of a collision.  All
 * twins are computed, none is ruled out before: nothing rests on a filter.
 *
 * For one thread alone; the first call fills a table.
 */
struct sha1 {
	uint32_t state[5];
	uint64_t len;
	bool collides;
	uint8_t block[SHA1_BLOCK_LEN]; /* len % 64 bytes of it are used */
};

void sha1_start(struct sha1 *s);
void sha1_put(struct sha1 *s, struct span bytes);
/* RB_EREFUSED: other bytes with the same digest are known to somebody. */
enum rb_err sha1_end(struct sha1 *s, uint8_t out[SHA1_LEN]) RB_CHECK;

#endif
