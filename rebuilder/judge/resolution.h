/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_RESOLUTION_H
#define RB_REBUILDER_RESOLUTION_H

#include "rebuilder/judge/packages.h"

/*
 * The member `resolution` that the recipe `resolve` leaves (MACHINE.md):
 * lines "base|build SP name SP version SP architecture", rising bytewise.
 * A machine wrote it, so it is no more than a wish: each package is looked
 * up in the signed index, and only what that says is taken over.
 */
#define RESOLUTION_MAX 16384
#define RESOLUTION_BYTES_MAX (4u * 1024 * 1024)

enum resolution_group { GROUP_BASE = 0, GROUP_BUILD = 1 };

struct resolution_line {
	enum resolution_group group;
	struct span name, version, architecture; /* borrowed */
};

struct resolution {
	struct resolution_line *lines; /* owned */
	size_t n;
};

#define RESOLUTION_INIT { NULL, 0 }

/* No package may stand twice, in whatever group or version. */
enum rb_err resolution_parse(struct span in, struct resolution *out,
    struct fault *why) RB_CHECK;
enum rb_err resolution_write(const struct resolution *r, struct buf *out)
    RB_CHECK;
void resolution_clear(struct resolution *r);

/* What the index says of all lines. */
struct resolved {
	struct buf records; /* of JUDGE_RESOLUTION, in the order of lines */
	struct buf base;    /* stanzas of each group, verbatim, in the */
	struct buf build;   /* order of the index, an empty line between */
};

#define RESOLVED_INIT { BUF_INIT, BUF_INIT, BUF_INIT }

#define RESOLUTION_INDICES_MAX 12

/*
 * Every line names a stanza of an index, by name, version and architecture,
 * else RB_EREFUSED with the line in the fault.  The first index that has it
 * counts, where it must stand once.  Every stanza of all is read.
 */
enum rb_err resolution_look_up(const struct resolution *r,
    const struct span *indices, size_t n, struct resolved *out,
    struct fault *why) RB_CHECK;
void resolved_clear(struct resolved *r);

#endif
