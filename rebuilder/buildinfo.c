/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/buildinfo.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/gpgv.h"

#define SIGNED_MAX (8 * 1024 * 1024)
#define RECORDS_MAX (8 * 1024 * 1024)
#define NAME_LIMIT 256
#define PATH_LIMIT 1024
#define DETAIL_LIMIT 1024
#define FILES_MAX 1024
#define JUDGE_SECONDS 120
static const char suffix[] = ".buildinfo";

/* One .buildinfo that was found, and how many published files it names. */
struct found {
	struct buildinfo_followed followed;
	size_t named;
};

static void
found_clear(struct found *f)
{
	free(f->followed.path);
	memset(f, 0, sizeof(*f));
}

/* How many published files of this pass have this name and digest. */
static size_t
count_named(const struct trip *t, const char *name, const struct digest *sha256)
{
	const struct listed *item;
	const char *slash;
	size_t i, n = 0;

	for (i = 0; i < t->published.n; i++) {
		item = &t->published.list[i];
		slash = strrchr(item->path, '/');
		if (trip_concerns(t, item) &&
		    digest_equal(&item->sha256, sha256) &&
		    strcmp(slash == NULL ? item->path : slash + 1, name) == 0)
			n++;
	}
	return n;
}

static enum rb_err
take_files(const struct trip *t, uint32_t n, struct span records,
    struct found *f)
{
	struct digest sha256 = DIGEST_INIT;
	char *name = NULL;
	uint64_t size = 0;
	uint32_t i;
	enum rb_err rc = RB_OK;

	if (n > FILES_MAX)
		return RB_ELIMIT;
	for (i = 0; i < n; i++) {
		free(name);
		name = NULL;
		if ((rc = take_text(&records, NAME_LIMIT, &name)) != RB_OK ||
		    (rc = take_u64(&records, &size)) != RB_OK ||
		    (rc = take_digest(&records, &sha256)) != RB_OK)
			break;
		f->named += count_named(t, name, &sha256);
	}
	free(name);
	return rc;
}

/* Of a path: no program takes it for an option, or for another directory. */
static bool
is_part(const char *s, size_t len)
{
	return len != 0 && s[0] != '-' && !(len == 1 && s[0] == '.') &&
	    !(len >= 2 && s[0] == '.' && s[1] == '.') &&
	    strspn(s,
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
		"0123456789+.~_-") >= len;
}

bool
buildinfo_is_place(const char *path)
{
	const char *part = path + strlen("/build/"), *end;

	if (strncmp(path, "/build/", strlen("/build/")) != 0)
		return false;
	for (; (end = strchr(part, '/')) != NULL; part = end + 1)
		if (!is_part(part, (size_t)(end - part)))
			return false;
	return is_part(part, strlen(part));
}

static enum rb_err
take_answer(const struct trip *t, struct span in, struct span records,
    struct found *f)
{
	struct buildinfo_followed *b = &f->followed;
	struct span version, architecture;
	uint8_t one = 0, all = 0;
	uint32_t nfiles = 0, npins = 0, nvariables = 0;
	uint64_t date = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_bytes(&in, NAME_LIMIT, &version)) != RB_OK ||
	    (rc = take_bytes(&in, NAME_LIMIT, &architecture)) != RB_OK ||
	    (rc = take_text(&in, PATH_LIMIT, &b->path)) != RB_OK ||
	    (rc = take_u64(&in, &date)) != RB_OK ||
	    (rc = take_u8(&in, &one)) != RB_OK ||
	    (rc = take_u8(&in, &all)) != RB_OK ||
	    (rc = take_u32(&in, &nfiles)) != RB_OK ||
	    (rc = take_u32(&in, &npins)) != RB_OK ||
	    (rc = take_u32(&in, &nvariables)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	if (!buildinfo_is_place(b->path)) {
		free(b->path);
		b->path = NULL;
	}
	b->date = date > INT64_MAX ? 0 : (int64_t)date;
	b->built_for_one = one == 1;
	b->built_for_all = all == 1;
	return take_files(t, nfiles, records, f);
}

