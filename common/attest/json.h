/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_JSON_H
#define RB_ATTEST_JSON_H

#include "common/base/digest.h"

/*
 * JSON in one spelling (FORMATS.md, "JSON"), for common/attest and common/told.
 *
 * There is no tree and no choice: the reader asks for what must come next
 * and refuses anything else.  So no spelling but ours is ever read, no
 * member can be unknown, missing, double or in another order, and nothing
 * is allocated before it was looked at.
 *
 * take_ functions cut off the front, or leave `in` as it was and return
 * RB_EFORMAT (RB_ELIMIT: right, but too long or too large).  put_ functions
 * append; on failure a part may have been appended.
 */

/* What every JSON library reads without loss (RFC 8259, section 6). */
#define JSON_NUMBER_MAX ((UINT64_C(1) << 53) - 1)

/* Exactly these bytes. */
enum rb_err json_take(struct span *in, const char *bytes) RB_CHECK;
/* The same as a question: cut off and true when they are there. */
bool json_skip(struct span *in, const char *bytes);

/* Printable ASCII without quote and backslash: never escaped. */
bool json_text_is_plain(struct span text);
/* A text in its quotes, 1 to `max` bytes. */
enum rb_err json_put_text(struct buf *out, struct span text, size_t max)
    RB_CHECK;
enum rb_err json_take_text(struct span *in, size_t max, struct span *text)
    RB_CHECK;

enum rb_err json_put_number(struct buf *out, uint64_t n) RB_CHECK;
enum rb_err json_take_number(struct span *in, uint64_t *n) RB_CHECK;

/* in-toto DigestSet with one member: {"sha256":"<hex>"}. */
enum rb_err json_put_digest(struct buf *out, const struct digest *d) RB_CHECK;
enum rb_err json_take_digest(struct span *in, struct digest *d) RB_CHECK;

#endif
