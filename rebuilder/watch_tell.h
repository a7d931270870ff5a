/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_WATCH_TELL_H
#define RB_REBUILDER_WATCH_TELL_H

#include "common/told/release_doc.h"
#include "rebuilder/release.h"
#include "rebuilder/watch.h"

/* Why a component cannot be looked at now; borrowed, NULL: it can. */
struct watch_trouble {
	const char *(*of)(void *self, const char *component);
	void *self;
};

/*
 * What is known of a release, for the table that httpd shows: its components
 * in their order, and the jobs of their newest tags.  `out` must be clear;
 * `alarms` is how many stand.
 */
enum rb_err watch_doc(const struct watch_setting *s, const struct release *r,
    const struct watch_trouble *t, struct release_doc *out, uint64_t *alarms)
    RB_CHECK;

#endif
