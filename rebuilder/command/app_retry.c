/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>

#include "common/process/frames.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/command/asking.h"

/* What an operator has a node do: retry, cancel, pause, resume, poll. */

#define TARGETS_MAX 200

static enum rb_err
order(const char *conf, struct msg *question, uint32_t *n, struct fault *why)
{
	struct msg answer;
	struct span in;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&answer, 0);
	if ((rc = asking_call(conf, question, ADMIN_DONE, &answer, why)) ==
	    RB_OK) {
		in = buf_span(&answer.body);
		if ((rc = take_u32(&in, n)) == RB_OK)
			rc = take_end(in);
	}
	msg_clear(&answer);
	return rc;
}

static int
order_targets(const struct app_words *w, uint16_t type, const char *name,
    const char *what)
{
	struct fault why = FAULT_INIT;
	struct msg question;
	uint32_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, type);
	if ((rc = asking_put_texts(&question.body, w->rest, w->nrest)) == RB_OK)
		rc = order(w->conf, &question, &n, &why);
	msg_clear(&question);
	if (rc != RB_OK)
		return app_failed(name, rc, &why, 2);
	printf("%" PRIu32 " %s %s\n", n, n == 1 ? "job" : "jobs", what);
	return 0;
}

static int
order_pause(const struct app_words *w, bool pause, const char *name)
{
	struct fault why = FAULT_INIT;
	struct msg question;
	uint32_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, ADMIN_PAUSE);
	if ((rc = put_u8(&question.body, pause ? 1 : 0)) == RB_OK)
		rc = order(w->conf, &question, &n, &why);
	msg_clear(&question);
	return rc == RB_OK ? 0 : app_failed(name, rc, &why, 2);
}

int
app_retry(int argc, char **argv)
{
	struct app_words w;
	int code;

	code = app_words(argc, argv, "retry [-c node.yml] [TARGET...]",
	    "Makes the next try of each target now, with all its retries; "
	    "without a target, of all\nthat wait for it.",
	    0, 0, TARGETS_MAX, &w);
	if (code != -1)
		return code;
	return order_targets(&w, ADMIN_RETRY, "retry", "to be tried now");
}

int
app_cancel(int argc, char **argv)
{
	struct app_words w;
	int code;

	code = app_words(argc, argv, "cancel [-c node.yml] TARGET...",
	    "Ends the jobs of these targets, and their machines, without a "
	    "verdict.",
	    0, 1, TARGETS_MAX, &w);
	if (code != -1)
		return code;
	return order_targets(&w, ADMIN_CANCEL, "cancel", "cancelled");
}

int
app_pause(int argc, char **argv)
{
	struct app_words w;
	int code;

	code = app_words(argc, argv, "pause [-c node.yml]",
	    "Has a node begin no more jobs, until it is resumed; what runs "
	    "goes on to its end.",
	    0, 0, 0, &w);
	return code != -1 ? code : order_pause(&w, true, "pause");
}

int
app_resume(int argc, char **argv)
{
	struct app_words w;
	int code;

	code = app_words(argc, argv, "resume [-c node.yml]",
	    "Has a paused node go on.", 0, 0, 0, &w);
	return code != -1 ? code : order_pause(&w, false, "resume");
}

int
app_poll(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	struct app_words w;
	struct msg question;
	uint32_t n = 0;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_words(argc, argv, "poll [-c node.yml]",
	    "Has a node look for new tags of the release now, and waits until "
	    "it has.",
	    0, 0, 0, &w);
	if (code != -1)
		return code;
	msg_init(&question, ADMIN_POLL);
	rc = order(w.conf, &question, &n, &why);
	msg_clear(&question);
	if (rc != RB_OK)
		return app_failed("poll", rc, &why, 2);
	printf("%" PRIu32 " %s looked at\n", n,
	    n == 1 ? "component" : "components");
	return 0;
}
