/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_OVERRIDES_H
#define RB_REBUILDER_OVERRIDES_H

#include "rebuilder/judge/packages.h"

/*
 * Which packages that this node built may be offered beside the archive's.
 * A component chooses the names of its packages, and whoever owns a compiler
 * or a tool of the build owns all that is built with it.  So
 *  - nothing that is called as a package of the base system is offered: that
 *    comes from the archive alone;
 *  - what is called as another package of the archive is offered only when
 *    the archive has that from a source package of the same name, and the
 *    operator says that this source may take the archive's place (as Qubes'
 *    python-fido2 takes that of Debian's);
 *  - what the archive has no name for, is; but where two source packages
 *    make one of the same name, only that of the first in the index.
 * The rules are lines "base NAME" or "source NAME".  Spans are borrowed.
 */
#define OVERRIDES_MAX 16384
#define OVERRIDES_BYTES_MAX (1024u * 1024)
/* How much of what is withheld a sentence names. */
#define OVERRIDES_NAMED_MAX 200

struct overrides {
	struct span *base;    /* owned; sorted */
	struct span *sources; /* owned; sorted */
	size_t nbase, nsources;
};

#define OVERRIDES_INIT { NULL, NULL, 0, 0 }

enum rb_err overrides_parse(struct span in, struct overrides *out,
    struct fault *why) RB_CHECK;
void overrides_clear(struct overrides *o);

/*
 * Appends to `out` the stanzas of `built` that may be offered beside
 * `archive`, in their order, and to `words` the names of the others, cut to
 * OVERRIDES_NAMED_MAX.
 */
enum rb_err overrides_sift(const struct overrides *o, struct span built,
    struct span archive, struct buf *out, struct buf *words,
    uint32_t *nwithheld, struct fault *why) RB_CHECK;

#endif
