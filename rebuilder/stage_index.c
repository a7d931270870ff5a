/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/fetch.h"
#include "rebuilder/gpgv.h"
#include "rebuilder/trip.h"

/*
 * index: the archive's signed Release text, and the Packages and Sources
 * that it names.
 */

#define RELEASE_MAX (16 * 1024 * 1024)
#define TEXT_LIMIT 256
#define FINGERPRINTS_MAX 32
#define JUDGE_SECONDS 120

enum { PACKAGES, SOURCES, NINDICES };

struct wanted {
	char *path; /* owned: below dists/<suite>/ */
	uint64_t size, plain_size;
	struct digest sha256, plain;
};

struct release {
	uint64_t date, valid_until;
	bool by_hash;
	struct digest metadata;
	struct wanted indices[NINDICES];
};

static void
release_clear(struct release *r)
{
	size_t i;

	for (i = 0; i < NINDICES; i++)
		free(r->indices[i].path);
	memset(r, 0, sizeof(*r));
}

/* A formatted string, owned. */
static enum rb_err
join(char **out, const char *a, const char *b, const char *c, const char *d)
{
	struct buf b_ = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(&b_, "%s%s%s%s", a, b, c, d)) == RB_OK)
		rc = str_dup_span(buf_span(&b_), out);
	buf_clear(&b_);
	return rc;
}

static enum rb_err
name_indices(const struct repository *of, struct release *r)
{
	const char *component = of->component;
	enum rb_err rc = RB_EINTERNAL;

	rc = join(&r->indices[PACKAGES].path, component, "/binary-",
	    of->architecture, "/Packages.xz");
	if (rc != RB_OK)
		return rc;
	return join(&r->indices[SOURCES].path, component, "/source/", "Sources",
	    ".xz");
}

static enum rb_err
take_release(struct release *r, struct span in)
{
	struct span text = SPAN_INIT;
	uint8_t by_hash = 0, n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u64(&in, &r->date)) != RB_OK ||
	    (rc = take_u64(&in, &r->valid_until)) != RB_OK ||
	    (rc = take_u8(&in, &by_hash)) != RB_OK ||
	    (rc = take_bytes(&in, TEXT_LIMIT, &text)) != RB_OK ||
	    (rc = take_bytes(&in, TEXT_LIMIT, &text)) != RB_OK ||
	    (rc = take_u8(&in, &n)) != RB_OK)
		return rc;
	/* Who signed stands in the notes of the judge. */
	if (n > FINGERPRINTS_MAX)
		return RB_ELIMIT;
	for (i = 0; i < n; i++)
		if ((rc = take_bytes(&in, TEXT_LIMIT, &text)) != RB_OK)
			return rc;
	if ((rc = take_u8(&in, &n)) != RB_OK)
		return rc;
	if (n != NINDICES || r->date > INT64_MAX)
		return RB_EPEER;
	for (i = 0; i < n; i++) {
		if ((rc = take_bytes(&in, TEXT_LIMIT, &text)) != RB_OK ||
		    (rc = take_u64(&in, &r->indices[i].size)) != RB_OK ||
		    (rc = take_digest(&in, &r->indices[i].sha256)) != RB_OK ||
		    (rc = take_u64(&in, &r->indices[i].plain_size)) != RB_OK ||
		    (rc = take_digest(&in, &r->indices[i].plain)) != RB_OK)
			return rc;
		if (!span_equal_str(text, r->indices[i].path))
			return RB_EPEER;
	}
	r->by_hash = by_hash == 1;
	return take_end(in);
}

/* What gpgv vouched for, as the judge reads it. */
static enum rb_err
judge_release(struct trip *t, const struct repository *of, int signed_text,
    const struct gpgv_result *g, int64_t newest, struct release *r)
{
	struct msg question, answer;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_RELEASE);
	msg_init(&answer, 0);
	if ((rc = put_u32(&question.body, g->exit_status)) != RB_OK ||
	    (rc = put_text(&question.body, of->suite)) != RB_OK ||
	    (rc = put_u64(&question.body, (uint64_t)t->started)) != RB_OK ||
	    (rc = put_u64(&question.body, (uint64_t)newest)) != RB_OK ||
	    (rc = put_u8(&question.body, NINDICES)) != RB_OK)
		goto out;
	for (i = 0; i < NINDICES; i++)
		if ((rc = put_text(&question.body, r->indices[i].path)) !=
		    RB_OK)
			goto out;
	if ((rc = ask_add_copy(&question, signed_text)) != RB_OK ||
	    (rc = ask_add_copy(&question, g->payload)) != RB_OK ||
	    (rc = ask_add_copy(&question, g->status)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_RELEASE_IS,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	rc = take_release(r, buf_span(&answer.body));
out:
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* From the first place that has one. */
static enum rb_err
fetch_release(struct trip *t, const struct repository *of, int *out)
{
	const struct fetch_context fetch = trip_fetch(t);
	char *path = NULL, *url = NULL;
	size_t place;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = join(&path, "dists/", of->suite, "/InRelease", "")) != RB_OK)
		return rc;
	for (place = 0; place <= of->nmirrors; place++) {
		free(url);
		url = NULL;
		if ((rc = repository_url(of, place, path, &url)) != RB_OK)
			break;
		rc = fetch_url(&fetch, url, RELEASE_MAX, out);
		if (rc != RB_ENOTFOUND && rc != RB_EIO)
			break;
	}
	free(path);
	free(url);
	return rc;
}

