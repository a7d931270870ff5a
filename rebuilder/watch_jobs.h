/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_WATCH_JOBS_H
#define RB_REBUILDER_WATCH_JOBS_H

#include "rebuilder/release.h"
#include "rebuilder/watch.h"

/*
 * A job for each distribution of the release: COMPONENT@TAG/DISTRIBUTION.
 * Each waits for the jobs of the components before it in the release, which
 * it may need, in that distribution.  None for a component without packages,
 * or without a tag (one whose commit was signed).
 */
enum rb_err watch_add_jobs(const struct watch_setting *s,
    const struct release *r, const struct component *c, const char *tag,
    struct fault *why) RB_CHECK;

#endif
