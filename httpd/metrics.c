/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/metrics.h"

#include <inttypes.h>

void
metrics_count(struct metrics *m, unsigned int status)
{
	if (status / 100 < sizeof(m->answers) / sizeof(m->answers[0]))
		atomic_fetch_add(&m->answers[status / 100], 1);
}

static enum rb_err
put_head(struct buf *out, const char *name, const char *type, const char *help)
{
	return buf_printf(out, "# HELP %s %s\n# TYPE %s %s\n", name, help, name,
	    type);
}

static enum rb_err
put_verdicts(const struct view *v, struct buf *out)
{
	static const enum verdict verdicts[] = { VERDICT_REPRODUCED,
		VERDICT_DIFFERS, VERDICT_FAILED, VERDICT_UNAVAILABLE };
	uint64_t n;
	size_t i;
	enum rb_err rc;

	rc = put_head(out, "rebuilder_verdicts", "gauge",
	    "Leaves of the log by what they say.");
	for (i = 0; rc == RB_OK && i < sizeof(verdicts) / sizeof(verdicts[0]);
	    i++) {
		if ((rc = store_count(v->txn, verdicts[i], &n)) != RB_OK)
			return rc;
		rc = buf_printf(out,
		    "rebuilder_verdicts{verdict=\"%s\"} %" PRIu64 "\n",
		    verdict_name(verdicts[i]), n);
	}
	return rc;
}

static enum rb_err
put_answers(struct metrics *m, struct buf *out)
{
	size_t i;
	enum rb_err rc;

	rc = put_head(out, "rebuilder_http_answers_total", "counter",
	    "Answers given since the start, by class of status.");
	for (i = 2; rc == RB_OK && i < 6; i++)
		rc = buf_printf(out,
		    "rebuilder_http_answers_total{code=\"%zuxx\"} %" PRIu64
		    "\n",
		    i, atomic_load(&m->answers[i]));
	return rc;
}

enum rb_err
metrics_write(struct metrics *m, const struct view *v, struct buf *out)
{
	enum rb_err rc;

	if ((rc = put_head(out, "rebuilder_build_info", "gauge",
		 "The program's version.")) != RB_OK)
		return rc;
	if ((rc = buf_put_str(out,
		 "rebuilder_build_info{version=\"" RB_VERSION "\"} 1\n")) !=
	    RB_OK)
		return rc;
	if ((rc = put_head(out, "rebuilder_checkpoint_size", "gauge",
		 "Leaves under the signed checkpoint.")) != RB_OK)
		return rc;
	if ((rc = buf_printf(out, "rebuilder_checkpoint_size %" PRIu64 "\n",
		 v->head.size)) != RB_OK)
		return rc;
	if ((rc = put_verdicts(v, out)) != RB_OK)
		return rc;
	if ((rc = put_answers(m, out)) != RB_OK)
		return rc;
	if ((rc = put_head(out, "rebuilder_http_late_total", "counter",
		 "Connections ended because a request or its answer took too "
		 "long.")) != RB_OK)
		return rc;
	return buf_printf(out, "rebuilder_http_late_total %" PRIu64 "\n",
	    atomic_load(&m->late));
}

static enum rb_err
put_number(struct buf *out, const char *name, const char *type,
    const char *help, uint64_t n)
{
	enum rb_err rc = put_head(out, name, type, help);

	return rc != RB_OK ? rc : buf_printf(out, "%s %" PRIu64 "\n", name, n);
}

/* One name with several values of one label. */
struct series {
	const char *label;
	uint64_t n;
};

static enum rb_err
put_series(struct buf *out, const char *name, const char *type,
    const char *help, const char *key, const struct series *list, size_t n)
{
	size_t i;
	enum rb_err rc = put_head(out, name, type, help);

	for (i = 0; i < n && rc == RB_OK; i++)
		rc = buf_printf(out, "%s{%s=\"%s\"} %" PRIu64 "\n", name, key,
		    list[i].label, list[i].n);
	return rc;
}

enum rb_err
metrics_write_status(const struct status *s, struct buf *out)
{
	const struct series jobs[] = {
		{ "waiting", s->waiting },
		{ "blocked", s->blocked },
		{ "running", s->running },
		{ "retrying", s->retrying },
	};
	const struct series said[] = {
		{ "reproduced", s->reproduced },
		{ "differs", s->differs },
		{ "failed", s->failed },
		{ "unavailable", s->unavailable },
	};
	const struct {
		const char *name, *type, *help;
		uint64_t n;
	} numbers[] = {
		{ "rebuilder_told_timestamp_seconds", "gauge",
		    "When the rebuilder told what follows.", s->time },
		{ "rebuilder_start_timestamp_seconds", "gauge",
		    "When the rebuilder started.", s->started },
		{ "rebuilder_tries_total", "counter",
		    "Tries begun since the start.", s->tries },
		{ "rebuilder_retries_total", "counter",
		    "Of them, those that repeat one.", s->retries },
		{ "rebuilder_paused", "gauge", "1: paused by an operator.",
		    s->paused },
		{ "rebuilder_disk_free_bytes", "gauge",
		    "Left on the disk of the store.", s->disk_free },
		{ "rebuilder_disk_reserve_bytes", "gauge",
		    "Below that nothing is begun.", s->disk_reserve },
		{ "rebuilder_disk_short", "gauge",
		    "1: nothing is begun for want of disk.", s->disk_short },
		{ "rebuilder_store_files", "gauge",
		    "Files in the store at the last collection.",
		    s->depot_files },
		{ "rebuilder_store_bytes", "gauge", "Their size on the disk.",
		    s->depot_bytes },
		{ "rebuilder_store_collected_bytes_total", "counter",
		    "Collected since the start.", s->collected_bytes },
		{ "rebuilder_poll_timestamp_seconds", "gauge",
		    "When the release was polled last; 0: never.", s->polled },
		{ "rebuilder_alarms", "gauge",
		    "Alarms about the release that stand.", s->alarms },
	};
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_series(out, "rebuilder_jobs", "gauge",
		 "Jobs that are not done, by state.", "state", jobs,
		 sizeof(jobs) / sizeof(jobs[0]))) != RB_OK ||
	    (rc = put_series(out, "rebuilder_said_total", "counter",
		 "Verdicts since the journal was begun.", "verdict", said,
		 sizeof(said) / sizeof(said[0]))) != RB_OK)
		return rc;
	for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]) && rc == RB_OK;
	    i++)
		rc = put_number(out, numbers[i].name, numbers[i].type,
		    numbers[i].help, numbers[i].n);
	return rc;
}
