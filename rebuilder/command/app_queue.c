/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/process/frames.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/command/asking.h"
#include "rebuilder/command/job_view.h"
#include "rebuilder/command/showing.h"

#define SYNOPSIS "queue [-c node.yml] [--all] [--json]"

static void
print_state(const struct job_view *v, int64_t now)
{
	const struct job_record *r = &v->record;

	fputs(job_view_state(v), stdout);
	if (r->state == JOB_RUNNING) {
		fputs(": ", stdout);
		show_text(stdout, v->stage);
		/* A clock that was set back says nothing. */
		if (r->started != 0 && r->started <= now) {
			fputs(", for ", stdout);
			show_seconds(stdout, (uint64_t)(now - r->started));
		}
	} else if (v->nblocks > 0) {
		fputs(": waits for ", stdout);
		show_text(stdout, v->blocks[0]);
		if (v->nblocks > 1)
			printf(" and %zu more", v->nblocks - 1);
	} else if (r->state == JOB_RETRYING) {
		printf(": after %u %s, next in ", r->tries,
		    r->tries == 1 ? "try" : "tries");
		show_seconds(stdout, v->left);
	} else if (r->state == JOB_DONE && r->outcome == JOB_TRIED) {
		job_view_verdicts(stdout, ": ", v);
	}
}

static enum rb_err
print_job(const struct job_view *v, bool json)
{
	char target[64];

	if (json)
		return show_json_line(job_view_json(v));
	text_show(v->target, target, sizeof(target));
	printf("%-40s  ", target);
	print_state(v, time(NULL));
	printf("\n");
	return RB_OK;
}

static enum rb_err
show(const struct app_words *w, struct fault *why)
{
	struct msg question, answer;
	struct buf records = BUF_INIT;
	struct job_view v;
	struct span in;
	uint32_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	job_view_init(&v);
	msg_init(&question, ADMIN_QUEUE);
	msg_init(&answer, 0);
	if ((rc = put_u8(&question.body, w->all ? 1 : 0)) != RB_OK ||
	    (rc = asking_call(w->conf, &question, ADMIN_JOBS_ARE, &answer,
		 why)) != RB_OK ||
	    (rc = job_views_read(&answer, &records, &n)) != RB_OK)
		goto out;
	in = buf_span(&records);
	if (n == 0 && !w->json)
		printf("%s\n",
		    w->all ? "no job was asked for yet" :
			     "nothing runs or waits; queue --all shows what "
			     "is done");
	while (n-- > 0 && rc == RB_OK) {
		if ((rc = job_view_take(&in, &v)) == RB_OK)
			rc = print_job(&v, w->json);
		job_view_clear(&v);
	}
out:
	buf_clear(&records);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

int
app_queue(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	struct app_words w;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_words(argc, argv, SYNOPSIS,
	    "Shows the jobs that a running node has not ended, one a line: "
	    "what runs, then what\nwaits in its order.  --all: those that are "
	    "done, too.",
	    TAKES_JSON | TAKES_ALL, 0, 0, &w);
	if (code != -1)
		return code;
	rc = show(&w, &why);
	return rc == RB_OK ? 0 : app_failed("queue", rc, &why, 2);
}
