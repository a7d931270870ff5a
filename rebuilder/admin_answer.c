/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "common/told/status.h"
#include "rebuilder/admin.h"
#include "rebuilder/listeners.h"
#include "rebuilder/said.h"
#include "rebuilder/target.h"

/*
 * One answer to each question of frames.h, "admin.sock".  What may be long
 * goes through a descriptor, so that no answer waits for its reader.
 */

#define WHOM_MAX 512
#define UNKNOWN "the question is not one that admin.sock knows"

/* What is asked, and what can be said about it. */
struct asked {
	int sock;
	const struct admin *a;
	struct span in; /* what is left of the question */
	struct fault why;
};

static void
refuse(int sock, const char *sentence)
{
	struct msg m;

	msg_init(&m, FRAME_REFUSED);
	if (put_text(&m.body, sentence) == RB_OK && msg_send(sock, &m) != RB_OK)
		note(NOTE_WARN, "admin: a client left before its answer");
	msg_clear(&m);
}

struct targets {
	char **list; /* owned, each owned */
	uint16_t n;
};

static void
targets_clear(struct targets *t)
{
	while (t->n > 0)
		free(t->list[--t->n]);
	free(t->list);
	t->list = NULL;
}

static enum rb_err
take_targets(struct asked *q, struct targets *out)
{
	uint16_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u16(&q->in, &n)) != RB_OK)
		return rc;
	if ((out->list = calloc((size_t)n + 1, sizeof(*out->list))) == NULL)
		return RB_ENOMEM;
	for (; out->n < n; out->n++)
		if ((rc = take_text(&q->in, TARGET_MAX, &out->list[out->n])) !=
		    RB_OK)
			return rc;
	return take_end(q->in);
}

static enum rb_err
answer_rebuild(struct asked *q)
{
	struct targets t = { NULL, 0 };
	struct wish *wishes = NULL;
	uint8_t again = 0, priority = 0;
	uint16_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(&q->in, &again)) != RB_OK ||
	    (rc = take_u8(&q->in, &priority)) != RB_OK ||
	    (rc = take_targets(q, &t)) != RB_OK)
		goto out;
	if (again > 1 || priority > JOB_PRIORITY_MAX) {
		rc = RB_EFORMAT;
		goto out;
	}
	if ((wishes = calloc((size_t)t.n + 1, sizeof(*wishes))) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (i = 0; i < t.n; i++)
		wishes[i] = (struct wish){ t.list[i], again == 1, priority,
			NULL };
	rc = jobs_add(q->a->jobs, wishes, t.n, q->sock, &q->why);
out:
	free(wishes);
	targets_clear(&t);
	return rc;
}

static bool
is_job(struct jobs *j, const char *whom)
{
	struct job_record r;
	bool found;

	job_record_init(&r);
	found = jobs_record(j, whom, &r) == RB_OK;
	job_record_clear(&r);
	return found;
}

/* Who asks for hostname may mean deb:hostname. */
static void
add_hint(struct asked *q, const char *whom)
{
	const struct fault said = q->why;
	char *deb = NULL;

	if (asprintf(&deb, "deb:%s", whom) == -1)
		return; /* without memory the sentence stands as it is */
	if (is_job(q->a->jobs, deb))
		fault_set(&q->why, RB_ENOTFOUND,
		    "%.300s; there is %s: say that", said.text, deb);
	free(deb);
}

static enum rb_err
send_done(int sock, uint32_t n)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, ADMIN_DONE);
	if ((rc = put_u32(&m.body, n)) == RB_OK)
		rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

static enum rb_err
answer_retry(struct asked *q)
{
	struct targets t = { NULL, 0 };
	uint32_t n = 0, one = 0;
	uint16_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_targets(q, &t)) != RB_OK)
		goto out;
	if (t.n == 0)
		rc = jobs_retry(q->a->jobs, NULL, &n, &q->why);
	for (i = 0; i < t.n && rc == RB_OK; i++) {
		rc = jobs_retry(q->a->jobs, t.list[i], &one, &q->why);
		if (rc == RB_ENOTFOUND)
			add_hint(q, t.list[i]);
		n += rc == RB_OK ? one : 0;
	}
	if (rc == RB_OK)
		rc = send_done(q->sock, n);
out:
	targets_clear(&t);
	return rc;
}

static enum rb_err
answer_cancel(struct asked *q)
{
	struct targets t = { NULL, 0 };
	uint16_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_targets(q, &t)) != RB_OK)
		goto out;
	for (i = 0; i < t.n && rc == RB_OK; i++) {
		rc = jobs_cancel(q->a->jobs, t.list[i], &q->why);
		if (rc == RB_ENOTFOUND)
			add_hint(q, t.list[i]);
	}
	if (rc == RB_OK)
		rc = send_done(q->sock, t.n);
out:
	targets_clear(&t);
	return rc;
}

