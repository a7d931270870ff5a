/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "common/base/enc.h"
#include "common/process/frames.h"
#include "common/told/status.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/command/asking.h"
#include "rebuilder/command/showing.h"
#include "rebuilder/command/told_release.h"

#define SYNOPSIS "status [-c node.yml] [--json]"

static void
print_time(const char *name, uint64_t t)
{
	char text[UTC_LEN + 1];

	if (t == 0 || t > INT64_MAX || utc_write((int64_t)t, text) != RB_OK)
		return;
	printf("%-10s %s\n", name, text);
}

static void
print_words(const struct status *s)
{
	print_time("since", s->started);
	printf("%-10s %s\n", "state",
	    s->paused != 0         ? "paused: nothing is begun" :
		s->disk_short != 0 ? "disk short: nothing is begun" :
				     "works");
	printf("%-10s %" PRIu64 " running, %" PRIu64 " waiting, %" PRIu64
	       " blocked, %" PRIu64 " retrying, %" PRIu64 " done\n",
	    "jobs", s->running, s->waiting, s->blocked, s->retrying, s->done);
	printf("%-10s %" PRIu64 " since the start, %" PRIu64
	       " of them retries\n",
	    "tries", s->tries, s->retries);
	printf("%-10s %" PRIu64 " reproduced, %" PRIu64 " differ, %" PRIu64
	       " failed, %" PRIu64 " unavailable\n",
	    "verdicts", s->reproduced, s->differs, s->failed, s->unavailable);
	printf("%-10s ", "disk");
	show_bytes(stdout, s->disk_free);
	fputs(" free, reserve ", stdout);
	show_bytes(stdout, s->disk_reserve);
	printf("\n%-10s %" PRIu64 " files, ", "store", s->depot_files);
	show_bytes(stdout, s->depot_bytes);
	fputs("; collected since the start ", stdout);
	show_bytes(stdout, s->collected_bytes);
	printf("\n");
	print_time("polled", s->polled);
	if (s->alarms != 0)
		printf("%-10s %" PRIu64 "\n", "ALARMS", s->alarms);
}

static enum rb_err
print_json(const struct status *s)
{
	json_t *line = json_object();
	size_t i;

	for (i = 0; i < status_nfields && line != NULL; i++)
		(void)json_object_set_new(line, status_fields[i].name,
		    json_integer(
			(json_int_t)status_value(s, &status_fields[i])));
	return show_json_line(line);
}

/* A release is not watched by all, and nothing may have been told yet. */
static enum rb_err
print_release(const char *conf, struct fault *why)
{
	struct release_doc doc;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	release_doc_init(&doc);
	rc = told_release_read(conf, &doc, why);
	for (i = 0; rc == RB_OK && i < doc.ncomponents; i++)
		if (told_is_in_trouble(&doc.components[i]))
			told_release_print(stdout, &doc.components[i], false);
	release_doc_clear(&doc);
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

static enum rb_err
show(const struct app_words *w, struct fault *why)
{
	struct msg question, answer;
	struct span in, text = SPAN_INIT;
	struct status s;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, ADMIN_STATUS);
	msg_init(&answer, 0);
	if ((rc = asking_call(w->conf, &question, ADMIN_STATUS_IS, &answer,
		 why)) != RB_OK)
		goto out;
	in = buf_span(&answer.body);
	if ((rc = take_bytes(&in, STATUS_MAX, &text)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK ||
	    (rc = status_parse(text, &s)) != RB_OK)
		goto out;
	if (w->json) {
		rc = print_json(&s);
	} else {
		print_words(&s);
		rc = print_release(w->conf, why);
	}
out:
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

int
app_status(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	struct app_words w;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_words(argc, argv, SYNOPSIS,
	    "Shows how a running node is: jobs, verdicts, disk.", TAKES_JSON, 0,
	    0, &w);
	if (code != -1)
		return code;
	rc = show(&w, &why);
	return rc == RB_OK ? 0 : app_failed("status", rc, &why, 2);
}
