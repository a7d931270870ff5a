/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_HASHER_H
#define RB_REBUILDER_HASHER_H

#include "common/base/digest.h"

/*
 * SHA-256 in a thread of its own, so that reading the next blocks costs no
 * time while one is hashed.  The caller fills a block, hands it over, and
 * must not write to it again until it is given out anew.
 */
#define HASHER_BLOCK (256 * 1024)

struct hasher;

/* Starts the thread: after the jail, which allows none to exist before. */
enum rb_err hasher_new(struct hasher **out) RB_CHECK;
/* Ends the thread; accepts NULL and sets to NULL. */
void hasher_free(struct hasher **h);

/* A block of HASHER_BLOCK bytes to fill; waits until one is free. */
uint8_t *hasher_block(struct hasher *h);
/* Hands the first `len` bytes of the block last given out over. */
void hasher_put(struct hasher *h, size_t len);
/*
 * Waits, and gives the digest of everything handed over since the last end.
 * A failure in between comes out here; the hasher is ready again after.
 */
enum rb_err hasher_end(struct hasher *h, struct digest *out) RB_CHECK;

#endif
