/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <time.h>

#include "common/base/note.h"
#include "common/process/msg.h"
#include "rebuilder/jobs_inside.h"

/* What the journal keeps of the jobs, after a restart. */

/* What the journal held, to be put back in its order. */
struct kept {
	char *target; /* owned */
	struct job_record record;
};

struct shelf {
	const struct jobs *jobs; /* borrowed */
	struct kept *list;       /* owned */
	size_t n, room;
};

static void
shelf_clear(struct shelf *s)
{
	size_t i;

	for (i = 0; i < s->n; i++) {
		free(s->list[i].target);
		job_record_clear(&s->list[i].record);
	}
	free(s->list);
	s->list = NULL;
	s->n = 0;
}

/* Jobs as version 0.1 kept them: a word alone. */
static bool
take_word(struct span value, struct job_record *r)
{
	if (!span_equal_str(value, "again") &&
	    !span_equal_str(value, "waiting"))
		return false;
	r->again = span_equal_str(value, "again");
	r->priority = JOB_PRIORITY;
	return true;
}

static enum rb_err
shelve(void *self, struct span key, struct span value)
{
	struct shelf *s = self;
	struct kept *grown, k = { NULL, { 0 } };
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	job_record_init(&k.record);
	if (s->n == s->room) {
		s->room = s->room == 0 ? 64 : 2 * s->room;
		grown = reallocarray(s->list, s->room, sizeof(*grown));
		if (grown == NULL)
			return RB_ENOMEM;
		s->list = grown;
	}
	if ((rc = str_dup_span(key, &k.target)) == RB_OK &&
	    (rc = s->jobs->setting.check(s->jobs->setting.self, k.target,
		 &why)) == RB_OK &&
	    !take_word(value, &k.record) &&
	    (rc = job_record_take(&value, &k.record)) == RB_OK)
		rc = take_end(value);
	if (rc != RB_OK) {
		note(NOTE_WARN, "job %s from the journal is dropped: %s",
		    k.target == NULL ? "?" : k.target,
		    why.text[0] != '\0' ? why.text : err_name(rc));
		free(k.target);
		job_record_clear(&k.record);
		return rc == RB_ENOMEM ? rc : RB_OK;
	}
	s->list[s->n++] = k;
	return RB_OK;
}

static int
compare_orders(const void *a, const void *b)
{
	uint64_t x = ((const struct kept *)a)->record.order;
	uint64_t y = ((const struct kept *)b)->record.order;

	return (x > y) - (x < y);
}

enum rb_err
jobs_restore(struct jobs *j)
{
	struct shelf s = { j, NULL, 0, 0 };
	uint64_t paused = 0;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = journal_each(j->setting.journal, JOURNAL_JOB, SPAN(""),
		 shelve, &s)) != RB_OK)
		goto out;
	if (s.n > 0)
		qsort(s.list, s.n, sizeof(*s.list), compare_orders);
	for (i = 0; i < s.n; i++)
		if ((rc = queue_restore(j->queue, s.list[i].target,
			 &s.list[i].record, steady_seconds(), time(NULL))) !=
		    RB_OK)
			goto out;
	rc = journal_number(j->setting.journal, JOURNAL_STATE, JOBS_PAUSED,
	    &paused);
	/* What cannot be read is no reason to do nothing. */
	if (rc == RB_EFORMAT)
		rc = RB_OK;
	j->is_paused = paused != 0;
out:
	shelf_clear(&s);
	return rc;
}
