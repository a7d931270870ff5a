/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_BASE_ENC_H
#define RB_BASE_ENC_H

#include "common/base/buf.h"

/*
 * Text spellings of numbers, bytes and times.  Each value has one spelling;
 * every other is RB_EFORMAT.
 */

/* Lower-case hexadecimal. */
enum rb_err hex_write(struct span in, struct buf *out) RB_CHECK;
/* Exactly `len` bytes from exactly 2*len lower-case digits. */
enum rb_err hex_parse(struct span in, uint8_t *out, size_t len) RB_CHECK;

/* RFC 4648 section 4, padded; unused bits must be zero, no white space. */
enum rb_err base64_write(struct span in, struct buf *out) RB_CHECK;
enum rb_err base64_parse(struct span in, struct buf *out) RB_CHECK;

/* Decimal without sign or leading zeros; over `max` is RB_ELIMIT. */
enum rb_err dec_parse(struct span in, uint64_t max, uint64_t *out) RB_CHECK;

/* "2026-07-11T09:08:07Z": RFC 3339, UTC, whole seconds, years 1970 to 9999. */
#define UTC_LEN 20
enum rb_err utc_write(int64_t seconds, char out[UTC_LEN + 1]) RB_CHECK;
enum rb_err utc_parse(struct span in, int64_t *out) RB_CHECK;

#endif
