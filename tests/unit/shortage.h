/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TEST_SHORTAGE_H
#define RB_TEST_SHORTAGE_H

#include <stdbool.h>

#include "common/base/err.h"

/*
 * Makes the n-th call (from 0) to an allocation, a write or a sync fail, as
 * it does on a machine that is out of something.  Only our own object files
 * are affected: link with SHORTAGE_WRAPS (tests/process.cmake).
 */
void shortage_at(long n);
/* Ends it; whether a call was made to fail. */
bool shortage_end(void);
/*
 * Runs `deed` with a shortage at its first call, its second, ... until it
 * gets through.  Each shortage must be reported as one; `check`, which may be
 * NULL, looks at what it left.
 */
void shortage_try(enum rb_err (*deed)(void), void (*check)(enum rb_err rc));

#endif