static enum rb_err
judge(struct trip *t, int fd, const struct gpgv_result *g, struct found *f)
{
	struct msg question, answer;
	struct buf records = BUF_INIT;
	int fds[2] = { -1, -1 };
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_BUILDINFO);
	msg_init(&answer, 0);
	if ((rc = put_u32(&question.body, g->exit_status)) != RB_OK ||
	    (rc = put_text(&question.body, t->name)) != RB_OK ||
	    (rc = put_text(&question.body, t->source.version)) != RB_OK ||
	    (rc = ask_add_copy(&question, fd)) != RB_OK ||
	    (rc = ask_add_copy(&question, g->payload)) != RB_OK ||
	    (rc = ask_add_copy(&question, g->status)) != RB_OK)
		goto out;
	for (i = 0; i < 2; i++)
		if ((rc = depot_scratch(t->depot, &fds[i])) != RB_OK ||
		    (rc = ask_add_copy(&question, fds[i])) != RB_OK)
			goto out;
	if ((rc = ask_role("rebuilder-judge", &question, JUDGE_BUILDINFO_IS,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	if (lseek(fds[0], 0, SEEK_SET) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = file_read_fd(fds[0], RECORDS_MAX, &records)) != RB_OK ||
	    (rc = take_answer(t, buf_span(&answer.body), buf_span(&records),
		 f)) != RB_OK ||
	    (rc = depot_add(t->depot, fds[1], &f->followed.pins)) != RB_OK ||
	    (rc = depot_add(t->depot, g->payload, &f->followed.text)) != RB_OK)
		goto out;
	rc = depot_add(t->depot, fd, &f->followed.sha256);
out:
	for (i = 0; i < 2; i++)
		fd_close(&fds[i]);
	buf_clear(&records);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* From the first place that has it; RB_ENOTFOUND: none has. */
static enum rb_err
fetch(struct trip *t, const struct repository *from, const char *path, int *fd)
{
	const struct fetch_context context = trip_fetch(t);
	char *url = NULL;
	size_t place;
	enum rb_err rc = RB_ENOTFOUND;

	for (place = 0; place <= from->nmirrors && rc == RB_ENOTFOUND;
	    place++) {
		free(url);
		url = NULL;
		rc = repository_url(from, place, path, &url);
		if (rc == RB_OK)
			rc = fetch_url(&context, url, SIGNED_MAX, fd);
	}
	free(url);
	return rc;
}

static enum rb_err
read_one(struct trip *t, const struct repository *from, const char *path,
    struct found *f)
{
	struct gpgv_result g = GPGV_RESULT_INIT;
	struct fault said;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = fetch(t, from, path, &fd)) != RB_OK)
		goto out;
	if ((rc = gpgv_run(fd, from->buildinfo_keyring, &g, &t->why)) !=
		RB_OK ||
	    (rc = judge(t, fd, &g, f)) != RB_OK) {
		said = t->why;
		/* It is there: only a file that is not is not followed. */
		if (rc == RB_ENOTFOUND)
			rc = RB_EREFUSED;
		(void)fault_set(&t->why, rc, "%s%s: %s", from->uri, path,
		    said.text);
	}
	if (rc == RB_EREFUSED || rc == RB_ESIG || rc == RB_ESTALE ||
	    rc == RB_EDIGEST)
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "input");
out:
	gpgv_result_clear(&g);
	fd_close(&fd);
	return rc;
}

/* Takes the one over that names more of the published files. */
static void
follow(struct trip *t, const char *path, struct found *f, size_t *most)
{
	if (f->named == 0)
		note(NOTE_WARN,
		    "%s: it names none of the published files by their digest "
		    "and is not followed",
		    path);
	if (f->named > *most) {
		*most = f->named;
		free(t->buildinfo.path);
		t->buildinfo = f->followed;
		t->buildinfo.is_known = true;
		f->followed.path = NULL; /* now the trip's */
	}
	found_clear(f);
}

/* dpkg-genbuildinfo(1): SOURCE_VERSION_ARCHITECTURE.buildinfo */
static enum rb_err
name_one(const struct trip *t, const struct listed *item,
    const char *architecture, char **out)
{
	const char *slash = strrchr(item->path, '/');
	const char *colon = strchr(t->source.version, ':');
	const char *again = item->is_binnmu ? strrchr(item->version, '+') :
					      NULL;
	struct buf path = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	rc = buf_printf(&path, "%.*s%s_%s%s_%s%s",
	    slash == NULL ? 0 : (int)(slash + 1 - item->path), item->path,
	    t->name, colon == NULL ? t->source.version : colon + 1,
	    again == NULL ? "" : again, architecture, suffix);
	if (rc == RB_OK)
		rc = str_dup_span(buf_span(&path), out);
	buf_clear(&path);
	return rc;
}

/* The same directory of the same repository as an item before. */
static bool
is_beside_another(const struct trip *t, size_t at)
{
	const struct listed *item = &t->published.list[at], *other;
	const char *slash = strrchr(item->path, '/');
	const size_t len = slash == NULL ? 0 : (size_t)(slash - item->path);
	size_t i;

	for (i = 0; i < at; i++) {
		other = &t->published.list[i];
		slash = strrchr(other->path, '/');
		if (trip_concerns(t, other) && other->from == item->from &&
		    (slash == NULL ? 0 : (size_t)(slash - other->path)) ==
			len &&
		    strncmp(other->path, item->path, len) == 0)
			return true;
	}
	return false;
}

/* That a repository has had one of this source is kept under this. */
static enum rb_err
key_of(const struct trip *t, const struct repository *from, struct digest *out)
{
	struct memory_key k = MEMORY_KEY_INIT;

	memory_key_text(&k, "has buildinfo");
	memory_key_text(&k, from->uri);
	memory_key_text(&k, t->name);
	return memory_key_end(&k, out);
}

