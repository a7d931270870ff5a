/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/prepare_plan.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/built.h"

#define TEXT_LIMIT 1024
#define LIST_LIMIT 64
#define KEY_LIMIT (256 * 1024)
#define SUM_LIMIT 64
#define RECORDS_MAX (32 * 1024 * 1024)
#define JUDGE_SECONDS 120

static void
file_clear(struct plan_file *f)
{
	size_t i;

	free(f->url);
	free(f->name);
	free(f->signature);
	buf_clear(&f->sum);
	for (i = 0; i < f->nkeys; i++)
		buf_clear(&f->keys[i]);
	free(f->keys);
}

void
plan_clear(struct plan *p)
{
	size_t i;

	free(p->version);
	free(p->release);
	free(p->unavailable);
	for (i = 0; i < p->nbuilds; i++)
		free(p->builds[i]);
	free(p->builds);
	for (i = 0; i < p->nmodules; i++) {
		free(p->modules[i].path);
		free(p->modules[i].url);
	}
	free(p->modules);
	for (i = 0; i < p->nfiles; i++)
		file_clear(&p->files[i]);
	free(p->files);
	*p = (struct plan)PLAN_INIT;
}

static enum rb_err
take_keys(struct span *in, struct plan_file *f)
{
	struct span key = SPAN_INIT;
	uint8_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(in, &n)) != RB_OK)
		return rc;
	if ((f->keys = calloc((size_t)n + 1, sizeof(*f->keys))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++) {
		if ((rc = take_bytes(in, KEY_LIMIT, &key)) != RB_OK ||
		    (rc = buf_put(&f->keys[i], key)) != RB_OK)
			return rc;
		f->nkeys = (size_t)i + 1;
	}
	return RB_OK;
}

static enum rb_err
take_file(struct span *in, struct plan_file *f)
{
	/* SHA-256, SHA-512, a signature. */
	static const size_t sum_len[] = { 32, 64, 0 };
	struct span sum = SPAN_INIT;
	uint8_t uncompress = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(in, TEXT_LIMIT, &f->url)) != RB_OK ||
	    (rc = take_text(in, TEXT_LIMIT, &f->name)) != RB_OK ||
	    (rc = take_u8(in, &uncompress)) != RB_OK ||
	    (rc = take_u8(in, &f->check)) != RB_OK ||
	    (rc = take_bytes(in, SUM_LIMIT, &sum)) != RB_OK ||
	    (rc = buf_put(&f->sum, sum)) != RB_OK ||
	    (rc = take_text(in, TEXT_LIMIT, &f->signature)) != RB_OK)
		return rc;
	if (uncompress > 1 ||
	    f->check >= sizeof(sum_len) / sizeof(sum_len[0]) ||
	    f->sum.len != sum_len[f->check])
		return RB_EFORMAT;
	f->uncompress = uncompress == 1;
	return take_keys(in, f);
}

static enum rb_err
take_records(struct span in, struct plan *p, const uint32_t n[3])
{
	uint32_t i;
	enum rb_err rc = RB_EINTERNAL;

	if (n[0] > BUILT_BUILDS_MAX || n[1] > LIST_LIMIT || n[2] > LIST_LIMIT)
		return RB_ELIMIT;
	p->builds = calloc(n[0] + 1, sizeof(*p->builds));
	p->modules = calloc(n[1] + 1, sizeof(*p->modules));
	p->files = calloc(n[2] + 1, sizeof(*p->files));
	if (p->builds == NULL || p->modules == NULL || p->files == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n[0]; i++) {
		if ((rc = take_text(&in, TEXT_LIMIT, &p->builds[i])) != RB_OK)
			return rc;
		p->nbuilds = i + 1;
	}
	for (i = 0; i < n[1]; i++) {
		p->nmodules = i + 1;
		if ((rc = take_text(&in, TEXT_LIMIT, &p->modules[i].path)) !=
			RB_OK ||
		    (rc = take_text(&in, TEXT_LIMIT, &p->modules[i].url)) !=
			RB_OK)
			return rc;
	}
	for (i = 0; i < n[2]; i++) {
		p->nfiles = i + 1;
		if ((rc = take_file(&in, &p->files[i])) != RB_OK)
			return rc;
	}
	return take_end(in);
}

static enum rb_err
take_plan(struct span in, struct span records, struct plan *p)
{
	uint32_t n[3] = { 0, 0, 0 };
	uint8_t is_archive = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(&in, TEXT_LIMIT, &p->version)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &p->release)) != RB_OK ||
	    (rc = take_text(&in, TEXT_LIMIT, &p->unavailable)) != RB_OK ||
	    (rc = take_u8(&in, &is_archive)) != RB_OK ||
	    (rc = take_u32(&in, &n[0])) != RB_OK ||
	    (rc = take_u32(&in, &n[1])) != RB_OK ||
	    (rc = take_u32(&in, &n[2])) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	if (is_archive > 1)
		return RB_EFORMAT;
	p->is_archive = is_archive == 1;
	return take_records(records, p, n);
}

static enum rb_err
put_submodules(struct buf *body, struct trip *t)
{
	const struct tagged *g = &t->of.tagged;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if (g->nsubmodules > LIST_LIMIT)
		return fault_set(&t->why, RB_EREFUSED,
		    "%s: more than %d submodules", t->of.component->name,
		    LIST_LIMIT);
	if ((rc = put_text(body, t->of.component->url)) != RB_OK ||
	    (rc = put_u16(body, (uint16_t)g->nsubmodules)) != RB_OK)
		return rc;
	for (i = 0; i < g->nsubmodules; i++)
		if ((rc = put_text(body, g->submodules[i].path)) != RB_OK)
			return rc;
	return RB_OK;
}

enum rb_err
plan_take(struct span answer, struct span records, struct plan *out)
{
	struct plan p = PLAN_INIT;
	enum rb_err rc = take_plan(answer, records, &p);

	if (rc == RB_OK) {
		*out = p;
		p = (struct plan)PLAN_INIT; /* now the caller's */
	}
	plan_clear(&p);
	return rc;
}

enum rb_err
plan_read(struct trip *t, struct plan *out)
{
	struct msg question, answer;
	struct buf records = BUF_INIT;
	int tree = -1, fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_RECIPE);
	msg_init(&answer, 0);
	if ((rc = put_text(&question.body, t->of.component->name)) != RB_OK ||
	    (rc = put_text(&question.body, t->of.distribution)) != RB_OK ||
	    (rc = put_text(&question.body, t->of.tagged.version)) != RB_OK ||
	    (rc = put_submodules(&question.body, t)) != RB_OK ||
	    (rc = depot_get(t->depot, &t->of.tagged.tree_sha256, &tree)) !=
		RB_OK ||
	    (rc = depot_scratch(t->depot, &fd)) != RB_OK ||
	    (rc = ask_add_copy(&question, tree)) != RB_OK ||
	    (rc = ask_add_copy(&question, fd)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_RECIPE_IS,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	if (lseek(fd, 0, SEEK_SET) == -1) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = file_read_fd(fd, RECORDS_MAX, &records)) == RB_OK)
		rc = plan_take(buf_span(&answer.body), buf_span(&records), out);
out:
	msg_clear(&question);
	msg_clear(&answer);
	buf_clear(&records);
	fd_close(&tree);
	fd_close(&fd);
	return rc;
}
