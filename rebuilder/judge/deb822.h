/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_DEB822_H
#define RB_REBUILDER_DEB822_H

#include "common/base/buf.h"

/*
 * Debian's control file syntax (deb822(5)) as archives write it: stanzas of
 * fields, one empty line between stanzas.  Stricter than deb822(5): no
 * comments, no field twice in any mixture of cases, no control characters,
 * every line ended.  Whatever passes is written again byte for byte.
 */
#define DEB822_FIELDS_MAX 64
#define DEB822_STANZA_MAX (8u * 1024 * 1024)

struct deb822_field {
	struct span name;
	struct span value; /* all behind the colon, without the last LF */
};

struct deb822 {
	const char *file; /* borrowed; what faults name */
	struct span raw; /* all lines of the stanza */
	struct deb822_field fields[DEB822_FIELDS_MAX];
	size_t n;
};

/*
 * Cuts the next stanza and the empty line behind it off `in`, which is the
 * rest of `file`.  Everything in `out` is borrowed from there.  RB_ENOTFOUND
 * at the end of the input.
 */
enum rb_err deb822_take(struct span *in, const char *file, struct deb822 *out,
    struct fault *why) RB_CHECK;
enum rb_err deb822_write(const struct deb822 *stanza, struct buf *out) RB_CHECK;

/* The value of the field spelt exactly so; NULL when there is none. */
const struct span *deb822_find(const struct deb822 *stanza, const char *name);
/*
 * The same without the blank behind the colon.  RB_EFORMAT unless it is one
 * line with something in it and no further blank around it.
 */
enum rb_err deb822_text(const struct deb822 *stanza, const char *name,
    struct span *out, struct fault *why) RB_CHECK;

/*
 * Cuts one line, without its first blank, off a value that starts on the
 * line below its name; else RB_EFORMAT.  RB_ENOTFOUND at the end.
 */
enum rb_err deb822_line_take(struct span *value, struct span *line) RB_CHECK;

#endif
