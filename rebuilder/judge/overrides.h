/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_OVERRIDES_H
#define RB_REBUILDER_OVERRIDES_H

#include "rebuilder/judge/packages.h"

/*
 * Which packages that this node built may be offered beside the archive's.
 * A component chooses the names of its packages, and whoever owns a compiler
 * or a tool of the build owns all that is built with it.  A name is what a
 * package is called, and each that it provides (Debian Policy 7.5): apt takes
 * either for what another depends on.  So
 *  - nothing is offered by a name of the base system: that comes from the
 *    archive alone;
 *  - something is by another name of the archive only when the archive has
 *    that from a source package of the same name, and the operator says that
 *    this source may take the archive's place (as Qubes' python-fido2 takes
 *    that of Debian's);
 *  - by a name of a package that is published, only when it is published
 *    from a source package of the same name;
 *  - where two source packages make a package of one name, only that of the
 *    first in the index is offered, and nothing is by the name of a package
 *    which another source package made.
 * What is called by a name that it may not have is withheld; what provides
 * one is offered without it, as Qubes' X server, which provides
 * x-display-manager.
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

/* Why a package is not offered. */
enum withheld_for {
	WITHHELD_ARCHIVE, /* it has a name of the archive or its base system */
	WITHHELD_PUBLISHED, /* another source's package is published so */
	WITHHELD_SECOND, /* another source's is offered by that name */
};
#define WITHHELD_REASONS 3

struct sifted {
	struct buf offered; /* stanzas, in the order of the index */
	struct {
		uint32_t n;
		struct buf names; /* words, cut to OVERRIDES_NAMED_MAX */
	} withheld[WITHHELD_REASONS];
};

#define SIFTED_INIT \
	{ \
		BUF_INIT, \
		{ \
			{ 0, BUF_INIT }, { 0, BUF_INIT }, \
			{ \
				0, BUF_INIT \
			} \
		} \
	}
void sifted_clear(struct sifted *s);

/*
 * Takes apart what may be offered of `built` beside the index `archive`, and
 * beside the indices of what is published.
 */
enum rb_err overrides_sift(const struct overrides *o, struct span built,
    struct span archive, const struct span *published, size_t npublished,
    struct sifted *out, struct fault *why) RB_CHECK;

#endif
