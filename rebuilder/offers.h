/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_OFFERS_H
#define RB_REBUILDER_OFFERS_H

#include "rebuilder/trip.h"

/*
 * Where the packages of a build may come from: the archive; when a .buildinfo
 * names versions that it has not, the archives of old versions; and what we
 * built ourselves, in this order.  Of two that have the same package in the
 * same version the first is taken.
 */
#define OFFERS_MAX 12

struct offers {
	const struct repository *from[OFFERS_MAX]; /* borrowed */
	size_t n;
	struct digest packages; /* the index that a machine resolves from */
};

/*
 * With a .buildinfo, its versions are the only ones of these packages in the
 * index.  One that nobody offers is the trip's obstacle, and the fault names
 * what is missing.
 */
enum rb_err offers_make(struct trip *t, struct offers *out) RB_CHECK;

/* What an input list calls a repository; owned by the caller. */
enum rb_err offers_origin(const struct repository *from, char **out) RB_CHECK;

#endif
