/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/keeper.h"

#include <string.h>
#include <time.h>

#include "common/told/status.h"
#include "rebuilder/said.h"

static enum rb_err
count_said(struct keeper *k, struct status *s)
{
	const struct {
		enum verdict verdict;
		uint64_t *to;
	} kinds[] = {
		{ VERDICT_REPRODUCED, &s->reproduced },
		{ VERDICT_DIFFERS, &s->differs },
		{ VERDICT_FAILED, &s->failed },
		{ VERDICT_UNAVAILABLE, &s->unavailable },
	};
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]) && rc == RB_OK; i++)
		rc = said_count(k->journal, kinds[i].verdict, kinds[i].to);
	return rc;
}

enum rb_err
keeper_status(void *self, struct buf *out)
{
	struct keeper *k = self;
	struct jobs_counts c;
	struct status s;
	enum rb_err rc = RB_EINTERNAL;

	memset(&s, 0, sizeof(s));
	if ((rc = count_said(k, &s)) != RB_OK)
		return rc;
	jobs_count(k->jobs, &c);
	s.time = (uint64_t)time(NULL);
	s.started = (uint64_t)k->started;
	s.waiting = c.queue.waiting;
	s.blocked = c.queue.blocked;
	s.running = c.queue.running;
	s.retrying = c.queue.retrying;
	s.done = c.queue.done;
	s.tries = c.tries;
	s.retries = c.retries;
	s.paused = c.is_paused ? 1 : 0;
	return status_write(&s, out);
}