static enum rb_err
get_release(struct trip *t, const struct repository *of, struct release *r)
{
	struct gpgv_result g = GPGV_RESULT_INIT;
	uint64_t size = 0;
	int64_t newest = 0;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = name_indices(of, r)) != RB_OK ||
	    (rc = fetch_release(t, of, &fd)) != RB_OK ||
	    (rc = file_size(fd, &size)) != RB_OK ||
	    (rc = digest_of_fd(fd, 0, size, &r->metadata)) != RB_OK ||
	    (rc = journal_newest(t->journal, of->suite, &newest)) != RB_OK ||
	    (rc = gpgv_run(fd, of->keyring, &g, &t->why)) != RB_OK ||
	    (rc = judge_release(t, of, fd, &g, newest, r)) != RB_OK)
		goto out;
	rc = journal_saw(t->journal, of->suite, (int64_t)r->date);
out:
	gpgv_result_clear(&g);
	fd_close(&fd);
	return rc;
}

/* The judge knows its descriptors, not what they are called. */
static enum rb_err
blame(struct trip *t, const char *path, enum rb_err rc)
{
	struct fault said = t->why;

	return fault_set(&t->why, rc, "%s: %s", path, said.text);
}

static enum rb_err
judge_index(struct trip *t, const struct wanted *w, int compressed)
{
	struct msg question, answer;
	struct digest found = DIGEST_INIT;
	int out = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_INDEX);
	msg_init(&answer, 0);
	if ((rc = depot_scratch(t->depot, &out)) != RB_OK ||
	    (rc = put_u64(&question.body, w->size)) != RB_OK ||
	    (rc = put_digest(&question.body, &w->sha256)) != RB_OK ||
	    (rc = put_u64(&question.body, w->plain_size)) != RB_OK ||
	    (rc = put_digest(&question.body, &w->plain)) != RB_OK ||
	    (rc = ask_add_copy(&question, compressed)) != RB_OK ||
	    (rc = ask_add_copy(&question, out)) != RB_OK)
		goto out;
	if ((rc = ask_role("rebuilder-judge", &question, JUDGE_OK,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK) {
		rc = blame(t, w->path, rc);
		goto out;
	}
	if ((rc = depot_add(t->depot, out, &found)) != RB_OK)
		goto out;
	if (!digest_equal(&found, &w->plain))
		rc = fault_set(&t->why, RB_EDIGEST,
		    "%s: decompressed, it is "
		    "not what the signed Release text names",
		    w->path);
out:
	msg_clear(&question);
	msg_clear(&answer);
	fd_close(&out);
	return rc;
}

static enum rb_err
get_index(struct trip *t, const struct repository *of, const struct release *r,
    const struct wanted *w)
{
	const struct fetch_context fetch = trip_fetch(t);
	struct listing l = { NULL, 0 };
	struct listed *item;
	struct buf path = BUF_INIT;
	char hex[DIGEST_HEX_LEN + 1];
	const char *slash = strrchr(w->path, '/');
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if (depot_has(t->depot, &w->plain))
		return RB_OK;
	if ((item = listing_add(&l)) == NULL)
		return RB_ENOMEM;
	item->from = of;
	digest_hex(&w->sha256, hex);
	/* By digest an index can't change between two requests. */
	if (r->by_hash)
		rc = buf_printf(&path, "dists/%s/%.*s/by-hash/SHA256/%s",
		    of->suite, (int)(slash - w->path), w->path, hex);
	else
		rc = buf_printf(&path, "dists/%s/%s", of->suite, w->path);
	if (rc != RB_OK ||
	    (rc = str_dup_span(buf_span(&path), &item->path)) != RB_OK)
		goto out;
	item->size = w->size;
	item->sha256 = w->sha256;
	if ((rc = fetch_listing(&fetch, &l, "fetching index")) != RB_OK)
		goto out;
	if (item->is_absent) {
		rc = listed_fault(item, &t->why, RB_ENOTFOUND,
		    "the archive does not have it");
		goto out;
	}
	if ((rc = depot_get(t->depot, &w->sha256, &fd)) != RB_OK)
		goto out;
	rc = judge_index(t, w, fd);
out:
	listing_clear(&l);
	buf_clear(&path);
	fd_close(&fd);
	return rc;
}

/* What is remembered, so that jobs that follow each other ask once. */
static enum rb_err
index_key(struct trip *t, const struct repository *of, struct digest *out)
{
	struct memory_key k = MEMORY_KEY_INIT;
	struct digest keyring = DIGEST_INIT;
	uint64_t size = 0;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	/* A key that was taken out must not vouch for anything remembered. */
	fd = open(of->keyring, O_RDONLY | O_CLOEXEC);
	if (fd == -1)
		return fault_set(&t->why, RB_ENOTFOUND,
		    "%s.keyring: %s cannot be read", of->section, of->keyring);
	if ((rc = file_size(fd, &size)) == RB_OK)
		rc = digest_of_fd(fd, 0, size, &keyring);
	fd_close(&fd);
	if (rc != RB_OK)
		return rc;
	memory_key_text(&k, "index");
	memory_key_digest(&k, &keyring);
	memory_key_text(&k, of->uri);
	memory_key_text(&k, of->suite);
	memory_key_text(&k, of->component);
	memory_key_text(&k, of->architecture);
	return memory_key_end(&k, out);
}

static enum rb_err
recall(struct trip *t, struct repository *of, const struct digest *key)
{
	struct buf value = BUF_INIT;
	struct span in;
	uint64_t seen = 0, until = 0, date = 0;
	uint64_t now = (uint64_t)t->started;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = journal_recall(t->journal, key, &value)) != RB_OK)
		return rc;
	in = buf_span(&value);
	if ((rc = take_u64(&in, &seen)) != RB_OK ||
	    (rc = take_u64(&in, &until)) != RB_OK ||
	    (rc = take_u64(&in, &date)) != RB_OK ||
	    (rc = take_digest(&in, &of->index.metadata)) != RB_OK ||
	    (rc = take_digest(&in, &of->index.packages)) != RB_OK ||
	    (rc = take_digest(&in, &of->index.sources)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK) {
		rc = RB_ENOTFOUND; /* of another version of this program */
		goto out;
	}
	/* A clock that went back makes nothing fresh. */
	if (seen > now || now - seen >= t->settings->rebuilder.refresh ||
	    (until != 0 && now > until) ||
	    !depot_has(t->depot, &of->index.packages) ||
	    !depot_has(t->depot, &of->index.sources)) {
		rc = RB_ENOTFOUND;
		goto out;
	}
	of->index.seen = (int64_t)seen;
	of->index.date = (int64_t)date;
out:
	buf_clear(&value);
	return rc;
}

