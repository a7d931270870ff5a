/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/built.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/job_alarms.h"
#include "rebuilder/run.h"
#include "rebuilder/said.h"
#include "rebuilder/sift.h"
#include "rebuilder/source_owner.h"

#define BLOCK (32 * 1024)
#define PACKAGES_MAX 1024
#define INDEX_MAX (64 * 1024 * 1024)
#define WORDS_LIMIT 1024
#define SOURCE_LIMIT 256
#define JUDGE_SECONDS 120

/* One package, as we measured it. */
struct measured {
	const char *name; /* borrowed from the outputs */
	uint64_t size;
	struct digest sha256;
};

static enum rb_err
built_key(const struct built_place *place, struct digest *out)
{
	struct memory_key k = MEMORY_KEY_INIT;

	memory_key_text(&k, "built 3");
	memory_key_text(&k, place->release);
	memory_key_text(&k, place->distribution);
	memory_key_text(&k, place->component);
	memory_key_number(&k, place->build);
	return memory_key_end(&k, out);
}

/* Copies one output out of the stream into the depot. */
static enum rb_err
copy_out(struct trip *t, const struct output *o, struct digest *sha256)
{
	uint8_t block[BLOCK];
	uint64_t done = 0, want;
	ssize_t r;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = depot_scratch(t->depot, &fd)) != RB_OK)
		return rc;
	while (done < o->len && rc == RB_OK) {
		want = o->len - done < BLOCK ? o->len - done : BLOCK;
		r = pread(t->build.fd, block, (size_t)want,
		    (off_t)(o->offset + done));
		if (r == -1 && errno == EINTR)
			continue;
		if (r <= 0) {
			rc = RB_EIO;
			break;
		}
		rc = file_write_fd(fd, span_of(block, (size_t)r));
		done += (uint64_t)r;
	}
	if (rc == RB_OK)
		rc = depot_add(t->depot, fd, sha256);
	fd_close(&fd);
	return rc;
}

static bool
is_package(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".deb") == 0;
}

static enum rb_err
measure(struct trip *t, struct measured *list, size_t *n)
{
	const struct output *o;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < t->build.noutputs && rc == RB_OK; i++) {
		o = &t->build.outputs[i];
		if (!is_package(o->name))
			continue;
		list[*n].name = o->name;
		list[*n].size = o->len;
		rc = copy_out(t, o, &list[(*n)++].sha256);
	}
	return rc;
}

