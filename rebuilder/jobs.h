/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_JOBS_H
#define RB_REBUILDER_JOBS_H

#include "rebuilder/trip.h"

/*
 * The jobs that were asked for: kept in the journal until they end, worked
 * off by a fixed number of threads, each on one trip at a time.  One target
 * is one job, however often it is asked for.
 */
struct jobs;

struct jobs_setting {
	const struct node *node;         /* all borrowed */
	const struct settings *settings;
	struct depot *depot;
	struct journal *journal;
	struct digest program;
};

/* Takes up what the journal holds and starts the threads. */
enum rb_err jobs_start(const struct jobs_setting *setting, struct jobs **out)
    RB_CHECK;

/*
 * Adds a job, or finds the one that is there.  `listener` is a socket whose
 * duplicate hears ADMIN_STAGE, ADMIN_RESULT and ADMIN_ENDED of it.
 */
enum rb_err jobs_add(struct jobs *j, const char *target, bool again,
    int listener, struct fault *why) RB_CHECK;

/* Sends one ADMIN_JOB for each job and ADMIN_END. */
enum rb_err jobs_list(struct jobs *j, int sock) RB_CHECK;

#endif
