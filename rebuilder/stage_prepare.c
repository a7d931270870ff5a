/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/log_keep.h"
#include "rebuilder/prepare_fetch.h"
#include "rebuilder/recipe.h"
#include "rebuilder/run.h"

/*
 * prepare: a Debian source package out of a component's verified tree, as
 * Qubes' builder makes it, in a machine.  What comes out is source like that
 * of the archive, and the later stages do not tell the difference.
 */

#define NAME_LIMIT 256
#define FILES_MAX 64
#define RECORDS_MAX (1024 * 1024)
#define STANZA_MAX (1024 * 1024)
#define JUDGE_SECONDS 600
#define NUMBER_LEN 24
#define SUFFIX_LEN 16

/* What the builder puts behind a version, by codename. */
static const struct {
	const char *codename;
	unsigned int number;
} debians[] = { { "bullseye", 11 }, { "bookworm", 12 }, { "trixie", 13 },
	{ "forky", 14 } };

static enum rb_err
suffix_of(struct trip *t, char out[SUFFIX_LEN])
{
	size_t i;

	for (i = 0; i < sizeof(debians) / sizeof(debians[0]); i++) {
		if (strcmp(debians[i].codename, t->base.suite) != 0)
			continue;
		(void)snprintf(out, SUFFIX_LEN, "+deb%uu", debians[i].number);
		return RB_OK;
	}
	return fault_set(&t->why, RB_EREFUSED,
	    "%s: how versions for %s are called is not known; this program "
	    "builds for Debian's bullseye to forky",
	    t->of.distribution, t->base.suite);
}

/* The words of one parameter, in the order of the plan. */
static enum rb_err
join(struct buf *out, const struct trip *t, const char *kind)
{
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < t->of.nothers && rc == RB_OK; i++)
		if (strcmp(t->of.others[i].kind, kind) == 0)
			rc = buf_printf(out, "%s%s", out->len == 0 ? "" : " ",
			    t->of.others[i].name);
	return rc == RB_OK ? buf_put_byte(out, 0) : rc;
}

struct files {
	struct run_file *list; /* owned */
	char **names;          /* owned: of modules */
	size_t n, nnames;
};

static void
files_clear(struct files *f)
{
	while (f->nnames > 0)
		free(f->names[--f->nnames]);
	free(f->names);
	free(f->list);
}

static enum rb_err
list_files(const struct trip *t, struct files *f)
{
	const struct other_input *o;
	struct buf name = BUF_INIT;
	size_t i;
	enum rb_err rc = RB_OK;

	f->list = calloc(t->of.nothers + 1, sizeof(*f->list));
	f->names = calloc(t->of.nothers + 1, sizeof(*f->names));
	if (f->list == NULL || f->names == NULL)
		return RB_ENOMEM;
	f->list[f->n].name = "source.tar";
	f->list[f->n++].sha256 = t->of.tagged.tree_sha256;
	for (i = 0; i < t->of.nothers && rc == RB_OK; i++) {
		o = &t->of.others[i];
		f->list[f->n].sha256 = o->sha256;
		if (strcmp(o->kind, "file") == 0) {
			f->list[f->n++].name = o->name;
			continue;
		}
		buf_reset(&name);
		if ((rc = buf_printf(&name, "module-%zu.tar", f->nnames)) ==
			RB_OK &&
		    (rc = str_dup_span(buf_span(&name),
			 &f->names[f->nnames])) == RB_OK)
			f->list[f->n++].name = f->names[f->nnames++];
	}
	buf_clear(&name);
	return rc;
}

/* One prepared file, out of the stream into the depot. */
static enum rb_err
take_file(struct trip *t, const struct run_result *r, struct span *in)
{
	struct listed *item;
	uint64_t offset = 0;
	struct digest said = DIGEST_INIT;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((item = listing_add(&t->source.files)) == NULL)
		return RB_ENOMEM;
	if ((rc = take_text(in, NAME_LIMIT, &item->name)) != RB_OK ||
	    (rc = take_u64(in, &offset)) != RB_OK ||
	    (rc = take_u64(in, &item->size)) != RB_OK ||
	    (rc = take_digest(in, &said)) != RB_OK ||
	    (rc = depot_scratch(t->depot, &fd)) != RB_OK ||
	    (rc = file_copy_range(r->output, offset, item->size, fd)) !=
		RB_OK ||
	    (rc = depot_add(t->depot, fd, &item->sha256)) != RB_OK)
		goto out;
	if (!digest_equal(&said, &item->sha256))
		rc = RB_EPEER;
	else if (strcmp(item->name, t->source.dsc) == 0)
		t->source.dsc_sha256 = said;
out:
	fd_close(&fd);
	return rc;
}

static enum rb_err
take_prepared(struct trip *t, const struct run_result *r,
    const struct msg *answer, struct span records)
{
	struct span in = buf_span(&answer->body);
	uint32_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&in, NAME_LIMIT, &t->source.name)) != RB_OK ||
	    (rc = take_text(&in, NAME_LIMIT, &t->source.version)) != RB_OK ||
	    (rc = take_text(&in, NAME_LIMIT, &t->source.dsc)) != RB_OK ||
	    (rc = take_u32(&in, &n)) != RB_OK || (rc = take_end(in)) != RB_OK)
		return rc;
	if (n > FILES_MAX)
		return RB_ELIMIT;
	for (i = 0; i < n; i++)
		if ((rc = take_file(t, r, &records)) != RB_OK)
			return rc;
	t->name = t->source.name;
	return take_end(records);
}

