/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_JOB_H
#define RB_REBUILDER_JOB_H

#include "common/attest/statement.h"
#include "common/process/frames.h"

/*
 * What is known of one target that was asked for, apart from what it means:
 * where it stands, and how its last try ended.  The same bytes lie in the
 * journal and go to who asks at admin.sock.
 */
enum job_state {
	JOB_WAITING = 0,
	JOB_RUNNING = 1,
	JOB_RETRYING = 2, /* waits for the time of its next try */
	JOB_DONE = 3,     /* kept to be told about */
};
#define JOB_STATES 4

/* Higher goes first. */
#define JOB_PRIORITY_MAX 9
#define JOB_PRIORITY 5       /* of what an operator asks for */
#define JOB_PRIORITY_WATCH 3 /* of what the node finds by itself */

#define JOB_AFTER_MAX 1024 /* targets that one job waits for */
#define JOB_VERDICTS 4
#define JOB_RECORD_MAX (JOB_AFTER_MAX * 260 + 4096)

struct job_record {
	enum job_state state;
	uint8_t priority;
	bool again;
	uint64_t order; /* rises with each job asked for or ended */
	/* In seconds since 1970; 0: not yet. */
	int64_t asked, started, ended, retry_at;
	uint32_t tries;       /* since it was asked for, with a running one */
	uint32_t interrupted; /* how often the daemon ended in a try */
	/* Of the last try that ended: */
	enum job_outcome outcome;
	uint32_t verdicts[JOB_VERDICTS]; /* files by verdict */
	char *why;         /* owned; NULL: nothing to say */
	/* Of the last try that had such: */
	struct maybe_digest log;    /* compressed, in the depot */
	struct maybe_digest inputs; /* the list, in the depot */
	/* Targets that this one waits for until they are done. */
	char **after; /* owned, each owned */
	size_t nafter;
};

void job_record_init(struct job_record *r);
void job_record_clear(struct job_record *r);

enum rb_err job_record_put(struct buf *out, const struct job_record *r)
    RB_CHECK;
/*
 * Takes exactly what was put; `out` must be clear.  RB_EFORMAT for bytes of
 * another version, too.
 */
enum rb_err job_record_take(struct span *in, struct job_record *out) RB_CHECK;

const char *job_state_name(enum job_state s);
const char *job_outcome_name(enum job_outcome o);

#endif
