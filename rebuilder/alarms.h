/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_ALARMS_H
#define RB_REBUILDER_ALARMS_H

#include <stdbool.h>

#include "common/base/buf.h"

#define ALARMS_MAX 16

struct alarm {
	int64_t time;   /* seconds since the epoch, when it was first seen */
	char *sentence; /* owned; names the object and the rule */
};

/* The first ones: who can raise many cannot have these forgotten. */
struct alarms {
	struct alarm list[ALARMS_MAX]; /* in the order that they came in */
	size_t n;
	bool has_more; /* some that are not kept */
};

#define ALARMS_INIT { .n = 0 }
void alarms_clear(struct alarms *a);

/*
 * The same sentence as one of the list is no new alarm.  One that is not kept
 * is new each time.
 */
enum rb_err alarms_add(struct alarms *a, int64_t now, const char *sentence,
    bool *is_new) RB_CHECK;

/* As the journal keeps them. */
enum rb_err alarms_put(struct buf *out, const struct alarms *a) RB_CHECK;
enum rb_err alarms_take(struct span *in, struct alarms *a) RB_CHECK;

#endif
