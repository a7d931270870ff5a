/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_CHANGELOG_H
#define RB_REBUILDER_CHANGELOG_H

#include "rebuilder/trip.h"

/*
 * Has a machine take the changelog entry of a rebuild without a change of
 * source (+bN) out of a published package, into t->changelog.  It comes from
 * the very file that is under test, and nobody else vouches for it: the input
 * list says so.  Without one, that is the trip's obstacle.
 */
enum rb_err changelog_take(struct trip *t) RB_CHECK;

#endif
