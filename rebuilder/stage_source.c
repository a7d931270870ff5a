/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/published.h"

/*
 * source: which files the source package is, which binaries the archive
 * published from it, and all of them by digest.
 */

#define NAME_LIMIT 256
#define PATH_LIMIT 1024
#define FILES_MAX 64
#define RECORDS_MAX (8 * 1024 * 1024)
#define STANZA_MAX (1024 * 1024)
#define JUDGE_SECONDS 120

/* Opens the two indices and two new files behind them. */
static enum rb_err
add_descriptors(struct trip *t, struct msg *m, int *records, int *stanza)
{
	int sources = -1, packages = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = depot_get(t->depot, &t->base.index.sources, &sources)) !=
		RB_OK ||
	    (rc = depot_get(t->depot, &t->base.index.packages, &packages)) !=
		RB_OK ||
	    (rc = depot_scratch(t->depot, records)) != RB_OK ||
	    (rc = depot_scratch(t->depot, stanza)) != RB_OK ||
	    (rc = ask_add_copy(m, sources)) != RB_OK ||
	    (rc = ask_add_copy(m, packages)) != RB_OK ||
	    (rc = ask_add_copy(m, *records)) != RB_OK ||
	    (rc = ask_add_copy(m, *stanza)) != RB_OK)
		goto out;
	rc = RB_OK;
out:
	fd_close(&sources);
	fd_close(&packages);
	return rc;
}

static enum rb_err
take_source_file(struct trip *t, struct span *in)
{
	struct buf path = BUF_INIT;
	struct listed *item;
	enum rb_err rc = RB_EINTERNAL;

	if ((item = listing_add(&t->source.files)) == NULL)
		return RB_ENOMEM;
	item->from = &t->base;
	if ((rc = take_text(in, NAME_LIMIT, &item->name)) != RB_OK ||
	    (rc = take_u64(in, &item->size)) != RB_OK ||
	    (rc = take_digest(in, &item->sha256)) != RB_OK ||
	    (rc = buf_printf(&path, "%s/%s", t->source.directory,
		 item->name)) != RB_OK)
		goto out;
	rc = str_dup_span(buf_span(&path), &item->path);
	if (rc == RB_OK && strcmp(item->name, t->source.dsc) == 0)
		t->source.dsc_sha256 = item->sha256;
out:
	buf_clear(&path);
	return rc;
}

static enum rb_err
take_answer(struct trip *t, const struct msg *answer, struct span records)
{
	struct span in = buf_span(&answer->body);
	uint32_t nfiles = 0, npublished = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&in, NAME_LIMIT, &t->source.version)) != RB_OK ||
	    (rc = take_text(&in, PATH_LIMIT, &t->source.directory)) != RB_OK ||
	    (rc = take_text(&in, NAME_LIMIT, &t->source.dsc)) != RB_OK ||
	    (rc = take_u32(&in, &nfiles)) != RB_OK ||
	    (rc = take_u32(&in, &npublished)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	if (nfiles > FILES_MAX)
		return RB_ELIMIT;
	for (i = 0; i < nfiles; i++)
		if ((rc = take_source_file(t, &records)) != RB_OK)
			return rc;
	if ((rc = published_take(t, &t->base, npublished, &records)) != RB_OK)
		return rc;
	return take_end(records);
}

static enum rb_err
find(struct trip *t)
{
	struct msg question, answer;
	struct buf records = BUF_INIT, stanza = BUF_INIT;
	int records_fd = -1, stanza_fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_SOURCE);
	msg_init(&answer, 0);
	if ((rc = put_text(&question.body, t->name)) != RB_OK ||
	    (rc = put_text(&question.body,
		 t->version == NULL ? "" : t->version)) != RB_OK ||
	    (rc = put_text(&question.body, t->base.architecture)) != RB_OK ||
	    (rc = add_descriptors(t, &question, &records_fd, &stanza_fd)) !=
		RB_OK)
		goto out;
	if ((rc = ask_role("rebuilder-judge", &question, JUDGE_SOURCE_IS,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	if (lseek(records_fd, 0, SEEK_SET) == -1 ||
	    lseek(stanza_fd, 0, SEEK_SET) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = file_read_fd(records_fd, RECORDS_MAX, &records)) != RB_OK ||
	    (rc = file_read_fd(stanza_fd, STANZA_MAX, &stanza)) != RB_OK ||
	    (rc = take_answer(t, &answer, buf_span(&records))) != RB_OK)
		goto out;
	rc = depot_add_bytes(t->depot, buf_span(&stanza), &t->source.stanza);
out:
	buf_clear(&records);
	buf_clear(&stanza);
	msg_clear(&question);
	msg_clear(&answer);
	fd_close(&records_fd);
	fd_close(&stanza_fd);
	return rc;
}

enum rb_err
stage_source(struct trip *t)
{
	const struct fetch_context fetch = trip_fetch(t);
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	trip_tell(t, "source", 0, 0, "");
	if ((rc = find(t)) != RB_OK)
		return rc;
	if (t->published.n == 0)
		return fault_set(&t->why, RB_ENOTFOUND,
		    "%s %s: the archive has no binary package of it for %s "
		    "in %s/%s; nothing to compare with",
		    t->name, t->source.version, t->base.architecture,
		    t->base.suite, t->base.component);
	rc = fetch_listing(&fetch, &t->source.files, "fetching source");
	if (rc == RB_EREFUSED || rc == RB_EDIGEST)
		return trip_obstacle(t, VERDICT_UNAVAILABLE, "source");
	if (rc != RB_OK)
		return rc;
	for (i = 0; i < t->source.files.n; i++) {
		if (t->source.files.list[i].is_absent) {
			(void)listed_fault(&t->source.files.list[i], &t->why,
			    RB_ENOTFOUND,
			    "the archive does not have it any more");
			return trip_obstacle(t, VERDICT_UNAVAILABLE, "source");
		}
	}
	return published_fetch(t);
}
