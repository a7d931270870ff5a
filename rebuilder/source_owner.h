/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SOURCE_OWNER_H
#define RB_REBUILDER_SOURCE_OWNER_H

#include "rebuilder/journal.h"
#include "rebuilder/release.h"

/*
 * Which component of a release makes a Debian source package of a name.  What
 * is published is found by that name, and a component chooses it itself: were
 * it free to take another's, the signatures of its maintainers would vouch
 * for packages that theirs are not.  So the first that is about to be
 * attested under a name owns it for as long as the release has it; who may
 * not have been the first shows in the alarm of the second.  Only who writes
 * the release file can give a name free, by taking its owner out.
 */

/* RB_EREFUSED: it is another's, and `why` names both. */
enum rb_err source_owner_check(struct journal *j, const struct release *r,
    const struct component *c, const char *source, struct fault *why) RB_CHECK;
/* The same, and at RB_OK it is the component's, durably.  From any thread. */
enum rb_err source_owner_claim(struct journal *j, const struct release *r,
    const struct component *c, const char *source, struct fault *why) RB_CHECK;

#endif
