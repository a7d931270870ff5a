/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/metadata.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/enc.h"
#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/gpgv.h"

#define RELEASE_MAX (16 * 1024 * 1024)
#define TEXT_LIMIT 256
#define FINGERPRINTS_MAX 32
#define JUDGE_SECONDS 120

void
metadata_clear(struct metadata *m)
{
	size_t i;

	for (i = 0; i < METADATA_INDICES; i++)
		free(m->indices[i].path);
	memset(m, 0, sizeof(*m));
}

static enum rb_err
print_path(char **out, const char *a, const char *b, const char *c)
{
	struct buf path = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(&path, "%s%s%s", a, b, c)) == RB_OK)
		rc = str_dup_span(buf_span(&path), out);
	buf_clear(&path);
	return rc;
}

static enum rb_err
name_indices(const struct repository *of, struct metadata *m)
{
	struct buf below = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_printf(&below, "/binary-%s/Packages.xz",
		 of->architecture)) != RB_OK ||
	    (rc = buf_put_byte(&below, 0)) != RB_OK ||
	    (rc = print_path(&m->indices[METADATA_PACKAGES].path, of->component,
		 (const char *)below.p, "")) != RB_OK ||
	    (rc = print_path(&m->indices[METADATA_SOURCES].path, of->component,
		 "/source/Sources.xz", "")) != RB_OK)
		goto out;
	/* What nobody builds from need not be there. */
	m->n = of->use == USE_BASE ? METADATA_INDICES : METADATA_SOURCES;
out:
	buf_clear(&below);
	return rc;
}

/* The path that was asked for, or the same without ".xz". */
static enum rb_err
take_path(struct span *in, struct metadata_index *index)
{
	struct span text = SPAN_INIT;
	size_t len = strlen(index->path);
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_bytes(in, TEXT_LIMIT, &text)) != RB_OK)
		return rc;
	index->is_packed = span_equal_str(text, index->path);
	if (index->is_packed)
		return RB_OK;
	index->path[len - strlen(".xz")] = '\0';
	return span_equal_str(text, index->path) ? RB_OK : RB_EPEER;
}

static enum rb_err
take_answer(struct metadata *m, struct span in, struct buf *signers)
{
	struct metadata_index *index;
	struct span text = SPAN_INIT;
	uint8_t by_hash = 0, n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u64(&in, &m->date)) != RB_OK ||
	    (rc = take_u64(&in, &m->valid_until)) != RB_OK ||
	    (rc = take_u8(&in, &by_hash)) != RB_OK ||
	    (rc = take_bytes(&in, TEXT_LIMIT, &text)) != RB_OK ||
	    (rc = take_bytes(&in, TEXT_LIMIT, &text)) != RB_OK ||
	    (rc = take_u8(&in, &n)) != RB_OK)
		return rc;
	if (n > FINGERPRINTS_MAX)
		return RB_ELIMIT;
	for (i = 0; i < n; i++)
		if ((rc = take_bytes(&in, TEXT_LIMIT, &text)) != RB_OK ||
		    (rc = buf_printf(signers, "%s%.*s", i == 0 ? "" : " and ",
			 (int)text.len, (const char *)text.p)) != RB_OK)
			return rc;
	if ((rc = take_u8(&in, &n)) != RB_OK)
		return rc;
	if (n != m->n || m->date > INT64_MAX)
		return RB_EPEER;
	for (i = 0; i < n; i++) {
		index = &m->indices[i];
		if ((rc = take_path(&in, index)) != RB_OK ||
		    (rc = take_u64(&in, &index->size)) != RB_OK ||
		    (rc = take_digest(&in, &index->sha256)) != RB_OK ||
		    (rc = take_u64(&in, &index->plain_size)) != RB_OK ||
		    (rc = take_digest(&in, &index->plain)) != RB_OK)
			return rc;
	}
	m->by_hash = by_hash == 1;
	return take_end(in);
}

/* What gpgv vouched for, as the judge reads it. */
static enum rb_err
judge_release(struct trip *t, const struct repository *of, int signed_text,
    const struct gpgv_result *g, int64_t newest, struct metadata *m,
    struct buf *signers)
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
	    (rc = put_u8(&question.body, of->use == USE_OLD ? 1 : 0)) !=
		RB_OK ||
	    (rc = put_u8(&question.body, (uint8_t)m->n)) != RB_OK)
		goto out;
	for (i = 0; i < m->n; i++)
		if ((rc = put_text(&question.body, m->indices[i].path)) !=
		    RB_OK)
			goto out;
	if ((rc = ask_add_copy(&question, signed_text)) != RB_OK ||
	    (rc = ask_add_copy(&question, g->payload)) != RB_OK ||
	    (rc = ask_add_copy(&question, g->status)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_RELEASE_IS,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	rc = take_answer(m, buf_span(&answer.body), signers);
out:
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* Of what is kept about an address and a suite. */
static enum rb_err
key_of(const char *kind, const struct repository *of, struct digest *out)
{
	struct memory_key k = MEMORY_KEY_INIT;

	memory_key_text(&k, kind);
	memory_key_text(&k, of->uri);
	memory_key_text(&k, of->suite);
	return memory_key_end(&k, out);
}

/* The name under which the newest date is kept. */
static enum rb_err
newest_name(const struct repository *of, char hex[DIGEST_HEX_LEN + 1])
{
	struct digest name = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_of("newest", of, &name)) == RB_OK)
		digest_hex(&name, hex);
	return rc;
}

