/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SIFT_H
#define RB_REBUILDER_SIFT_H

#include "rebuilder/trip.h"

/*
 * What is withheld of packages that this node built (built.h), in words, ""
 * for nothing: those with a name of the archive, those that are published
 * from another source package, and those of which a source package that the
 * release has earlier makes one of the same name.  Owned.
 */
struct withheld {
	char *of_archive, *of_published, *second;
};

#define WITHHELD_INIT { NULL, NULL, NULL }

void withheld_clear(struct withheld *w);

/*
 * Has the judge take what may be offered out of the index `built`, by
 * t->overrides and the indices of the trip; `*out` is in the depot.
 */
enum rb_err sift(struct trip *t, const struct digest *built, struct digest *out,
    struct withheld *withheld) RB_CHECK;

#endif
