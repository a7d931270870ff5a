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

struct alarms {
	struct alarm list[ALARMS_MAX]; /* the newest last */
	size_t n;
};

#define ALARMS_INIT { .n = 0 }
void alarms_clear(struct alarms *a);

/* The same sentence twice is one alarm, the oldest makes room. */
enum rb_err alarms_add(struct alarms *a, int64_t now, const char *sentence,
    bool *is_new) RB_CHECK;

/* As the journal keeps them. */
enum rb_err alarms_put(struct buf *out, const struct alarms *a) RB_CHECK;
enum rb_err alarms_take(struct span *in, struct alarms *a) RB_CHECK;

#endif
