/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/built.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/job_alarms.h"
#include "rebuilder/run.h"
#include "rebuilder/said.h"

#define BLOCK (32 * 1024)
#define PACKAGES_MAX 1024
#define INDEX_MAX (64 * 1024 * 1024)
#define WORDS_LIMIT 1024
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

	memory_key_text(&k, "built 2");
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

static enum rb_err
judge(struct trip *t, const struct run_result *r, const struct output *control,
    const struct measured *list, size_t n, struct digest *index)
{
	struct msg question, answer;
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
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	rc = depot_add(t->depot, out, index);
out:
	fd_close(&out);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* Has a machine read the control fields, and the judge write an index. */
static enum rb_err
describe(struct trip *t, const struct measured *list, size_t n,
    struct digest *index)
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
	rc = judge(t, &r, control, list, n, index);
out:
	free(files);
	run_result_clear(&r);
	return rc;
}

enum rb_err
built_each(struct journal *j, const struct built_place *place,
    enum rb_err (*each)(void *self, const struct digest *d), void *self)
{
	struct digest key = DIGEST_INIT, d = DIGEST_INIT;
	struct buf value = BUF_INIT;
	struct span in, commit = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = built_key(place, &key)) != RB_OK ||
	    (rc = journal_recall(j, &key, &value)) != RB_OK)
		goto out;
	in = buf_span(&value);
	if ((rc = take_bytes(&in, TAG_ID_LEN, &commit)) != RB_OK)
		goto out;
	if (place->commit != NULL && !span_equal_str(commit, place->commit)) {
		rc = RB_ENOTFOUND;
		goto out;
	}
	while (in.len > 0 && rc == RB_OK)
		if ((rc = take_digest(&in, &d)) == RB_OK)
			rc = each(self, &d);
out:
	buf_clear(&value);
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

static enum rb_err
add_index(struct trip *t, struct msg *m, const struct digest *index)
{
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = depot_get(t->depot, index, &fd)) == RB_OK)
		rc = ask_add_copy(m, fd);
	fd_close(&fd);
	return rc;
}

/* What of it may be offered; `*withheld` is owned, "" for nothing. */
static enum rb_err
sift(struct trip *t, const struct digest *built, struct digest *out,
    char **withheld)
{
	struct msg question, answer;
	struct digest sifted = DIGEST_INIT;
	struct span in;
	char *words = NULL;
	uint32_t n = 0;
	int rules = -1, fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	/* Without rules nothing would be withheld. */
	if (t->overrides.len == 0)
		return RB_EINTERNAL;
	msg_init(&question, JUDGE_OVERRIDES);
	msg_init(&answer, 0);
	if ((rc = memory_file("rules", buf_span(&t->overrides), &rules)) !=
		RB_OK ||
	    (rc = depot_scratch(t->depot, &fd)) != RB_OK ||
	    (rc = ask_add_copy(&question, rules)) != RB_OK ||
	    (rc = add_index(t, &question, built)) != RB_OK ||
	    (rc = add_index(t, &question, &t->base.index.packages)) != RB_OK ||
	    (rc = ask_add_copy(&question, fd)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_OVERRIDES_ARE,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	in = buf_span(&answer.body);
	if ((rc = take_u32(&in, &n)) != RB_OK ||
	    (rc = take_text(&in, WORDS_LIMIT, &words)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		goto out;
	if ((n == 0) != (words[0] == '\0')) {
		rc = RB_EPEER;
		goto out;
	}
	if ((rc = depot_add(t->depot, fd, &sifted)) != RB_OK)
		goto out;
	*out = sifted;
	*withheld = words;
	words = NULL; /* now the caller's */
out:
	free(words);
	fd_close(&rules);
	fd_close(&fd);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* What no later component will get is said of who built it. */
static enum rb_err
warn_of_overrides(struct trip *t, const struct built_place *place,
    const struct digest *index)
{
	struct digest sifted = DIGEST_INIT;
	struct fault text = FAULT_INIT;
	char *withheld = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = sift(t, index, &sifted, &withheld)) != RB_OK ||
	    withheld[0] == '\0')
		goto out;
	(void)fault_set(&text, RB_EREFUSED,
	    "source package %s makes packages that %s has: %s; later "
	    "components are built with the archive's (release.overrides)",
	    t->name, t->base.suite, withheld);
	rc = job_alarms_raise(t->journal, place->component, text.text);
out:
	free(withheld);
	return rc;
}

enum rb_err
built_add(struct trip *t, const struct built_place *place)
{
	struct measured *list = NULL;
	struct digest index = DIGEST_INIT;
	size_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (t->build.fd == -1)
		return fault_set(&t->why, RB_EREFUSED, "%s: nothing was built",
		    t->name);
	if (t->build.noutputs > PACKAGES_MAX)
		return RB_ELIMIT;
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
	if ((rc = describe(t, list, n, &index)) == RB_OK &&
	    (rc = warn_of_overrides(t, place, &index)) == RB_OK)
		rc = remember(t, place, &index, list, n);
out:
	free(list);
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

enum rb_err
built_offer(struct trip *t, const struct built_place *earlier, size_t n)
{
	struct collecting c;
	struct digest whole = DIGEST_INIT, sifted = DIGEST_INIT;
	struct buf all = BUF_INIT;
	char *withheld = NULL;
	size_t i;
	enum rb_err rc = RB_OK;

	repository_clear(&t->built);
	for (i = 0; i < n; i++) {
		c = (struct collecting){ t->depot, DIGEST_INIT, 0, true };
		rc = built_each(t->journal, &earlier[i], collect, &c);
		if (rc != RB_OK && rc != RB_ENOTFOUND)
			goto out;
		if (rc == RB_OK && c.n > 0 && c.is_whole &&
		    (rc = append(t, &c.index, &all)) != RB_OK)
			goto out;
	}
	rc = RB_OK;
	if (all.len == 0)
		goto out;
	if ((rc = depot_add_bytes(t->depot, buf_span(&all), &whole)) != RB_OK ||
	    (rc = sift(t, &whole, &sifted, &withheld)) != RB_OK)
		goto out;
	if ((t->built.name = strdup("built")) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	t->built.use = USE_BUILT;
	t->built.section = "release";
	t->built.index.packages = sifted;
out:
	buf_clear(&all);
	free(withheld);
	return rc;
}
