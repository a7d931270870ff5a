/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_BASE_BUF_H
#define RB_BASE_BUF_H

#include "common/base/span.h"

/*
 * Owned bytes that grow.  A function that takes a `struct buf *out` appends
 * to it, and after an error the content is what it was.
 */
struct buf {
	uint8_t *p; /* owned */
	size_t len;
	size_t cap;
};

#define BUF_INIT { NULL, 0, 0 }

/* Frees and resets to BUF_INIT; accepts BUF_INIT and may be called twice. */
void buf_clear(struct buf *b);
/*
 * As buf_clear, but overwrites the bytes first.  Growing leaves a copy in
 * freed memory: reserve what a secret needs before it is put.
 */
void buf_wipe(struct buf *b);
/* Keeps the memory, forgets the bytes. */
void buf_reset(struct buf *b);

enum rb_err buf_reserve(struct buf *b, size_t more) RB_CHECK;
enum rb_err buf_put(struct buf *b, struct span s) RB_CHECK;
enum rb_err buf_put_str(struct buf *b, const char *s) RB_CHECK;
enum rb_err buf_put_byte(struct buf *b, uint8_t byte) RB_CHECK;
enum rb_err buf_printf(struct buf *b, const char *fmt, ...)
    RB_CHECK RB_PRINTF(2, 3);

struct span buf_span(const struct buf *b);

/*
 * A terminated copy, owned by the caller (free).  RB_EFORMAT when the bytes
 * hold a zero.
 */
enum rb_err str_dup_span(struct span s, char **out) RB_CHECK;

#endif
