/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "common/base/enc.h"
#include "common/process/frames.h"
#include "common/told/status.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/command/asking.h"
#include "rebuilder/command/job_view.h"
#include "rebuilder/command/showing.h"
#include "rebuilder/command/told_release.h"

#define SYNOPSIS "why [-c node.yml] [--json] TARGET|COMPONENT"

/* What keeps all jobs from being begun. */
static enum rb_err
print_node(const char *conf, struct fault *why)
{
	struct msg question, answer;
	struct span in, text = SPAN_INIT;
	struct status s;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, ADMIN_STATUS);
	msg_init(&answer, 0);
	if ((rc = asking_call(conf, &question, ADMIN_STATUS_IS, &answer,
		 why)) != RB_OK)
		goto out;
	in = buf_span(&answer.body);
	if ((rc = take_bytes(&in, STATUS_MAX, &text)) != RB_OK ||
	    (rc = status_parse(text, &s)) != RB_OK)
		goto out;
	if (s.paused != 0)
		printf("  The node is paused (qubes-rebuilder resume).\n");
	if (s.disk_short != 0)
		printf("  The disk of the store is short (store.reserve).\n");
	if (s.paused == 0 && s.disk_short == 0)
		printf("  It waits for its turn (qubes-rebuilder queue).\n");
out:
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

static void
print_last_try(const struct job_view *v)
{
	const struct job_record *r = &v->record;
	char when[UTC_LEN + 1];

	if (r->ended == 0)
		return;
	if (utc_write(r->ended, when) != RB_OK)
		when[0] = '\0';
	printf("  The last try ended at %s: ", when);
	fputs(job_outcome_name(r->outcome), stdout);
	if (r->outcome == JOB_TRIED)
		job_view_verdicts(stdout, ", ", v);
	printf(".\n");
	if (r->why != NULL) {
		fputs("  ", stdout);
		show_text(stdout, r->why);
		printf("\n");
	}
}

/* What the last try said of each file, and what to ask next. */
static enum rb_err
print_files(const char *conf, const struct job_view *v, struct fault *why)
{
	struct buf records = BUF_INIT;
	struct said_view said = { 0, NULL, NULL, VERDICT_REPRODUCED };
	struct span in;
	uint32_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	rc = said_views_ask(conf, v->target, &records, &n, why);
	in = buf_span(&records);
	while (rc == RB_OK && n-- > 0) {
		if ((rc = said_view_take(&in, &said)) != RB_OK)
			break;
		printf("  %-11s  ", verdict_name(said.verdict));
		show_text(stdout, said.file);
		if (said.reason[0] != '\0') {
			fputs("  (", stdout);
			show_text(stdout, said.reason);
			fputs(")", stdout);
		}
		printf("  leaf %" PRIu64 "%s", said.leaf,
		    said.verdict == VERDICT_DIFFERS ?
			"; see qubes-rebuilder diff " :
			"\n");
		if (said.verdict == VERDICT_DIFFERS)
			printf("%" PRIu64 "\n", said.leaf);
		said_view_clear(&said);
	}
	if (rc == RB_OK && v->record.log.is_set) {
		fputs("  What its machine printed: qubes-rebuilder log ",
		    stdout);
		show_text(stdout, v->target);
		printf("\n");
	}
	buf_clear(&records);
	return rc;
}

static enum rb_err
print_why(const char *conf, const struct job_view *v, struct fault *why)
{
	const struct job_record *r = &v->record;
	size_t i;
	enum rb_err rc = RB_OK;

	show_text(stdout, v->target);
	printf(": %s\n", job_view_state(v));
	switch (r->state) {
	case JOB_RUNNING:
		fputs("  It is at \"", stdout);
		show_text(stdout, v->stage);
		printf("\", try %u.\n", r->tries);
		break;
	case JOB_WAITING:
		for (i = 0; i < v->nblocks; i++) {
			fputs("  It waits for ", stdout);
			show_text(stdout, v->blocks[i]);
			printf("\n");
		}
		if (v->nblocks == 0)
			rc = print_node(conf, why);
		break;
	case JOB_RETRYING:
		printf("  After %u %s it is tried again in ", r->tries,
		    r->tries == 1 ? "try" : "tries");
		show_seconds(stdout, v->left);
		printf(" (qubes-rebuilder retry: now).\n");
		break;
	case JOB_DONE:
		break;
	}
	print_last_try(v);
	if (rc == RB_OK && r->ended != 0)
		rc = print_files(conf, v, why);
	return rc;
}

static enum rb_err
show_job(const struct app_words *w, struct fault *why)
{
	struct msg question, answer;
	struct buf records = BUF_INIT;
	struct job_view v;
	struct span in;
	uint32_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	job_view_init(&v);
	msg_init(&question, ADMIN_WHY);
	msg_init(&answer, 0);
	if ((rc = put_text(&question.body, w->rest[0])) != RB_OK ||
	    (rc = asking_call(w->conf, &question, ADMIN_JOBS_ARE, &answer,
		 why)) != RB_OK ||
	    (rc = job_views_read(&answer, &records, &n)) != RB_OK)
		goto out;
	in = buf_span(&records);
	if ((rc = job_view_take(&in, &v)) != RB_OK)
		goto out;
	rc = w->json ? show_json_line(job_view_json(&v)) :
		       print_why(w->conf, &v, why);
out:
	job_view_clear(&v);
	buf_clear(&records);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* RB_ENOTFOUND: it is not a component of the release. */
static enum rb_err
show_component(const struct app_words *w, struct fault *why)
{
	const struct release_component *c;
	struct release_doc doc;
	enum rb_err rc = RB_EINTERNAL;

	release_doc_init(&doc);
	if ((rc = told_release_read(w->conf, &doc, why)) != RB_OK)
		goto out;
	if ((c = told_release_find(&doc, w->rest[0])) == NULL)
		rc = RB_ENOTFOUND;
	else if (w->json)
		rc = show_json_line(told_release_json(c));
	else
		told_release_print(stdout, c, true);
out:
	release_doc_clear(&doc);
	return rc;
}

static enum rb_err
show(const struct app_words *w, struct fault *why)
{
	enum rb_err rc = show_component(w, why);

	return rc == RB_ENOTFOUND ? show_job(w, why) : rc;
}

int
app_why(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	struct app_words w;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_words(argc, argv, SYNOPSIS,
	    "Says what a target waits for, or why its last try ended as it "
	    "did and when the\nnext one is; or what is known of a component of "
	    "the release.",
	    TAKES_JSON, 1, 1, &w);
	if (code != -1)
		return code;
	rc = show(&w, &why);
	return rc == RB_OK ? 0 : app_failed("why", rc, &why, 2);
}
