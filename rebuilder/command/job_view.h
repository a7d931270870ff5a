/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_JOB_VIEW_H
#define RB_COMMAND_JOB_VIEW_H

#include <stdio.h>

#include <jansson.h>

#include "common/process/msg.h"
#include "rebuilder/job.h"

/* One job as a node tells of it (frames.h, ADMIN_JOBS_ARE). */
struct job_view {
	char *target, *stage; /* owned */
	struct job_record record;
	uint64_t left; /* seconds to the next try */
	char **blocks; /* owned, each owned: targets that it waits for */
	size_t nblocks;
};

void job_view_init(struct job_view *v);
void job_view_clear(struct job_view *v);
/* `out` must be clear. */
enum rb_err job_view_take(struct span *in, struct job_view *out) RB_CHECK;

/* One verdict about a target (frames.h, ADMIN_SAID_IS). */
struct said_view {
	uint64_t leaf;
	char *file, *reason; /* owned */
	enum verdict verdict;
};

void said_view_clear(struct said_view *v);
/* `out` must be clear. */
enum rb_err said_view_take(struct span *in, struct said_view *out) RB_CHECK;
/* What the last try of a target said; *n is 0 for what is no target. */
enum rb_err said_views_ask(const char *conf, const char *target,
    struct buf *records, uint32_t *n, struct fault *why) RB_CHECK;

/* The records of an answer, which are behind its descriptor. */
enum rb_err job_views_read(struct msg *answer, struct buf *records, uint32_t *n)
    RB_CHECK;

/* One word for where it stands: "blocked" is a way of waiting. */
const char *job_view_state(const struct job_view *v);
/* "2 reproduced, 1 failed", behind `begin`; nothing when there are none. */
void job_view_verdicts(FILE *to, const char *begin, const struct job_view *v);
/* Without memory NULL. */
json_t *job_view_json(const struct job_view *v);

#endif
