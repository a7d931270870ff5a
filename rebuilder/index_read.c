/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/index_read.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/metadata.h"

#define JUDGE_SECONDS 120
/* How often a repository may change under our hands. */
#define UPDATES_MAX 4

/* The judge knows its descriptors, not what they are called. */
static enum rb_err
blame(struct trip *t, const char *path, enum rb_err rc)
{
	struct fault said = t->why;

	return fault_set(&t->why, rc, "%s: %s", path, said.text);
}

static enum rb_err
judge_index(struct trip *t, const struct metadata_index *w, int compressed)
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
get_index(struct trip *t, const struct repository *of, const struct metadata *m,
    const struct metadata_index *w)
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
	if (m->by_hash)
		rc = buf_printf(&path, "dists/%s/%.*s/by-hash/SHA256/%s",
		    of->suite, (int)(slash - w->path), w->path, hex);
	else
		rc = buf_printf(&path, "dists/%s/%s", of->suite, w->path);
	if (rc != RB_OK ||
	    (rc = str_dup_span(buf_span(&path), &item->path)) != RB_OK)
		goto out;
	item->size = w->size;
	item->sha256 = w->sha256;
	rc = fetch_listing(&fetch, &l, "fetching index");
	/* No rule forbids what a server may have again later. */
	if (rc == RB_EREFUSED)
		rc = RB_EIO;
	if (rc != RB_OK)
		goto out;
	if (item->is_absent) {
		rc = listed_fault(item, &t->why, RB_ENOTFOUND,
		    "the archive does not have it");
		goto out;
	}
	if (!w->is_packed) {
		rc = RB_OK;
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
		return fault_set(&t->why, RB_EIO,
		    "%s.keyring: %s cannot be read", of->section, of->keyring);
	if ((rc = file_size(fd, &size)) == RB_OK)
		rc = digest_of_fd(fd, 0, size, &keyring);
	fd_close(&fd);
	if (rc != RB_OK)
		return rc;
	memory_key_text(&k, "index");
	memory_key_number(&k, of->use);
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
	    (of->use == USE_BASE && !depot_has(t->depot, &of->index.sources))) {
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
remember(struct trip *t, const struct digest *key, uint64_t valid_until,
    const struct index *index)
{
	struct buf value = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_u64(&value, (uint64_t)index->seen)) == RB_OK &&
	    (rc = put_u64(&value, valid_until)) == RB_OK &&
	    (rc = put_u64(&value, (uint64_t)index->date)) == RB_OK &&
	    (rc = put_digest(&value, &index->metadata)) == RB_OK &&
	    (rc = put_digest(&value, &index->packages)) == RB_OK &&
	    (rc = put_digest(&value, &index->sources)) == RB_OK)
		rc = journal_remember(t->journal, key, buf_span(&value));
	buf_clear(&value);
	return rc;
}

/* The indices that this text names, as the repository has them now. */
static enum rb_err
get_indices(struct trip *t, const struct repository *of,
    const struct metadata *m)
{
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < m->n && rc == RB_OK; i++)
		rc = get_index(t, of, m, &m->indices[i]);
	return rc;
}

static bool
are_not_of_one_state(enum rb_err rc)
{
	return rc == RB_EDIGEST || rc == RB_ENOTFOUND;
}

/*
 * A repository is updated file by file.  When an index is not the one that
 * the signed text names, the text may have been replaced since: it is asked
 * for again as long as it changes.  One that stays the same names what is
 * not there.
 */
static enum rb_err
get_all(struct trip *t, const struct repository *of, struct metadata *m)
{
	struct digest before = DIGEST_INIT;
	struct fault said = FAULT_INIT;
	unsigned int tries;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = metadata_get(t, of, m)) != RB_OK)
		return rc;
	for (tries = 0; tries < UPDATES_MAX; tries++) {
		rc = get_indices(t, of, m);
		if (!are_not_of_one_state(rc))
			return rc;
		said = t->why;
		before = m->sha256;
		metadata_clear(m);
		if ((rc = metadata_get(t, of, m)) != RB_OK)
			return rc;
		if (digest_equal(&m->sha256, &before))
			break;
	}
	return fault_set(&t->why, RB_ESTALE,
	    "%s; the signed Release text and the indices beside it are not of "
	    "one state (%s, %s): the repository is being updated, or a mirror "
	    "mixes two states of it; ask again later",
	    said.text, of->section, of->suite);
}

enum rb_err
index_read(struct trip *t, struct repository *of)
{
	struct metadata m;
	struct digest key = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	memset(&m, 0, sizeof(m));
	if ((rc = index_key(t, of, &key)) != RB_OK)
		return rc;
	if ((rc = recall(t, of, &key)) != RB_ENOTFOUND)
		return rc;
	trip_tell(t, "fetching index", 0, 0, "");
	if ((rc = get_all(t, of, &m)) != RB_OK)
		goto out;
	of->index.metadata = m.sha256;
	of->index.seen = t->started;
	of->index.date = (int64_t)m.date;
	of->index.packages = m.indices[METADATA_PACKAGES].plain;
	of->index.sources = m.indices[METADATA_SOURCES].plain;
	rc = remember(t, &key, m.valid_until, &of->index);
out:
	metadata_clear(&m);
	return rc;
}
