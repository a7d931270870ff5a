/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_BASE_DIGEST_H
#define RB_BASE_DIGEST_H

#include "common/base/buf.h"

#define DIGEST_LEN 32
#define DIGEST_HEX_LEN 64

/* SHA-256 of something. */
struct digest {
	uint8_t b[DIGEST_LEN];
};

#define DIGEST_INIT { { 0 } }

/* SHA-256 while bytes pass by. */
struct digester;

enum rb_err digester_new(struct digester **out) RB_CHECK;
void digester_free(struct digester **d);
enum rb_err digester_put(struct digester *d, struct span s) RB_CHECK;
/* Ends one digest and makes the digester ready for the next. */
enum rb_err digester_end(struct digester *d, struct digest *out) RB_CHECK;

enum rb_err digest_of(struct span s, struct digest *out) RB_CHECK;
/*
 * Digest of `len` bytes of a file from `offset`, read with pread (the file
 * position stays).  RB_EIO when the file ends before.
 */
enum rb_err digest_of_fd(int fd, uint64_t offset, uint64_t len,
    struct digest *out) RB_CHECK;

bool digest_equal(const struct digest *a, const struct digest *b);
struct span digest_span(const struct digest *d);
/* 64 lower-case hexadecimal digits and a terminating zero. */
void digest_hex(const struct digest *d, char out[DIGEST_HEX_LEN + 1]);
/* Accepts exactly 64 lower-case digits. */
enum rb_err digest_parse(struct span hex, struct digest *out) RB_CHECK;

#endif
