/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_LEASH_H
#define RB_REBUILDER_LEASH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/base/err.h"

/*
 * What ends a job from outside: a deadline, and a cut by another thread.  The
 * thread that works on a job wears its leash, and every wait of that thread
 * goes through here, so that no stage, however little it knows of jobs, can
 * outlive one.  A thread without a leash waits as long as it was told to.
 */
struct leash;

enum rb_err leash_new(struct leash **out) RB_CHECK;
void leash_free(struct leash **l);
/* From any thread, and for good. */
void leash_cut(struct leash *l);
bool leash_is_cut(const struct leash *l);

/* This thread wears it from now on, for `seconds` (0: without a deadline). */
void leash_wear(struct leash *l, uint64_t seconds);
void leash_take_off(void);

/* RB_ETIME when what this thread wears was cut or is at its end. */
enum rb_err leash_check(void) RB_CHECK;
/*
 * Until `fd` can be read or its other side is gone; -1: nothing but time.
 * RB_ETIME: not within so long, or the leash came to its end.
 */
enum rb_err leash_wait(int fd, uint64_t milliseconds) RB_CHECK;

/* Seconds of a clock that nobody sets. */
int64_t steady_seconds(void);

#endif