static enum rb_err
answer_pause(struct asked *q)
{
	uint8_t pause = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(&q->in, &pause)) != RB_OK ||
	    (rc = take_end(q->in)) != RB_OK)
		return rc;
	if (pause > 1)
		return RB_EFORMAT;
	if ((rc = jobs_pause(q->a->jobs, pause == 1)) != RB_OK)
		return fault_set(&q->why, rc, "the journal can't be written");
	note(NOTE_INFO, "an operator says: %s",
	    pause == 1 ? "begin nothing more" : "go on");
	return send_done(q->sock, 1);
}

static enum rb_err
send_jobs(struct asked *q, const char *target, bool all)
{
	struct buf records = BUF_INIT;
	struct msg m;
	uint32_t n = 0;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, ADMIN_JOBS_ARE);
	rc = jobs_write(q->a->jobs, target, all, &records, &n);
	if (rc == RB_ENOTFOUND)
		fault_set(&q->why, rc,
		    "%s: no such job; see qubes-rebuilder queue --all", target);
	if (rc != RB_OK ||
	    (rc = memory_file("jobs", buf_span(&records), &fd)) != RB_OK ||
	    (rc = put_u32(&m.body, n)) != RB_OK ||
	    (rc = msg_add_fd(&m, fd)) != RB_OK)
		goto out;
	fd = -1; /* now the message's */
	rc = msg_send(q->sock, &m);
out:
	fd_close(&fd);
	buf_clear(&records);
	msg_clear(&m);
	return rc;
}

static enum rb_err
answer_queue(struct asked *q)
{
	uint8_t all = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(&q->in, &all)) != RB_OK ||
	    (rc = take_end(q->in)) != RB_OK)
		return rc;
	return send_jobs(q, NULL, all == 1);
}

static enum rb_err
answer_why(struct asked *q)
{
	char *target = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&q->in, TARGET_MAX, &target)) == RB_OK &&
	    (rc = take_end(q->in)) == RB_OK)
		rc = send_jobs(q, target, true);
	if (rc == RB_ENOTFOUND)
		add_hint(q, target);
	free(target);
	return rc;
}

static enum rb_err
answer_status(struct asked *q)
{
	struct buf text = BUF_INIT;
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, ADMIN_STATUS_IS);
	if ((rc = take_end(q->in)) == RB_OK &&
	    (rc = q->a->status(q->a->self, &text)) == RB_OK &&
	    (rc = put_bytes(&m.body, buf_span(&text))) == RB_OK)
		rc = msg_send(q->sock, &m);
	buf_clear(&text);
	msg_clear(&m);
	return rc;
}

/* Of what was said under a leaf, a file name or a digest. */
static enum rb_err
send_said_log(struct asked *q, const char *whom)
{
	struct said s;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	said_init(&s);
	if ((rc = said_find(q->a->journal, whom, &s, &q->why)) != RB_OK)
		goto out;
	if (!s.log.is_set) {
		rc = fault_set(&q->why, RB_ENOTFOUND,
		    "leaf %llu (%s): no machine printed anything for it",
		    (unsigned long long)s.leaf, s.file);
		goto out;
	}
	if ((rc = depot_get(q->a->depot, &s.log.value, &fd)) != RB_OK) {
		fault_set(&q->why, rc,
		    "leaf %llu (%s): its log is not in the depot; the node "
		    "serves it at /builds/%llu/log",
		    (unsigned long long)s.leaf, s.file,
		    (unsigned long long)s.leaf);
		goto out;
	}
	rc = listener_send_log(q->sock, s.target, LOG_PACKED, 0, fd);
out:
	fd_close(&fd);
	said_clear(&s);
	return rc;
}

static enum rb_err
answer_log(struct asked *q)
{
	char *whom = NULL;
	uint8_t follow = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&q->in, WHOM_MAX, &whom)) != RB_OK ||
	    (rc = take_u8(&q->in, &follow)) != RB_OK ||
	    (rc = take_end(q->in)) != RB_OK)
		goto out;
	if (is_job(q->a->jobs, whom))
		rc = jobs_show_log(q->a->jobs, whom, follow == 1, q->sock,
		    q->a->depot, &q->why);
	else
		rc = send_said_log(q, whom);
	if (rc == RB_ENOTFOUND)
		add_hint(q, whom);
out:
	free(whom);
	return rc;
}

/* Why a verdict has no difference report. */
static enum rb_err
no_difference(const struct said *s, struct fault *why)
{
	return fault_set(why, RB_ENOTFOUND, "leaf %llu (%s): %s",
	    (unsigned long long)s->leaf, s->file,
	    s->verdict == VERDICT_REPRODUCED ?
		"was reproduced, so there is no difference" :
		s->verdict == VERDICT_DIFFERS ?
		"differs, but has no difference report" :
		"there was nothing to compare; see log");
}

/* Which file it is, and the leaf that names it. */
static enum rb_err
find_file(struct asked *q, enum admin_file what, const char *whom,
    struct maybe_digest *file, uint64_t *leaf)
{
	struct job_record r;
	struct said s;
	enum rb_err rc = RB_EINTERNAL;

