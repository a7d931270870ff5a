/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/work.h"

#include "common/base/note.h"
#include "rebuilder/said.h"
#include "rebuilder/target.h"

/* Writes down what is said, and passes everything on. */
struct scribe {
	struct work *work;
	const struct task *task;
};

static void
pass_stage(void *self, const char *stage, uint64_t done, uint64_t total,
    const char *detail)
{
	const struct trip_ear *ear = ((struct scribe *)self)->task->ear;

	ear->stage(ear->self, stage, done, total, detail);
}

static void
pass_result(void *self, const struct result *r)
{
	struct scribe *s = self;
	const struct trip_ear *ear = s->task->ear;

	/* The verdict is signed and logged: without a note it stands, too. */
	if (!r->is_recorded &&
	    said_add(s->work->journal, s->task->target, r) != RB_OK)
		note(NOTE_WARN,
		    "%s: the journal can't be written: leaf %llu will not be "
		    "found by log, diff and inputs",
		    r->file, (unsigned long long)r->leaf);
	ear->result(ear->self, r);
}

static void
pass_log(void *self, int fd)
{
	const struct trip_ear *ear = ((struct scribe *)self)->task->ear;

	if (ear->log != NULL)
		ear->log(ear->self, fd);
}

enum rb_err
work_check(void *self, const char *target, struct fault *why)
{
	struct target parsed;

	(void)self;
	return target_parse(target, &parsed, why);
}

enum rb_err
work_do(void *self, const struct task *task, struct report *out)
{
	struct work *w = self;
	struct scribe scribe = { w, task };
	const struct trip_ear ear = { &scribe, pass_stage, pass_result,
		pass_log };
	struct target target;
	struct trip trip;
	uint64_t mark = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = target_parse(task->target, &target, &out->why)) != RB_OK ||
	    (rc = depot_enter(w->depot, &mark)) != RB_OK)
		return rc;
	trip_init(&trip);
	trip.node = w->node;
	trip.settings = w->settings;
	trip.depot = w->depot;
	trip.journal = w->journal;
	trip.program = &w->program;
	trip.budget = w->budget;
	trip.ear = &ear;
	trip.name = target.name;
	trip.version = target.version[0] == '\0' ? NULL : target.version;
	trip.again = task->again;
	if ((rc = trip_aim(&trip, NULL)) == RB_OK)
		rc = trip_run(&trip);
	out->why = trip.why;
	out->log = trip.build.log;
	if (trip.inputs.are_known) {
		out->inputs.value = trip.inputs.text;
		out->inputs.is_set = true;
	}
	trip_clear(&trip);
	depot_leave(w->depot, mark);
	return rc;
}