/* `*left_out` is owned, "" for nothing. */
static enum rb_err
judge(struct trip *t, const struct run_result *r, const struct output *control,
    const struct measured *list, size_t n, struct digest *index,
    char **left_out)
{
	struct msg question, answer;
	struct span in;
	int out = -1;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_BUILT);
	msg_init(&answer, 0);
	if ((rc = put_u64(&question.body, control->offset)) != RB_OK ||
	    (rc = put_u64(&question.body, control->len)) != RB_OK ||
	    (rc = put_text(&question.body, t->name)) != RB_OK ||
	    (rc = put_u16(&question.body, (uint16_t)n)) != RB_OK)
		goto out;
	for (i = 0; i < n; i++)
		if ((rc = put_text(&question.body, list[i].name)) != RB_OK ||
		    (rc = put_u64(&question.body, list[i].size)) != RB_OK ||
		    (rc = put_digest(&question.body, &list[i].sha256)) != RB_OK)
			goto out;
	if ((rc = depot_scratch(t->depot, &out)) != RB_OK ||
	    (rc = ask_add_copy(&question, r->output)) != RB_OK ||
	    (rc = ask_add_copy(&question, out)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_BUILT_IS,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK ||
	    (rc = depot_add(t->depot, out, index)) != RB_OK)
		goto out;
	in = buf_span(&answer.body);
	if ((rc = take_text(&in, WORDS_LIMIT, left_out)) == RB_OK)
		rc = take_end(in);
out:
	fd_close(&out);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* Has a machine read the control fields, and the judge write an index. */
static enum rb_err
describe(struct trip *t, const struct measured *list, size_t n,
    struct digest *index, char **left_out)
{
	const char *parameters[] = { NULL };
	struct run run = { "describe", NULL, parameters, NULL, 0, 0 };
	struct run_file *files = NULL;
	struct run_result r;
	const struct output *control;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	run_result_init(&r);
	if ((files = calloc(n + 1, sizeof(*files))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++) {
		files[i].name = list[i].name;
		files[i].sha256 = list[i].sha256;
	}
	run.files = files;
	run.nfiles = n;
	trip_tell(t, "describing packages", 0, 0, "");
	if ((rc = run_machine(t, &run, &r)) != RB_OK)
		goto out;
	control = run_find(r.outputs, r.noutputs, "control");
	if (r.end != MACHINE_DONE || !r.is_stream || r.status != 0 ||
	    control == NULL) {
		rc = fault_set(&t->why, RB_EREFUSED,
		    "%s: what it built has no control fields that dpkg reads; "
		    "later components are built without it",
		    t->name);
		goto out;
	}
	rc = judge(t, &r, control, list, n, index, left_out);
out:
	free(files);
	run_result_clear(&r);
	return rc;
}

/* What is kept for a place: of which source, and the digests. */
struct kept {
	struct buf value; /* owned */
	char *source;     /* owned */
	struct span digests;
};

#define KEPT_INIT { BUF_INIT, NULL, SPAN_INIT }

static void
kept_clear(struct kept *k)
{
	buf_clear(&k->value);
	free(k->source);
	*k = (struct kept)KEPT_INIT;
}

static enum rb_err
kept_get(struct journal *j, const struct built_place *place, struct kept *out)
{
	struct digest key = DIGEST_INIT;
	struct kept k = KEPT_INIT;
	struct span commit = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = built_key(place, &key)) != RB_OK ||
	    (rc = journal_recall(j, &key, &k.value)) != RB_OK)
		goto out;
	k.digests = buf_span(&k.value);
	if ((rc = take_bytes(&k.digests, TAG_ID_LEN, &commit)) != RB_OK ||
	    (rc = take_text(&k.digests, SOURCE_LIMIT, &k.source)) != RB_OK)
		goto out;
	if (place->commit != NULL && !span_equal_str(commit, place->commit)) {
		rc = RB_ENOTFOUND;
		goto out;
	}
	*out = k;
	k = (struct kept)KEPT_INIT; /* now the caller's */
out:
	kept_clear(&k);
	return rc;
}

enum rb_err
built_each(struct journal *j, const struct built_place *place,
    enum rb_err (*each)(void *self, const struct digest *d), void *self)
{
	struct digest d = DIGEST_INIT;
	struct kept k = KEPT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	rc = kept_get(j, place, &k);
	while (rc == RB_OK && k.digests.len > 0)
		if ((rc = take_digest(&k.digests, &d)) == RB_OK)
			rc = each(self, &d);
	kept_clear(&k);
	return rc;
}

/* What is kept now; what was kept before and is not any more is let go. */
struct letting_go {
	struct journal *journal;
	const struct digest *index;
	const struct measured *list;
	size_t n;
};

static enum rb_err
let_go(void *self, const struct digest *d)
{
	const struct letting_go *now = self;
	size_t i;

	if (digest_equal(d, now->index))
		return RB_OK;
	for (i = 0; i < now->n; i++)
		if (digest_equal(d, &now->list[i].sha256))
			return RB_OK;
	return said_unpin(now->journal, d);
}

static enum rb_err
remember(struct trip *t, const struct built_place *place,
    const struct digest *index, const struct measured *list, size_t n)
{
	struct letting_go now = { t->journal, index, list, n };
	struct built_place before = *place;
	struct digest key = DIGEST_INIT;
	struct buf value = BUF_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	before.commit = NULL;
	if ((rc = built_key(place, &key)) != RB_OK ||
	    (rc = put_text(&value, place->commit)) != RB_OK ||
	    (rc = put_text(&value, t->name)) != RB_OK ||
	    (rc = said_pin(t->journal, index)) != RB_OK ||
	    (rc = put_digest(&value, index)) != RB_OK)
		goto out;
	for (i = 0; i < n; i++)
		if ((rc = said_pin(t->journal, &list[i].sha256)) != RB_OK ||
		    (rc = put_digest(&value, &list[i].sha256)) != RB_OK)
			goto out;
	rc = built_each(t->journal, &before, let_go, &now);
	if (rc == RB_OK || rc == RB_ENOTFOUND)
		rc = journal_remember(t->journal, &key, buf_span(&value));
out:
	buf_clear(&value);
	return rc;
}

