/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SOURCE_OWNER_H
#define RB_REBUILDER_SOURCE_OWNER_H

#include "rebuilder/journal.h"
#include "rebuilder/release.h"
#include "rebuilder/settings.h"

/*
 * Which component of a release makes a Debian source package of a name.  What
 * is published is found by that name, and a component chooses it itself: were
 * it free to take another's, the signatures of its maintainers would vouch
 * for packages that theirs are not.  So each that is about to be attested
 * under a name claims it.  When two components of the release have, nobody
 * knows whose it is, and it is neither's until the operator says so: in
 * release.sources, or in release.overrides.
 */

/*
 * The name is claimed, durably, and RB_OK when it is the component's.
 * RB_EREFUSED: it is another's, or claimed by another too, and `why` names
 * both.  From any thread.
 */
enum rb_err source_owner_claim(struct journal *j, const struct settings *s,
    const struct release *r, const struct component *c, const char *source,
    struct fault *why) RB_CHECK;
/* The same without a claim, of a name that it claimed. */
enum rb_err source_owner_check(struct journal *j, const struct settings *s,
    const struct release *r, const struct component *c, const char *source,
    struct fault *why) RB_CHECK;

#endif