static enum rb_err
remember(struct trip *t, const struct digest *key, const struct release *r)
{
	struct buf value = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_u64(&value, (uint64_t)t->started)) == RB_OK &&
	    (rc = put_u64(&value, r->valid_until)) == RB_OK &&
	    (rc = put_u64(&value, r->date)) == RB_OK &&
	    (rc = put_digest(&value, &r->metadata)) == RB_OK &&
	    (rc = put_digest(&value, &r->indices[PACKAGES].plain)) == RB_OK &&
	    (rc = put_digest(&value, &r->indices[SOURCES].plain)) == RB_OK)
		rc = journal_remember(t->journal, key, buf_span(&value));
	buf_clear(&value);
	return rc;
}

static enum rb_err
read_one(struct trip *t, struct repository *of)
{
	struct release r;
	struct digest key = DIGEST_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	memset(&r, 0, sizeof(r));
	if ((rc = index_key(t, of, &key)) != RB_OK)
		return rc;
	if ((rc = recall(t, of, &key)) != RB_ENOTFOUND)
		return rc;
	trip_tell(t, "fetching index", 0, 0, "");
	if ((rc = get_release(t, of, &r)) != RB_OK)
		goto out;
	for (i = 0; i < NINDICES; i++)
		if ((rc = get_index(t, of, &r, &r.indices[i])) != RB_OK)
			goto out;
	of->index.metadata = r.metadata;
	of->index.seen = t->started;
	of->index.date = (int64_t)r.date;
	of->index.packages = r.indices[PACKAGES].plain;
	of->index.sources = r.indices[SOURCES].plain;
	rc = remember(t, &key, &r);
out:
	release_clear(&r);
	return rc;
}

enum rb_err
stage_index(struct trip *t)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = read_one(t, &t->base)) != RB_OK)
		return rc;
	for (i = 0; i < t->nsuites; i++)
		if ((rc = read_one(t, &t->suites[i])) != RB_OK)
			return rc;
	return RB_OK;
}
