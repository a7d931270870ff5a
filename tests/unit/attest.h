/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_UNIT_ATTEST_H
#define TESTS_UNIT_ATTEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/attest/key.h"

/* What the tests of common/attest share: the vectors and scarce memory. */

#define assert_ok(call) assert_int_equal(call, RB_OK)

/* The whole of tests/data/attest/<name>; a vector without which to fail. */
struct buf vector(const char *name);
/* The same without the newline at its end. */
struct buf vector_line(const char *name);
/* The key of the vectors (seed 00 01 ... 1f). */
struct key *vector_key(void);
struct vkey vector_vkey(const char *name);

void assert_span_equal(struct span a, struct span b);
/* A copy with one byte replaced; the caller clears it. */
struct buf altered(struct span s, size_t at, uint8_t byte);
/* A copy in which the first `from` became `to`; `from` must be there. */
struct buf replaced(struct span s, const char *from, const char *to);

/*
 * From now on the n-th allocation of our code fails, counted from 1, and
 * every later one too; 0 ends the scarcity.
 */
void scarce_begin(size_t n);
/* Whether one was refused since. */
bool scarce_end(void);

#endif
