/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_WORK_H
#define RB_REBUILDER_WORK_H

#include "rebuilder/jobs.h"

/*
 * What a target means: the one place between jobs, which know only its text,
 * and trips.
 */
struct work {
	const struct node *node; /* all borrowed */
	const struct settings *settings;
	struct depot *depot;
	struct journal *journal;
	struct budget *budget;
	struct digest program;
};

/* For struct jobs_setting; `self` is a struct work. */
enum rb_err work_check(void *self, const char *target, struct fault *why)
    RB_CHECK;
enum rb_err work_do(void *self, const struct task *task, struct report *out)
    RB_CHECK;

#endif
