/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/prepare_fetch.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/fetch_git.h"
#include "rebuilder/gpgv.h"
#include "rebuilder/keyring.h"

/* A kernel, unpacked, is larger than one GiB. */
#define FILE_BYTES_MAX (4ull * 1024 * 1024 * 1024)
#define SIGNATURE_BYTES_MAX (64 * 1024)
#define JUDGE_SECONDS 600

enum { CHECK_SHA256, CHECK_SHA512, CHECK_SIGNATURE };

static enum rb_err
add_other(struct trip *t, const char *kind, const char *name,
    const char *version, const char *origin, const struct digest *sha256)
{
	struct other_input *grown, *o;
	uint64_t size = 0;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	grown = reallocarray(t->of.others, t->of.nothers + 1, sizeof(*grown));
	if (grown == NULL)
		return RB_ENOMEM;
	t->of.others = grown;
	o = &t->of.others[t->of.nothers++];
	memset(o, 0, sizeof(*o));
	o->kind = kind;
	o->sha256 = *sha256;
	o->name = strdup(name);
	o->version = strdup(version);
	o->origin = strdup(origin);
	if (o->name == NULL || o->version == NULL || o->origin == NULL)
		return RB_ENOMEM;
	if ((rc = depot_get(t->depot, sha256, &fd)) != RB_OK ||
	    (rc = file_size(fd, &size)) != RB_OK)
		goto out;
	o->size = size;
out:
	fd_close(&fd);
	return rc;
}

static const char *
commit_of(const struct tagged *g, const char *path)
{
	size_t i;

	for (i = 0; i < g->nsubmodules; i++)
		if (strcmp(g->submodules[i].path, path) == 0)
			return g->submodules[i].commit;
	return NULL;
}

static enum rb_err
fetch_module(struct trip *t, const struct plan_module *m)
{
	const struct fetch_context fetch = trip_fetch(t);
	/* By its id: rebuilder-net takes one in the place of a name. */
	const char *const commit = commit_of(&t->of.tagged, m->path);
	struct digest tree = DIGEST_INIT;
	int pack = -1;
	enum rb_err rc = RB_EINTERNAL;

	if (commit == NULL)
		return fault_set(&t->why, RB_EPEER,
		    "rebuilder-judge names another submodule than it was "
		    "told of");
	if ((rc = fetch_pack(&fetch, m->url, &commit, 1, &pack)) == RB_OK &&
	    (rc = tag_submodule_tree(commit, pack, t->depot, &tree, &t->why)) ==
		RB_OK)
		rc = add_other(t, "module", m->path, commit, m->url, &tree);
	fd_close(&pack);
	return rc;
}

/* 1 for gzip, 2 for xz: by the name, as the builder does. */
static uint8_t
packing_of(const struct plan_file *f)
{
	size_t len = strlen(f->url);

	if (!f->uncompress)
		return 0;
	return len > 3 && strcmp(f->url + len - 3, ".xz") == 0 ? 2 : 1;
}

/* `file` becomes what is in it, if that is what counts. */
static enum rb_err
check_file(struct trip *t, const struct plan_file *f, int *file)
{
	struct msg question, answer;
	int out = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_EXTERNAL);
	msg_init(&answer, 0);
	if ((rc = put_u8(&question.body, packing_of(f))) != RB_OK ||
	    (rc = put_u64(&question.body, FILE_BYTES_MAX)) != RB_OK ||
	    (rc = put_u8(&question.body, f->check)) != RB_OK ||
	    (rc = put_bytes(&question.body, buf_span(&f->sum))) != RB_OK ||
	    (rc = depot_scratch(t->depot, &out)) != RB_OK ||
	    (rc = ask_add_copy(&question, *file)) != RB_OK ||
	    (rc = ask_add_copy(&question, out)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_OK,
		 JUDGE_SECONDS, &answer, &t->why)) != RB_OK)
		goto out;
	if (packing_of(f) != 0) {
		fd_close(file);
		rc = depot_read_only(out, file);
	}
out:
	msg_clear(&question);
	msg_clear(&answer);
	fd_close(&out);
	return rc;
}

static enum rb_err
make_keyring(const struct plan_file *f, int *out, struct fault *why)
{
	struct buf all = BUF_INIT;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < f->nkeys && rc == RB_OK; i++)
		rc = key_parse(buf_span(&f->keys[i]), &all);
	if (rc != RB_OK && rc != RB_ENOMEM)
		rc = fault_set(why, RB_EREFUSED,
		    "number %zu of its pubkeys is not one OpenPGP public key",
		    i);
	if (rc == RB_OK)
		rc = memory_file("keyring", buf_span(&all), out);
	buf_clear(&all);
	return rc;
}

static enum rb_err
judge_status(struct trip *t, unsigned int exit_status, struct span status)
{
	struct msg question, answer;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_SIGNED);
	msg_init(&answer, 0);
	if ((rc = put_u32(&question.body, exit_status)) == RB_OK &&
	    (rc = put_bytes(&question.body, status)) == RB_OK)
		rc = ask_role("rebuilder-judge", &question, JUDGE_OK,
		    JUDGE_SECONDS, &answer, &t->why);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

static enum rb_err
check_signature(struct trip *t, const struct plan_file *f, int file)
{
	const struct fetch_context fetch = trip_fetch(t);
	struct gpgv_job job = GPGV_JOB_INIT;
	struct buf signature = BUF_INIT, status = BUF_INIT;
	unsigned int exit_status = 0;
	int keyring = -1, fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = make_keyring(f, &keyring, &t->why)) != RB_OK ||
	    (rc = fetch_url(&fetch, f->signature, SIGNATURE_BYTES_MAX, &fd)) !=
		RB_OK ||
	    (rc = file_read_fd(fd, SIGNATURE_BYTES_MAX, &signature)) != RB_OK)
		goto out;
	if ((rc = gpgv_start(keyring, file, buf_span(&signature), &job,
		 &t->why)) != RB_OK ||
	    (rc = gpgv_end(&job, &status, &exit_status, &t->why)) != RB_OK)
		goto out;
	rc = judge_status(t, exit_status, buf_span(&status));
out:
	gpgv_job_clear(&job);
	buf_clear(&signature);
	buf_clear(&status);
	fd_close(&keyring);
	fd_close(&fd);
	return rc;
}

static enum rb_err
fetch_file(struct trip *t, const struct plan_file *f)
{
	const struct fetch_context fetch = trip_fetch(t);
	struct digest sha256 = DIGEST_INIT;
	struct fault said;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = fetch_url(&fetch, f->url, FILE_BYTES_MAX, &fd)) != RB_OK)
		goto out;
	if ((rc = check_file(t, f, &fd)) == RB_OK &&
	    f->check == CHECK_SIGNATURE)
		rc = check_signature(t, f, fd);
	if (rc == RB_EREFUSED || rc == RB_ESIG || rc == RB_EDIGEST) {
		said = t->why;
		(void)fault_set(&t->why, rc, "%s: %s", f->url, said.text);
	}
	if (rc == RB_OK && (rc = depot_add(t->depot, fd, &sha256)) == RB_OK)
		rc = add_other(t, "file", f->name, "-", f->url, &sha256);
out:
	fd_close(&fd);
	return rc;
}

enum rb_err
prepare_fetch(struct trip *t, const struct plan *p)
{
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < p->nmodules && rc == RB_OK; i++)
		rc = fetch_module(t, &p->modules[i]);
	for (i = 0; i < p->nfiles && rc == RB_OK; i++)
		rc = fetch_file(t, &p->files[i]);
	return rc;
}
