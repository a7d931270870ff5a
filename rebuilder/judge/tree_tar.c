/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/tree_tar.h"

#include <stdlib.h>
#include <string.h>

#include "common/process/msg.h"
#include "rebuilder/judge/git/git_commit.h"
#include "rebuilder/judge/git/git_tree.h"
#include "rebuilder/judge/tag_record.h"
#include "rebuilder/judge/tar_writer.h"

static const char *const file_names[TREE_FILES] = {
	[TREE_VERSION] = "version",
	[TREE_RELEASE] = "rel",
	[TREE_BUILDER] = ".qubesbuilder",
};

void
tree_tar_clear(struct tree_tar *t)
{
	size_t i;

	for (i = 0; i < TREE_FILES; i++)
		buf_clear(&t->files[i]);
	buf_clear(&t->submodules);
}

/* A directory that is being written. */
struct level {
	struct buf tree;  /* owned */
	struct span rest; /* entries still to come */
	size_t path_len;  /* of the path to it, with its "/" */
};

struct writer {
	struct pack_reader *reader; /* borrowed */
	struct tar_writer *tar;     /* owned */
	struct level levels[TREE_DEPTH_MAX];
	size_t nlevels;
	struct buf path; /* owned: of the member under way */
	uint32_t nmembers;
	uint64_t bytes;
	struct tree_tar out;
};

static void
writer_clear(struct writer *w)
{
	while (w->nlevels > 0)
		buf_clear(&w->levels[--w->nlevels].tree);
	tar_writer_free(&w->tar);
	buf_clear(&w->path);
	tree_tar_clear(&w->out);
}

static enum rb_err
limit(const struct writer *w, struct fault *why)
{
	return fault_set(why, RB_ELIMIT,
	    "the tree is too large at '%.*s': more than %d files, %llu GiB, "
	    "%d levels or %d bytes of a name",
	    (int)w->path.len, (const char *)w->path.p, TREE_MEMBERS_MAX,
	    TREE_BYTES_MAX >> 30, TREE_DEPTH_MAX, TAR_NAME_MAX);
}

static enum rb_err
put_member(struct writer *w, enum tar_kind kind, uint32_t mode,
    struct span link, uint64_t size, struct fault *why)
{
	struct tar_member m;

	memset(&m, 0, sizeof(m));
	m.kind = kind;
	m.name = buf_span(&w->path);
	m.link = link;
	m.mode = mode;
	m.mtime = (uint64_t)w->out.time;
	m.size = size;
	if (w->nmembers == TREE_MEMBERS_MAX || m.name.len > TAR_NAME_MAX ||
	    size > TREE_BYTES_MAX - w->bytes)
		return limit(w, why);
	w->nmembers++;
	w->bytes += size;
	return tar_writer_member(w->tar, &m);
}

/* One of the three that the caller wants to see. */
static enum rb_err
keep_file(struct writer *w, struct span bytes, struct fault *why)
{
	size_t i;
	enum rb_err rc;

	for (i = 0; i < TREE_FILES; i++) {
		if (!span_equal_str(buf_span(&w->path), file_names[i]))
			continue;
		if (bytes.len > TREE_FILE_MAX)
			return fault_set(why, RB_ELIMIT,
			    "%s has more than %u bytes", file_names[i],
			    TREE_FILE_MAX);
		if ((rc = buf_put(&w->out.files[i], bytes)) != RB_OK)
			return rc;
		w->out.has[i] = true;
	}
	return RB_OK;
}

static enum rb_err
put_file(struct writer *w, const struct git_tree_entry *e, struct fault *why)
{
	struct git_object o = GIT_OBJECT_INIT;
	struct span bytes;
	enum rb_err rc;

	if ((rc = pack_reader_want(w->reader, &e->id, GIT_BLOB, &o, why)) !=
	    RB_OK)
		goto out;
	bytes = buf_span(&o.bytes);
	if (e->mode == GIT_MODE_SYMLINK) {
		if (bytes.len == 0 || bytes.len > TAR_NAME_MAX ||
		    memchr(bytes.p, '\0', bytes.len) != NULL) {
			rc = fault_set(why, RB_EFORMAT,
			    "symbolic link '%.*s' has no target that a path "
			    "can be",
			    (int)w->path.len, (const char *)w->path.p);
			goto out;
		}
		rc = put_member(w, TAR_SYMLINK, 0777, bytes, 0, why);
		goto out;
	}
	if ((rc = keep_file(w, bytes, why)) != RB_OK ||
	    (rc = put_member(w, TAR_FILE,
		 e->mode == GIT_MODE_PROGRAM ? 0755 : 0644, SPAN(""), bytes.len,
		 why)) != RB_OK)
		goto out;
	rc = tar_writer_put(w->tar, bytes);
out:
	git_object_clear(&o);
	return rc;
}

