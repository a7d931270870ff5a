/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_BUILT_H
#define RB_REBUILDER_BUILT_H

#include "rebuilder/trip.h"

/*
 * Packages that this node built, as inputs of later components of the same
 * release: kept in the depot, by digest, as they came out.  What they are
 * called and depend on is what they say of themselves; size and digest are
 * measured by us.
 *
 * None is offered that is called as a package of the base system is: that is
 * what the archive alone makes of Essential, build-essential and apt.  None is
 * that has another name of the archive, unless that is of the same source
 * package there and the operator names this source in release.overrides; nor
 * one that is published from another source package.  A component that built
 * such packages gets an alarm, and its other packages are offered all the
 * same.  Of two source packages that make one of the same name, that of the
 * component which the release has first is offered, and who is built with it
 * gets an alarm.  What only provides such a name is offered without it.
 */
struct built_place {
	const char *release, *distribution, *component;
	size_t build; /* which of its source packages */
	const char *commit; /* of the component; NULL: whichever it was */
};
#define BUILT_BUILDS_MAX 8 /* source packages of one component */

/*
 * `t->overrides` is to be set for both of these.
 *
 * Keeps the packages that the trip's build left, in the place of what was
 * there before, and pins them, so that the depot does not collect them: only
 * this node has them.  Call it after stage_build.  RB_EREFUSED: what was built
 * cannot be described, and nothing is kept; t->why says why.
 */
enum rb_err built_add(struct trip *t, const struct built_place *place) RB_CHECK;

/*
 * Offers what is kept for `earlier` places to the resolution of this trip
 * (t->built).  A place for which nothing is kept, or not all any more, or what
 * was built of another commit, or of a source package that is not the
 * component's alone (source_owner.h), adds nothing.
 */
enum rb_err built_offer(struct trip *t, const struct built_place *earlier,
    size_t n) RB_CHECK;

/* Whether something is kept for a place, and all of it is still there. */
enum rb_err built_is_whole(struct trip *t, const struct built_place *place,
    bool *out) RB_CHECK;

/*
 * Calls back for every digest that is kept for a place: the index, then the
 * packages.  RB_ENOTFOUND: nothing is, or it is of another commit.
 */
enum rb_err built_each(struct journal *j, const struct built_place *place,
    enum rb_err (*each)(void *self, const struct digest *d), void *self)
    RB_CHECK;

#endif
