/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_ATTEST_INPUTS_H
#define RB_ATTEST_INPUTS_H

#include "common/base/digest.h"

/*
 * The input list: every byte that entered a build besides its source.  One
 * line per input, sorted bytewise, no line twice (FORMATS.md, "Input list"):
 *   kind SP name SP version SP architecture SP origin SP size SP sha256 LF
 * Fields hold 1 to INPUTS_TEXT_MAX bytes of printable ASCII without space.
 */
#define INPUTS_MAX (16 * 1024 * 1024)
#define INPUTS_COUNT_MAX 65536
#define INPUTS_TEXT_MAX 512

struct input {
	char *kind, *name, *version, *arch, *origin; /* owned, never NULL */
	uint64_t size;
	struct digest sha256;
};

struct inputs {
	struct input *list; /* owned */
	size_t n;
};

#define INPUTS_INIT { NULL, 0 }

void inputs_clear(struct inputs *in);
/* Copies the texts; RB_EFORMAT when one of them cannot be a field. */
enum rb_err inputs_add(struct inputs *in, const char *kind, const char *name,
    const char *version, const char *arch, const char *origin, uint64_t size,
    const struct digest *sha256) RB_CHECK;
/* Sorts; a line twice is RB_EFORMAT. */
enum rb_err inputs_write(struct inputs *in, struct buf *out) RB_CHECK;
enum rb_err inputs_parse(struct span text, struct inputs *out,
    struct fault *why) RB_CHECK;

#endif