/* Goes down into a tree; w->path ends in "/", or is empty. */
static enum rb_err
enter(struct writer *w, const struct git_id *id, struct fault *why)
{
	struct git_object o = GIT_OBJECT_INIT;
	struct level *level;
	enum rb_err rc;

	if (w->nlevels == TREE_DEPTH_MAX)
		return limit(w, why);
	if ((rc = pack_reader_want(w->reader, id, GIT_TREE, &o, why)) !=
		RB_OK ||
	    (rc = git_tree_check(buf_span(&o.bytes), why)) != RB_OK)
		goto out;
	level = &w->levels[w->nlevels++];
	level->tree = o.bytes;
	o.bytes = (struct buf)BUF_INIT; /* now the level's */
	level->rest = buf_span(&level->tree);
	level->path_len = w->path.len;
out:
	git_object_clear(&o);
	return rc;
}

static enum rb_err
put_directory(struct writer *w, const struct git_tree_entry *e,
    struct fault *why)
{
	enum rb_err rc;

	if ((rc = buf_put_str(&w->path, "/")) != RB_OK ||
	    (rc = put_member(w, TAR_DIRECTORY, 0755, SPAN(""), 0, why)) !=
		RB_OK)
		return rc;
	return enter(w, &e->id, why);
}

static enum rb_err
put_submodule(struct writer *w, const struct git_tree_entry *e,
    struct fault *why)
{
	enum rb_err rc;

	if ((rc = put_bytes(&w->out.submodules, buf_span(&w->path))) != RB_OK ||
	    (rc = put_git_id(&w->out.submodules, &e->id)) != RB_OK ||
	    (rc = buf_put_str(&w->path, "/")) != RB_OK)
		return rc;
	w->out.nsubmodules++;
	return put_member(w, TAR_DIRECTORY, 0755, SPAN(""), 0, why);
}

static enum rb_err
put_entry(struct writer *w, const struct git_tree_entry *e, struct fault *why)
{
	switch (e->mode) {
	case GIT_MODE_FILE:
	case GIT_MODE_PROGRAM:
	case GIT_MODE_SYMLINK:
		return put_file(w, e, why);
	case GIT_MODE_DIRECTORY:
		return put_directory(w, e, why);
	case GIT_MODE_SUBMODULE:
		return put_submodule(w, e, why);
	}
	return RB_EINTERNAL;
}

/* Everything below the top, depth first, without recursion. */
static enum rb_err
walk(struct writer *w, struct fault *why)
{
	struct git_tree_entry e;
	struct level *level;
	enum rb_err rc;

	while (w->nlevels > 0) {
		level = &w->levels[w->nlevels - 1];
		w->path.len = level->path_len;
		rc = git_tree_take(&level->rest, &e);
		if (rc == RB_ENOTFOUND) {
			buf_clear(&level->tree);
			w->nlevels--;
			continue;
		}
		if (rc != RB_OK || (rc = buf_put(&w->path, e.name)) != RB_OK ||
		    (rc = put_entry(w, &e, why)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

enum rb_err
tree_tar_write(struct pack_reader *r, const struct git_id *commit, int fd,
    struct tree_tar *out, struct fault *why)
{
	struct git_object o = GIT_OBJECT_INIT;
	struct writer *w = calloc(1, sizeof(*w));
	struct git_commit c;
	enum rb_err rc;

	if (w == NULL)
		return RB_ENOMEM;
	w->reader = r;
	if ((rc = pack_reader_want(r, commit, GIT_COMMIT, &o, why)) != RB_OK)
		goto out;
	if (git_commit_parse(buf_span(&o.bytes), &c) != RB_OK || c.time == 0 ||
	    (uint64_t)c.time > TAR_NUMBER_MAX) {
		rc = fault_set(why, RB_EFORMAT,
		    "the commit is malformed, or has no time");
		goto out;
	}
	w->out.time = c.time;
	if ((rc = tar_writer_new(fd, &w->tar)) != RB_OK ||
	    (rc = enter(w, &c.tree, why)) != RB_OK ||
	    (rc = walk(w, why)) != RB_OK ||
	    (rc = tar_writer_end(w->tar, &w->out.size, &w->out.digest)) !=
		RB_OK)
		goto out;

	*out = w->out;
	memset(&w->out, 0, sizeof(w->out)); /* now the caller's */
out:
	git_object_clear(&o);
	writer_clear(w);
	free(w);
	return rc;
}