static enum rb_err
read_prepared(struct trip *t, const struct run_result *r)
{
	struct msg question, answer;
	struct buf records = BUF_INIT, stanza = BUF_INIT;
	uint64_t size = 0;
	int fds[2] = { -1, -1 };
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_PREPARED);
	msg_init(&answer, 0);
	if ((rc = file_size(r->output, &size)) != RB_OK ||
	    (rc = put_u64(&question.body, size)) != RB_OK ||
	    (rc = depot_scratch(t->depot, &fds[0])) != RB_OK ||
	    (rc = depot_scratch(t->depot, &fds[1])) != RB_OK ||
	    (rc = ask_add_copy(&question, r->output)) != RB_OK ||
	    (rc = ask_add_copy(&question, fds[0])) != RB_OK ||
	    (rc = ask_add_copy(&question, fds[1])) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_PREPARED_IS,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	if (lseek(fds[0], 0, SEEK_SET) == -1 ||
	    lseek(fds[1], 0, SEEK_SET) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = file_read_fd(fds[0], RECORDS_MAX, &records)) != RB_OK ||
	    (rc = file_read_fd(fds[1], STANZA_MAX, &stanza)) != RB_OK ||
	    (rc = take_prepared(t, r, &answer, buf_span(&records))) != RB_OK)
		goto out;
	rc = depot_add_bytes(t->depot, buf_span(&stanza), &t->source.stanza);
out:
	msg_clear(&question);
	msg_clear(&answer);
	buf_clear(&records);
	buf_clear(&stanza);
	fd_close(&fds[0]);
	fd_close(&fds[1]);
	return rc;
}

static enum rb_err
judge_end(struct trip *t, const struct run_result *r)
{
	if (r->end == MACHINE_UNAVAILABLE)
		return fault_set(&t->why, RB_EREFUSED, "machine: %s",
		    r->detail);
	if (r->end == MACHINE_DONE && r->is_stream && r->status == 0)
		return RB_OK;
	return fault_set(&t->why, RB_EREFUSED,
	    "%s %s: its source package could not be made for %s; the log of "
	    "the job says why",
	    t->of.component->name, t->of.tagged.tag, t->of.distribution);
}

static enum rb_err
run_prepare(struct trip *t, const struct plan *p)
{
	char time[NUMBER_LEN], suffix[SUFFIX_LEN];
	struct buf modules = BUF_INIT, externals = BUF_INIT;
	struct files files = { NULL, NULL, 0, 0 };
	struct run_result r;
	enum rb_err rc = RB_EINTERNAL;

	run_result_init(&r);
	snprintf(time, sizeof(time), "%" PRId64, t->of.tagged.commit_time);
	if ((rc = suffix_of(t, suffix)) != RB_OK ||
	    (rc = join(&modules, t, "module")) != RB_OK ||
	    (rc = join(&externals, t, "file")) != RB_OK ||
	    (rc = list_files(t, &files)) != RB_OK)
		goto out;
	{
		const char *parameters[] = {
			"component",
			t->of.component->name,
			"distribution",
			t->base.suite,
			"suffix",
			suffix,
			"debian",
			p->builds[t->of.build],
			"archive",
			p->is_archive ? "yes" : "no",
			"time",
			time,
			"modules",
			(const char *)modules.p,
			"externals",
			(const char *)externals.p,
			NULL,
		};
		struct run run = { "prepare", &t->environment.layer, parameters,
			files.list, files.n, 0 };

		trip_tell(t, "preparing source", 0, 0, "");
		rc = run_machine(t, &run, &r);
	}
	if (rc != RB_OK)
		goto out;
	if ((rc = judge_end(t, &r)) == RB_OK)
		rc = read_prepared(t, &r);
	else if (log_keep(t->depot, r.log, &t->of.log) != RB_OK)
		note(NOTE_WARN, "%s: the log cannot be kept", t->name);
out:
	buf_clear(&modules);
	buf_clear(&externals);
	files_clear(&files);
	run_result_clear(&r);
	return rc;
}

enum rb_err
stage_prepare(struct trip *t)
{
	struct plan plan = PLAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = plan_read(t, &plan)) != RB_OK)
		goto out;
	t->of.nbuilds = plan.nbuilds;
	if (plan.nbuilds == 0)
		goto out; /* not for this distribution: nothing to do */
	if (plan.unavailable[0] != '\0') {
		rc = fault_set(&t->why, RB_EREFUSED,
		    "%s %s: no node can make its source package: %s",
		    t->of.component->name, t->of.tagged.tag, plan.unavailable);
		goto out;
	}
	if ((rc = prepare_fetch(t, &plan)) == RB_OK)
		rc = run_prepare(t, &plan);
out:
	plan_clear(&plan);
	return rc;
}
