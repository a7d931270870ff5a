/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_JOB_ALARMS_H
#define RB_REBUILDER_JOB_ALARMS_H

#include "rebuilder/alarms.h"
#include "rebuilder/journal.h"

/*
 * Alarms that the jobs of a component raised.  They are kept apart from
 * component_state, which is the watcher's: jobs run while it looks.
 */

/* None is no error. */
enum rb_err job_alarms_get(struct journal *j, const char *component,
    struct alarms *out) RB_CHECK;
/*
 * Durable at return, and noted when it is new (alarms.h).  From any thread.
 */
enum rb_err job_alarms_raise(struct journal *j, const char *component,
    const char *sentence) RB_CHECK;

#endif
