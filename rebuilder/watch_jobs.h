/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_WATCH_JOBS_H
#define RB_REBUILDER_WATCH_JOBS_H

#include "rebuilder/release.h"
#include "rebuilder/watch.h"

/*
 * Whether a tag can be the name of jobs (target.h); a fault for one that never
 * can, as with a slash in it.
 */
enum rb_err watch_check_jobs(const struct release *r, const struct component *c,
    const char *tag, struct fault *why) RB_CHECK;

/*
 * A job for each distribution of the release: COMPONENT@TAG/DISTRIBUTION.
 * Each waits for the jobs of the components before it in the release, which
 * it may need, in that distribution.  None for a component without packages,
 * or without a tag (one whose commit was signed).
 */
enum rb_err watch_add_jobs(const struct watch_setting *s,
    const struct release *r, const struct component *c, const char *tag,
    struct fault *why) RB_CHECK;

/*
 * Adds the jobs of accepted tags that there are none of, as for a
 * distribution that is new in the release, and those again that ended without
 * a verdict some hours before `now`: what a tag makes is published later than
 * the tag, and servers come back.  Not those that an operator cancelled.  One
 * that cannot be added waits for the next call.
 */
enum rb_err watch_renew_jobs(const struct watch_setting *s,
    const struct release *r, int64_t now) RB_CHECK;

#endif