static enum rb_err
note_found(struct trip *t, const struct repository *from)
{
	struct digest key = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = key_of(t, from, &key)) != RB_OK)
		return rc;
	return journal_remember(t->journal, &key, span_of_str(t->name));
}

/*
 * Whoever hides one has an honest build differ, in another environment: of a
 * source that was published with one before, it is missed.
 */
static enum rb_err
miss(struct trip *t, const struct listed *item)
{
	struct buf value = BUF_INIT;
	struct digest key = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (item->from->use != USE_PUBLISHED)
		return RB_OK;
	if ((rc = key_of(t, item->from, &key)) != RB_OK)
		return rc;
	rc = journal_recall(t->journal, &key, &value);
	buf_clear(&value);
	if (rc == RB_ENOTFOUND)
		return RB_OK;
	if (rc != RB_OK)
		return rc;
	(void)fault_set(&t->why, RB_EREFUSED,
	    "%s%s: no .buildinfo lies beside it, as did beside another file "
	    "of source package %s",
	    item->from->uri, item->path, t->name);
	return trip_obstacle(t, VERDICT_UNAVAILABLE, "input");
}

static enum rb_err
look_beside(struct trip *t, const struct listed *item, size_t *most)
{
	const char *const architectures[] = { item->from->architecture, "all" };
	struct found f;
	char *path = NULL;
	bool is_found = false;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	memset(&f, 0, sizeof(f));
	for (i = 0; i < 2; i++) {
		free(path);
		path = NULL;
		if ((rc = name_one(t, item, architectures[i], &path)) != RB_OK)
			break;
		rc = read_one(t, item->from, path, &f);
		if (rc == RB_ENOTFOUND) {
			t->why.text[0] = '\0'; /* one of them may be there */
			rc = RB_OK;
			continue;
		}
		if (rc != RB_OK || (rc = note_found(t, item->from)) != RB_OK)
			break;
		follow(t, path, &f, most);
		is_found = true;
	}
	if (rc == RB_OK && !is_found)
		rc = miss(t, item);
	free(path);
	found_clear(&f);
	return rc;
}

enum rb_err
buildinfo_find(struct trip *t)
{
	const struct listed *item;
	size_t i, most = 0;
	enum rb_err rc = RB_OK;

	for (i = 0; i < t->published.n && rc == RB_OK; i++) {
		item = &t->published.list[i];
		if (!trip_concerns(t, item) || item->from == NULL ||
		    item->from->buildinfo_keyring == NULL ||
		    is_beside_another(t, i))
			continue;
		rc = look_beside(t, item, &most);
	}
	return rc;
}

static const struct output *
left_behind(const struct trip *t)
{
	const struct output *o;
	const size_t end = sizeof(suffix) - 1;
	size_t i, len;

	for (i = 0; i < t->build.noutputs; i++) {
		o = &t->build.outputs[i];
		len = strlen(o->name);
		if (len > end && strcmp(o->name + len - end, suffix) == 0)
			return o;
	}
	return NULL;
}

static enum rb_err
compare(struct trip *t, const struct output *left, struct fault *why)
{
	struct msg question, answer;
	struct span in;
	uint8_t is_equal = 0;
	char *differs = NULL;
	int followed = -1, inputs = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_ENVIRONMENT);
	msg_init(&answer, 0);
	if ((rc = depot_get(t->depot, &t->buildinfo.text, &followed)) !=
		RB_OK ||
	    (rc = depot_get(t->depot, &t->inputs.text, &inputs)) != RB_OK ||
	    (rc = put_u64(&question.body, left->offset)) != RB_OK ||
	    (rc = put_u64(&question.body, left->len)) != RB_OK ||
	    (rc = ask_add_copy(&question, t->build.fd)) != RB_OK ||
	    (rc = ask_add_copy(&question, followed)) != RB_OK ||
	    (rc = ask_add_copy(&question, inputs)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_ENVIRONMENT_IS,
		 JUDGE_SECONDS, &answer, why)) != RB_OK)
		goto out;
	in = buf_span(&answer.body);
	if ((rc = take_u8(&in, &is_equal)) != RB_OK ||
	    (rc = take_text(&in, DETAIL_LIMIT, &differs)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		goto out;
	t->buildinfo.is_equal = is_equal == 1;
	if (is_equal != 1)
		note(NOTE_INFO,
		    "%s %s: not the environment of its .buildinfo: "
		    "%s",
		    t->name, t->source.version, differs);
out:
	free(differs);
	fd_close(&followed);
	fd_close(&inputs);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

enum rb_err
buildinfo_compare(struct trip *t)
{
	const struct output *left = left_behind(t);
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	t->buildinfo.is_equal = false;
	if (!t->buildinfo.is_known || left == NULL)
		return RB_OK;
	rc = compare(t, left, &why);
	/* What a build left may be nonsense: then nothing is shown. */
	if (rc == RB_EREFUSED) {
		note(NOTE_WARN, "%s %s: %s", t->name, t->source.version,
		    why.text);
		return RB_OK;
	}
	if (rc != RB_OK)
		t->why = why;
	return rc;
}
