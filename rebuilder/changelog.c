/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/changelog.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/log_keep.h"
#include "rebuilder/recipe.h"
#include "rebuilder/run.h"

#define ENTRY_MAX (32 * 1024)
#define JUDGE_SECONDS 60
static const char suffix[] = ".changelog";

/* Published packages that are here and may hold the entry, or the source. */
static bool
may_hold(const struct trip *t, const struct listed *item)
{
	return trip_concerns(t, item) && !item->is_absent;
}

static const char *
base_name(const struct listed *item)
{
	const char *slash = strrchr(item->path, '/');

	return slash == NULL ? item->path : slash + 1;
}

/*
 * A file of this name comes earlier in the list, from another suite: the
 * machine knows files by their names, and one entry is enough.
 */
static bool
is_repeated(const struct trip *t, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (may_hold(t, &t->published.list[i]) &&
		    strcmp(base_name(&t->published.list[i]),
			base_name(&t->published.list[n])) == 0)
			return true;
	return false;
}

static enum rb_err
changelog_key(const struct trip *t, struct digest *out)
{
	struct memory_key k = MEMORY_KEY_INIT;
	struct digest recipe = DIGEST_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = recipe_digest("changelog", &recipe)) != RB_OK)
		return rc;
	memory_key_text(&k, "changelog");
	memory_key_digest(&k, t->program);
	memory_key_digest(&k, &recipe);
	for (i = 0; i < t->published.n; i++)
		if (may_hold(t, &t->published.list[i]))
			memory_key_digest(&k, &t->published.list[i].sha256);
	return memory_key_end(&k, out);
}

/* Which file it came from and which bytes it is. */
static enum rb_err
recall(struct trip *t, const struct digest *key)
{
	struct buf value = BUF_INIT;
	struct span in;
	struct digest from = DIGEST_INIT, text = DIGEST_INIT;
	uint64_t size = 0;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = journal_recall(t->journal, key, &value)) != RB_OK)
		return rc;
	in = buf_span(&value);
	if ((rc = take_digest(&in, &from)) != RB_OK ||
	    (rc = take_digest(&in, &text)) != RB_OK ||
	    (rc = take_u64(&in, &size)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		goto out;
	rc = RB_ENOTFOUND;
	for (i = 0; i < t->published.n && depot_has(t->depot, &text); i++) {
		if (!may_hold(t, &t->published.list[i]) ||
		    !digest_equal(&t->published.list[i].sha256, &from))
			continue;
		t->changelog.from = &t->published.list[i];
		t->changelog.text = text;
		t->changelog.size = size;
		t->changelog.is_known = true;
		rc = RB_OK;
		break;
	}
out:
	buf_clear(&value);
	return rc;
}

static enum rb_err
remember(struct trip *t, const struct digest *key)
{
	struct buf value = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_digest(&value, &t->changelog.from->sha256)) == RB_OK &&
	    (rc = put_digest(&value, &t->changelog.text)) == RB_OK &&
	    (rc = put_u64(&value, t->changelog.size)) == RB_OK)
		rc = journal_remember(t->journal, key, buf_span(&value));
	buf_clear(&value);
	return rc;
}

