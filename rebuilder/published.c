/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/published.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"

#define NAME_LIMIT 256
#define PATH_LIMIT 1024
#define PUBLISHED_MAX 4096
#define RECORDS_MAX (8 * 1024 * 1024)
#define JUDGE_SECONDS 120

static void
cut_last(struct listing *l)
{
	struct listed *item = &l->list[--l->n];

	free(item->name);
	free(item->version);
	free(item->arch);
	free(item->path);
}

/* The last entry was there before, from another suite. */
static bool
last_is_known(const struct listing *l)
{
	const struct listed *last = &l->list[l->n - 1], *item;

	for (item = l->list; item < last; item++)
		if (digest_equal(&item->sha256, &last->sha256) &&
		    strcmp(item->name, last->name) == 0 &&
		    strcmp(item->version, last->version) == 0 &&
		    strcmp(item->arch, last->arch) == 0)
			return true;
	return false;
}

static enum rb_err
take_one(struct trip *t, const struct repository *from, struct span *in)
{
	struct listed *item;
	uint8_t is_binnmu = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((item = listing_add(&t->published)) == NULL)
		return RB_ENOMEM;
	item->from = from;
	if ((rc = take_text(in, NAME_LIMIT, &item->name)) != RB_OK ||
	    (rc = take_text(in, NAME_LIMIT, &item->version)) != RB_OK ||
	    (rc = take_text(in, NAME_LIMIT, &item->arch)) != RB_OK ||
	    (rc = take_text(in, PATH_LIMIT, &item->path)) != RB_OK ||
	    (rc = take_u64(in, &item->size)) != RB_OK ||
	    (rc = take_digest(in, &item->sha256)) != RB_OK ||
	    (rc = take_u8(in, &is_binnmu)) != RB_OK)
		return rc;
	item->is_binnmu = is_binnmu == 1;
	if (last_is_known(&t->published))
		cut_last(&t->published);
	return RB_OK;
}

enum rb_err
published_take(struct trip *t, const struct repository *from, uint32_t n,
    struct span *in)
{
	uint32_t i;
	enum rb_err rc = RB_OK;

	if (n > PUBLISHED_MAX)
		return RB_ELIMIT;
	for (i = 0; i < n && rc == RB_OK; i++)
		rc = take_one(t, from, in);
	return rc;
}

static enum rb_err
find_in(struct trip *t, const struct repository *suite)
{
	struct msg question, answer;
	struct buf records = BUF_INIT;
	struct span in;
	uint32_t n = 0;
	int packages = -1, out = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_PUBLISHED);
	msg_init(&answer, 0);
	if ((rc = depot_get(t->depot, &suite->index.packages, &packages)) !=
		RB_OK ||
	    (rc = depot_scratch(t->depot, &out)) != RB_OK ||
	    (rc = put_text(&question.body, t->name)) != RB_OK ||
	    (rc = put_text(&question.body, t->source.version)) != RB_OK ||
	    (rc = put_text(&question.body, suite->architecture)) != RB_OK ||
	    (rc = ask_add_copy(&question, packages)) != RB_OK ||
	    (rc = ask_add_copy(&question, out)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_PUBLISHED_IS,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	in = buf_span(&answer.body);
	if ((rc = take_u32(&in, &n)) != RB_OK || (rc = take_end(in)) != RB_OK)
		goto out;
	if (lseek(out, 0, SEEK_SET) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = file_read_fd(out, RECORDS_MAX, &records)) != RB_OK)
		goto out;
	in = buf_span(&records);
	if ((rc = published_take(t, suite, n, &in)) == RB_OK)
		rc = take_end(in);
out:
	buf_clear(&records);
	fd_close(&packages);
	fd_close(&out);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

enum rb_err
published_find(struct trip *t)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < t->nsuites; i++)
		if ((rc = find_in(t, &t->suites[i])) != RB_OK)
			return rc;
	if (t->published.n == 0)
		return fault_set(&t->why, RB_ENOTFOUND,
		    "%s %s: nothing of it is published for %s in %s, nor in "
		    "the %zu suites beside it; nothing to compare with",
		    t->name, t->source.version, t->base.architecture,
		    t->suites[0].suite, t->nsuites - 1);
	return RB_OK;
}

enum rb_err
published_fetch(struct trip *t)
{
	const struct fetch_context fetch = trip_fetch(t);
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	rc = fetch_listing(&fetch, &t->published, "fetching published");
	if (rc == RB_EREFUSED || rc == RB_EDIGEST)
		return trip_obstacle(t, VERDICT_UNAVAILABLE, "published");
	if (rc != RB_OK)
		return rc;
	for (i = 0; i < t->published.n; i++)
		if (!t->published.list[i].is_absent)
			return RB_OK;
	(void)listed_fault(&t->published.list[0], &t->why, RB_ENOTFOUND,
	    "the archive does not have it any more; nothing to compare with");
	return trip_obstacle(t, VERDICT_UNAVAILABLE, "published");
}