static bool
has_words(const char *s)
{
	return s != NULL && s[0] != '\0';
}

/* What no later component will get is said of who built it. */
static enum rb_err
warn_of_names(struct trip *t, const char *component, const struct withheld *w)
{
	struct fault text = FAULT_INIT;
	enum rb_err rc = RB_OK;

	if (has_words(w->of_archive)) {
		(void)fault_set(&text, RB_EREFUSED,
		    "source package %s makes packages that %s has: %s; later "
		    "components are built with the archive's "
		    "(release.overrides)",
		    t->name, t->base.suite, w->of_archive);
		rc = job_alarms_raise(t->journal, component, text.text);
	}
	if (rc == RB_OK && has_words(w->of_published)) {
		(void)fault_set(&text, RB_EREFUSED,
		    "source package %s makes packages that are published from "
		    "another: %s; later components are built without them",
		    t->name, w->of_published);
		rc = job_alarms_raise(t->journal, component, text.text);
	}
	return rc;
}

static enum rb_err
warn_of_left_out(struct trip *t, const char *component, const char *names)
{
	struct fault text = FAULT_INIT;

	if (!has_words(names))
		return RB_OK;
	(void)fault_set(&text, RB_EREFUSED,
	    "source package %s makes packages of which a relationship field "
	    "cannot be read: %s; later components are built without them",
	    t->name, names);
	return job_alarms_raise(t->journal, component, text.text);
}

/* Everything about what was built that a later component would not see. */
static enum rb_err
warn(struct trip *t, const struct built_place *place,
    const struct digest *index, const char *left_out)
{
	struct digest offered = DIGEST_INIT;
	struct withheld w = WITHHELD_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = warn_of_left_out(t, place->component, left_out)) == RB_OK &&
	    (rc = sift(t, index, &offered, &w)) == RB_OK)
		rc = warn_of_names(t, place->component, &w);
	withheld_clear(&w);
	return rc;
}

enum rb_err
built_add(struct trip *t, const struct built_place *place)
{
	struct measured *list = NULL;
	struct digest index = DIGEST_INIT;
	char *left_out = NULL;
	size_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (t->build.fd == -1)
		return fault_set(&t->why, RB_EREFUSED, "%s: nothing was built",
		    t->name);
	if (t->build.noutputs > PACKAGES_MAX)
		return fault_set(&t->why, RB_EREFUSED,
		    "%s: its build left over %d files", t->name, PACKAGES_MAX);
	list = calloc(t->build.noutputs + 1, sizeof(*list));
	if (list == NULL)
		return RB_ENOMEM;
	if ((rc = measure(t, list, &n)) != RB_OK)
		goto out;
	if (n == 0) {
		rc = fault_set(&t->why, RB_EREFUSED,
		    "%s: its build left no package", t->name);
		goto out;
	}
	if ((rc = describe(t, list, n, &index, &left_out)) == RB_OK &&
	    (rc = warn(t, place, &index, left_out)) == RB_OK)
		rc = remember(t, place, &index, list, n);
out:
	free(list);
	free(left_out);
	return rc;
}

/* Collects the index of one component, when all of it is still here. */
struct collecting {
	struct depot *depot;
	struct digest index;
	size_t n;
	bool is_whole;
};

static enum rb_err
collect(void *self, const struct digest *d)
{
	struct collecting *c = self;

	if (c->n++ == 0)
		c->index = *d;
	c->is_whole = c->is_whole && depot_has(c->depot, d);
	return RB_OK;
}

