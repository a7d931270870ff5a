/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_WATCH_LOOK_H
#define RB_REBUILDER_WATCH_LOOK_H

#include "rebuilder/fetch_git.h"
#include "rebuilder/release.h"
#include "rebuilder/watch.h"

/*
 * One component in one round.  What was accepted is judged again when the
 * release file or a key has changed; what its server says, when that is other
 * than before (`a` NULL: it was not asked).  What follows (a tag accepted,
 * jobs added, a refusal, an alarm) is in the journal at return.  Whatever
 * fails is a fault in `why`, and is looked at again in the next round.
 */
enum rb_err watch_look(const struct watch_setting *s, const struct release *r,
    const struct component *c, struct advert *a, struct fault *why) RB_CHECK;

#endif
