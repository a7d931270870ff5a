/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_PREPARED_H
#define RB_REBUILDER_PREPARED_H

#include "rebuilder/judge/outputs.h"

/*
 * The source package that a machine prepared: one .dsc among its outputs,
 * and beside it exactly the files that it lists.
 */
struct prepared {
	struct span source, version; /* of the .dsc's bytes */
	const struct output *dsc;    /* borrowed */
};

/* The one output that ends in ".dsc".  RB_EREFUSED: there is not just one. */
enum rb_err prepared_find_dsc(const struct outputs *o,
    const struct output **out, struct fault *why) RB_CHECK;

/*
 * `text` is the .dsc.  Its name must be that of source and version, its
 * Checksums-Sha256 those of all other outputs in `fd`.  `stanza` gets it as an
 * index of sources would have it.
 */
enum rb_err prepared_read(struct span text, const struct outputs *o,
    const struct output *dsc, int fd, struct prepared *out, struct buf *stanza,
    struct fault *why) RB_CHECK;

#endif