enum rb_err
metadata_note(struct trip *t, const struct repository *of, const char *kind,
    struct span about, struct span text)
{
	struct digest key = DIGEST_INIT;
	struct buf before = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_of(kind, of, &key)) != RB_OK)
		return rc;
	rc = journal_recall(t->journal, &key, &before);
	if (rc == RB_OK && span_equal(buf_span(&before), about))
		goto out;
	if (rc != RB_OK && rc != RB_ENOTFOUND)
		goto out;
	note(NOTE_INFO, "%s: %.*s", of->section, (int)text.len,
	    (const char *)text.p);
	rc = journal_remember(t->journal, &key, about);
out:
	buf_clear(&before);
	return rc;
}

/* Who signed what is worth a line, when it is another text than before. */
static enum rb_err
note_signers(struct trip *t, const struct repository *of,
    const struct metadata *m, const struct buf *signers)
{
	struct buf text = BUF_INIT;
	char date[UTC_LEN + 1];
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = utc_write((int64_t)m->date, date)) == RB_OK)
		rc = buf_printf(&text,
		    "Release of %s, dated %s, is signed by %.*s", of->suite,
		    date, (int)signers->len, (const char *)signers->p);
	if (rc == RB_OK)
		rc = metadata_note(t, of, "signers", digest_span(&m->sha256),
		    buf_span(&text));
	buf_clear(&text);
	return rc;
}

static enum rb_err
read_signed(struct trip *t, const struct repository *of, int fd,
    struct metadata *m)
{
	struct gpgv_result g = GPGV_RESULT_INIT;
	struct buf signers = BUF_INIT;
	char name[DIGEST_HEX_LEN + 1];
	uint64_t size = 0;
	int64_t newest = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = name_indices(of, m)) != RB_OK ||
	    (rc = newest_name(of, name)) != RB_OK ||
	    (rc = file_size(fd, &size)) != RB_OK ||
	    (rc = digest_of_fd(fd, 0, size, &m->sha256)) != RB_OK ||
	    (rc = journal_newest(t->journal, name, &newest)) != RB_OK ||
	    (rc = gpgv_run(fd, of->keyring, &g, &t->why)) != RB_OK ||
	    (rc = judge_release(t, of, fd, &g, newest, m, &signers)) != RB_OK ||
	    (rc = note_signers(t, of, m, &signers)) != RB_OK)
		goto out;
	if (of->use != USE_OLD)
		rc = journal_saw(t->journal, name, (int64_t)m->date);
out:
	gpgv_result_clear(&g);
	buf_clear(&signers);
	return rc;
}

static enum rb_err
get_from(struct trip *t, const struct repository *of, size_t place,
    struct metadata *out)
{
	const struct fetch_context fetch = trip_fetch(t);
	struct metadata m;
	char *path = NULL, *url = NULL;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	memset(&m, 0, sizeof(m));
	if ((rc = print_path(&path, "dists/", of->suite, "/InRelease")) !=
		RB_OK ||
	    (rc = repository_url(of, place, path, &url)) != RB_OK ||
	    (rc = fetch_url(&fetch, url, RELEASE_MAX, &fd)) != RB_OK ||
	    (rc = read_signed(t, of, fd, &m)) != RB_OK)
		goto out;

	*out = m;
	memset(&m, 0, sizeof(m)); /* now the caller's */
	rc = RB_OK;
out:
	metadata_clear(&m);
	free(path);
	free(url);
	fd_close(&fd);
	return rc;
}

enum rb_err
metadata_get(struct trip *t, const struct repository *of, struct metadata *out)
{
	struct fault first = FAULT_INIT;
	size_t place;
	enum rb_err rc = RB_EINTERNAL, first_rc = RB_OK;

	for (place = 0; place <= of->nmirrors; place++) {
		if ((rc = get_from(t, of, place, out)) == RB_OK) {
			t->why.text[0] = '\0';
			return RB_OK;
		}
		/* A mirror's complaint says less than the repository's own. */
		if (place == 0)
			first = t->why;
		/* But there is none only when all say so. */
		if (place == 0 || first_rc == RB_ENOTFOUND)
			first_rc = rc;
	}
	t->why = first;
	return first_rc;
}

enum rb_err
metadata_was_there(struct trip *t, const struct repository *of, bool *was_there)
{
	char name[DIGEST_HEX_LEN + 1];
	int64_t newest = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = newest_name(of, name)) == RB_OK &&
	    (rc = journal_newest(t->journal, name, &newest)) == RB_OK)
		*was_there = newest != 0;
	return rc;
}