	job_record_init(&r);
	said_init(&s);
	*leaf = UINT64_MAX;
	if (what == FILE_INPUTS && jobs_record(q->a->jobs, whom, &r) == RB_OK) {
		*file = r.inputs;
		rc = RB_OK;
	} else if ((rc = said_find(q->a->journal, whom, &s, &q->why)) ==
	    RB_OK) {
		*file = what == FILE_INPUTS ? s.inputs : s.difference;
		*leaf = s.leaf;
		if (what == FILE_DIFFERENCE && !file->is_set)
			rc = no_difference(&s, &q->why);
	}
	job_record_clear(&r);
	said_clear(&s);
	if (rc == RB_OK && !file->is_set)
		rc = fault_set(&q->why, RB_ENOTFOUND, "%s: has no input list",
		    whom);
	return rc;
}

static enum rb_err
answer_file(struct asked *q)
{
	struct maybe_digest file = { .is_set = false };
	struct msg m;
	char *whom = NULL;
	uint8_t what = 0;
	uint64_t leaf = 0;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, ADMIN_FILE_IS);
	if ((rc = take_u8(&q->in, &what)) != RB_OK ||
	    (rc = take_text(&q->in, WHOM_MAX, &whom)) != RB_OK ||
	    (rc = take_end(q->in)) != RB_OK)
		goto out;
	if (what != FILE_INPUTS && what != FILE_DIFFERENCE) {
		rc = RB_EFORMAT;
		goto out;
	}
	if ((rc = find_file(q, (enum admin_file)what, whom, &file, &leaf)) !=
	    RB_OK) {
		add_hint(q, whom);
		goto out;
	}
	if ((rc = depot_get(q->a->depot, &file.value, &fd)) != RB_OK) {
		fault_set(&q->why, rc,
		    "%s: is not in the depot; the node serves it beside its "
		    "verdict",
		    whom);
		goto out;
	}
	if ((rc = put_u64(&m.body, leaf)) != RB_OK ||
	    (rc = msg_add_fd(&m, fd)) != RB_OK)
		goto out;
	fd = -1; /* now the message's */
	rc = msg_send(q->sock, &m);
out:
	fd_close(&fd);
	free(whom);
	msg_clear(&m);
	return rc;
}

static enum rb_err
answer_said(struct asked *q)
{
	struct buf records = BUF_INIT;
	struct msg m;
	char *target = NULL;
	uint32_t n = 0;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, ADMIN_SAID_IS);
	if ((rc = take_text(&q->in, WHOM_MAX, &target)) != RB_OK ||
	    (rc = take_end(q->in)) != RB_OK ||
	    (rc = said_marked(q->a->journal, target, &records, &n)) != RB_OK ||
	    (rc = memory_file("said", buf_span(&records), &fd)) != RB_OK ||
	    (rc = put_u32(&m.body, n)) != RB_OK ||
	    (rc = msg_add_fd(&m, fd)) != RB_OK)
		goto out;
	fd = -1; /* now the message's */
	rc = msg_send(q->sock, &m);
out:
	fd_close(&fd);
	free(target);
	buf_clear(&records);
	msg_clear(&m);
	return rc;
}

/* The watcher answers, when it has looked. */
static enum rb_err
answer_poll(struct asked *q)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_end(q->in)) != RB_OK)
		return rc;
	if (q->a->watcher == NULL)
		return fault_set(&q->why, RB_EREFUSED,
		    "this node watches no release (section release of "
		    "node.yml)");
	if ((rc = watch_call(q->a->watcher, q->sock)) == RB_ELIMIT)
		fault_set(&q->why, rc,
		    "too many others wait for the next round already");
	return rc;
}

static const struct {
	uint16_t type;
	enum rb_err (*answer)(struct asked *q);
} answers[] = {
	{ ADMIN_REBUILD, answer_rebuild },
	{ ADMIN_QUEUE, answer_queue },
	{ ADMIN_STATUS, answer_status },
	{ ADMIN_RETRY, answer_retry },
	{ ADMIN_PAUSE, answer_pause },
	{ ADMIN_CANCEL, answer_cancel },
	{ ADMIN_WHY, answer_why },
	{ ADMIN_LOG, answer_log },
	{ ADMIN_FILE, answer_file },
	{ ADMIN_POLL, answer_poll },
	{ ADMIN_SAID, answer_said },
};

void
admin_answer(int sock, const struct admin *a, const struct msg *question)
{
	struct asked q = { sock, a, buf_span(&question->body), FAULT_INIT };
	size_t i;
	enum rb_err rc = RB_EFORMAT;

	for (i = 0; i < sizeof(answers) / sizeof(answers[0]); i++)
		if (answers[i].type == question->type && question->nfds == 0)
			rc = answers[i].answer(&q);
	if (rc == RB_OK)
		return;
	if (rc == RB_EPEER && q.why.text[0] == '\0')
		note(NOTE_WARN, "admin: a client left before its answer");
	else
		refuse(sock,
		    q.why.text[0] != '\0'                   ? q.why.text :
			rc == RB_EFORMAT || rc == RB_ELIMIT ? UNKNOWN :
							      err_name(rc));
}