/* Nobody vouches for the entry: it must at least be one, of this rebuild. */
static enum rb_err
ask_judge(struct trip *t, int stream, const struct output *o,
    const char *version, struct digest *out)
{
	struct msg question, answer;
	struct span in;
	uint64_t size = 0;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_CHANGELOG);
	msg_init(&answer, 0);
	if ((rc = put_text(&question.body, t->name)) != RB_OK ||
	    (rc = put_text(&question.body, version)) != RB_OK ||
	    (rc = put_u64(&question.body, o->offset)) != RB_OK ||
	    (rc = put_u64(&question.body, o->len)) != RB_OK ||
	    (rc = ask_add_copy(&question, stream)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_OK,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	in = buf_span(&answer.body);
	if ((rc = take_u64(&in, &size)) == RB_OK &&
	    (rc = take_digest(&in, out)) == RB_OK)
		rc = take_end(in);
out:
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* Bytes of one output, those that the judge read. */
static enum rb_err
copy_out(struct trip *t, int stream, const struct output *o,
    const char *version)
{
	struct digest judged = DIGEST_INIT;
	uint8_t bytes[ENTRY_MAX];
	ssize_t r;
	enum rb_err rc = RB_EINTERNAL;

	if (o->len == 0 || o->len > sizeof(bytes))
		return RB_ELIMIT;
	if ((rc = ask_judge(t, stream, o, version, &judged)) != RB_OK)
		return rc;
	r = pread(stream, bytes, (size_t)o->len, (off_t)o->offset);
	if (r < 0 || (uint64_t)r != o->len)
		return RB_EIO;
	t->changelog.size = o->len;
	if ((rc = depot_add_bytes(t->depot, span_of(bytes, (size_t)o->len),
		 &t->changelog.text)) != RB_OK)
		return rc;
	return digest_equal(&judged, &t->changelog.text) ? RB_OK : RB_EDIGEST;
}

/* The output that is called as a published file and ".changelog". */
static enum rb_err
take_entry(struct trip *t, const struct run_result *r)
{
	const struct output *o;
	const struct listed *item;
	struct buf name = BUF_INIT;
	size_t i;
	enum rb_err rc = RB_ENOTFOUND;

	for (i = 0; i < t->published.n && rc == RB_ENOTFOUND; i++) {
		item = &t->published.list[i];
		buf_reset(&name);
		if (!may_hold(t, item))
			continue;
		if ((rc = buf_printf(&name, "%s%s", base_name(item), suffix)) !=
			RB_OK ||
		    (rc = buf_put_byte(&name, 0)) != RB_OK)
			break;
		rc = RB_ENOTFOUND;
		o = run_find(r->outputs, r->noutputs, (const char *)name.p);
		if (o == NULL)
			continue;
		t->changelog.from = item;
		rc = copy_out(t, r->output, o, item->version);
		t->changelog.is_known = rc == RB_OK;
	}
	buf_clear(&name);
	return rc;
}

static enum rb_err
extract(struct trip *t)
{
	const char *parameters[] = { "arch", t->base.architecture, NULL };
	struct run run = { "changelog", NULL, parameters, NULL, 0, 0 };
	struct run_file *files = NULL;
	struct fault judged = FAULT_INIT;
	struct run_result r;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	run_result_init(&r);
	files = calloc(t->published.n + 1, sizeof(*files));
	if (files == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (i = 0; i < t->published.n; i++) {
		if (!may_hold(t, &t->published.list[i]) || is_repeated(t, i))
			continue;
		files[run.nfiles].name = base_name(&t->published.list[i]);
		files[run.nfiles++].sha256 = t->published.list[i].sha256;
	}
	run.files = files;
	trip_tell(t, "taking changelog", 0, 0, "");
	if ((rc = run_machine(t, &run, &r)) != RB_OK)
		goto out;
	if (r.end == MACHINE_UNAVAILABLE) {
		fault_set(&t->why, RB_EREFUSED, "machine: %s", r.detail);
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "machine");
		goto out;
	}
	if (r.end == MACHINE_DONE && r.is_stream && r.status == 0)
		rc = take_entry(t, &r);
	else
		rc = RB_ENOTFOUND;
	if (rc == RB_ENOTFOUND || rc == RB_ELIMIT || rc == RB_EREFUSED) {
		judged = t->why; /* a sentence of the judge, if it refused */
		fault_set(&t->why, RB_EREFUSED, "%s %s: %s", t->name,
		    t->source.version,
		    rc == RB_EREFUSED ?
			judged.text :
			"no published package has the changelog entry of its "
			"rebuild; its log says why");
		if ((rc = log_keep(t->depot, r.log, &t->build.log)) != RB_OK)
			goto out;
		rc = trip_obstacle(t, VERDICT_UNAVAILABLE, "binnmu");
	}
out:
	free(files);
	run_result_clear(&r);
	return rc;
}

enum rb_err
changelog_take(struct trip *t)
{
	struct digest key = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = changelog_key(t, &key)) != RB_OK ||
	    (rc = recall(t, &key)) != RB_ENOTFOUND)
		return rc;
	if ((rc = extract(t)) != RB_OK)
		return rc;
	return remember(t, &key);
}