static enum rb_err
append(struct trip *t, const struct digest *index, struct buf *out)
{
	struct buf bytes = BUF_INIT;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = depot_get(t->depot, index, &fd)) != RB_OK ||
	    (rc = file_read_fd(fd, INDEX_MAX, &bytes)) != RB_OK)
		goto out;
	/* An empty line stands between stanzas. */
	if (out->len != 0 && (rc = buf_put_byte(out, '\n')) != RB_OK)
		goto out;
	rc = buf_put(out, buf_span(&bytes));
out:
	fd_close(&fd);
	buf_clear(&bytes);
	return rc;
}

/* Whether what is kept is of a source that is its component's alone. */
static enum rb_err
is_owners(struct trip *t, const struct built_place *place, bool *out)
{
	const struct component *c;
	struct kept k = KEPT_INIT;
	struct fault why = FAULT_INIT;
	enum rb_err rc = RB_EINTERNAL;

	*out = false;
	if ((rc = kept_get(t->journal, place, &k)) == RB_OK &&
	    (c = release_find(t->of.release, place->component)) != NULL) {
		rc = source_owner_check(t->journal, t->settings, t->of.release,
		    c, k.source, &why);
		*out = rc == RB_OK;
	}
	kept_clear(&k);
	return rc == RB_EREFUSED || rc == RB_ENOTFOUND ? RB_OK : rc;
}

static enum rb_err
look_at(struct trip *t, const struct built_place *place, struct collecting *c)
{
	enum rb_err rc = RB_EINTERNAL;

	*c = (struct collecting){ t->depot, DIGEST_INIT, 0, true };
	rc = built_each(t->journal, place, collect, c);
	if (rc != RB_OK || c->n == 0)
		c->is_whole = false;
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

enum rb_err
built_is_whole(struct trip *t, const struct built_place *place, bool *out)
{
	struct collecting c;
	enum rb_err rc = RB_EINTERNAL;

	rc = look_at(t, place, &c);
	*out = rc == RB_OK && c.is_whole;
	return rc;
}

static enum rb_err
append_place(struct trip *t, const struct built_place *place, struct buf *all)
{
	struct collecting c;
	bool is_good = false;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = is_owners(t, place, &is_good)) != RB_OK || !is_good ||
	    (rc = look_at(t, place, &c)) != RB_OK || !c.is_whole)
		return rc;
	return append(t, &c.index, all);
}

/*
 * Whoever came first, one of the two may be a thief.  He chooses the names:
 * with them in it, there would be room for this alarm alone.
 */
static enum rb_err
warn_of_second(struct trip *t, const char *names)
{
	struct fault text = FAULT_INIT;

	if (!has_words(names))
		return RB_OK;
	note(NOTE_WARN,
	    "%s: built without %s: an earlier source package of %s "
	    "makes a package of that name",
	    t->of.component->name, names, t->of.release->name);
	(void)fault_set(&text, RB_EREFUSED,
	    "two source packages of %s make packages of one name; it is built "
	    "without the later ones, which the notes of that time name",
	    t->of.release->name);
	return job_alarms_raise(t->journal, t->of.component->name, text.text);
}

enum rb_err
built_offer(struct trip *t, const struct built_place *earlier, size_t n)
{
	struct digest whole = DIGEST_INIT, offered = DIGEST_INIT;
	struct withheld w = WITHHELD_INIT;
	struct buf all = BUF_INIT;
	size_t i;
	enum rb_err rc = RB_OK;

	repository_clear(&t->built);
	for (i = 0; i < n && rc == RB_OK; i++)
		rc = append_place(t, &earlier[i], &all);
	if (rc != RB_OK || all.len == 0)
		goto out;
	if ((rc = depot_add_bytes(t->depot, buf_span(&all), &whole)) != RB_OK ||
	    (rc = sift(t, &whole, &offered, &w)) != RB_OK ||
	    (rc = warn_of_second(t, w.second)) != RB_OK)
		goto out;
	if ((t->built.name = strdup("built")) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	t->built.use = USE_BUILT;
	t->built.section = "release";
	t->built.index.packages = offered;
out:
	buf_clear(&all);
	withheld_clear(&w);
	return rc;
}
