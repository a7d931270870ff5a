/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_BASE_SPAN_H
#define RB_BASE_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/* Borrowed bytes: valid while their owner lives, never freed through this. */
struct span {
	const uint8_t *p;
	size_t len;
};

#define SPAN_INIT { NULL, 0 }
/* A string literal without its terminating zero. */
#define SPAN(lit) ((struct span){ (const uint8_t *)(lit), sizeof(lit) - 1 })

struct span span_of(const void *p, size_t len);
struct span span_of_str(const char *s);

bool span_equal(struct span a, struct span b);
bool span_equal_str(struct span a, const char *s);
bool span_starts(struct span s, struct span prefix);
/* Bytewise order, the shorter first: <0, 0, >0. */
int span_compare(struct span a, struct span b);

/* Cuts `len` bytes off the front.  RB_EFORMAT when there are fewer. */
enum rb_err span_take(struct span *in, size_t len, struct span *out) RB_CHECK;
/*
 * Cuts one line off the front, without its LF.  RB_EFORMAT when no LF is
 * left: a line that is not ended is not a line.
 */
enum rb_err span_take_line(struct span *in, struct span *line) RB_CHECK;
/*
 * Cuts up to the first `sep`, which is dropped.  Without a `sep` the whole
 * rest is taken.  RB_EFORMAT on empty input.
 */
enum rb_err span_take_until(struct span *in, uint8_t sep, struct span *out)
    RB_CHECK;

#endif
