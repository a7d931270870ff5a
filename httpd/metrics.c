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
