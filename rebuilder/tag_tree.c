/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files of a commit. */
#include "rebuilder/tag_parts.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "rebuilder/ask.h"

/* As for a commit: a submodule's pack is indexed here. */
#define PACK_SECONDS 1800
#define PATH_LIMIT 4096
#define FILE_LIMIT (32u * 1024)

/* What JUDGE_TREE says and writes. */
struct tree {
	struct digest digest;
	uint64_t size, time;
	uint32_t nsubmodules;
	struct buf files, submodules; /* owned */
};

static void
tree_clear(struct tree *t)
{
	buf_clear(&t->files);
	buf_clear(&t->submodules);
}

static enum rb_err
ask_tree(const char *commit, int pack, int index, struct depot *depot,
    struct tree *t, struct fault *why)
{
	struct digest found = DIGEST_INIT;
	struct msg question, answer;
	struct span body;
	int tar = -1, files = -1, submodules = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, JUDGE_TREE);
	msg_init(&answer, 0);
	if ((rc = depot_scratch(depot, &tar)) != RB_OK ||
	    (rc = tag_output(&files)) != RB_OK ||
	    (rc = tag_output(&submodules)) != RB_OK ||
	    (rc = put_text(&question.body, commit)) != RB_OK ||
	    (rc = ask_add_copy(&question, pack)) != RB_OK ||
	    (rc = ask_add_copy(&question, index)) != RB_OK ||
	    (rc = ask_add_copy(&question, tar)) != RB_OK ||
	    (rc = ask_add_copy(&question, files)) != RB_OK ||
	    (rc = ask_add_copy(&question, submodules)) != RB_OK ||
	    (rc = ask_role("rebuilder-judge", &question, JUDGE_TREE_IS,
		 PACK_SECONDS, &answer, why)) != RB_OK)
		goto out;
	body = buf_span(&answer.body);
	if ((rc = take_u64(&body, &t->size)) != RB_OK ||
	    (rc = take_digest(&body, &t->digest)) != RB_OK ||
	    (rc = take_u64(&body, &t->time)) != RB_OK ||
	    (rc = take_u32(&body, &t->nsubmodules)) != RB_OK ||
	    (rc = take_end(body)) != RB_OK ||
	    (rc = tag_output_read(files, &t->files)) != RB_OK ||
	    (rc = tag_output_read(submodules, &t->submodules)) != RB_OK ||
	    (rc = depot_add(depot, tar, &found)) != RB_OK)
		goto out;
	if (!digest_equal(&found, &t->digest))
		rc = fault_set(why, RB_EPEER,
		    "rebuilder-judge wrote another tar than it says");
out:
	fd_close(&tar);
	fd_close(&files);
	fd_close(&submodules);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* Of three files the last is wanted: `.qubesbuilder`. */
static enum rb_err
take_files(struct span in, struct tagged *t)
{
	struct span bytes = SPAN_INIT;
	uint8_t present = 0;
	enum rb_err rc;
	int i;

	for (i = 0; i < 3; i++) {
		if ((rc = take_u8(&in, &present)) != RB_OK ||
		    (rc = take_bytes(&in, FILE_LIMIT, &bytes)) != RB_OK)
			return rc;
	}
	t->has_builder = present == 1;
	if ((rc = take_end(in)) != RB_OK)
		return rc;
	return buf_put(&t->builder, bytes);
}

static enum rb_err
take_submodules(struct span in, uint32_t n, struct tagged *t, struct fault *why)
{
	struct tag_submodule *s;
	enum rb_err rc;

	if (n > TAG_SUBMODULES_MAX)
		return fault_set(why, RB_ELIMIT,
		    "commit %s has more than %d submodules", t->commit,
		    TAG_SUBMODULES_MAX);
	if (n > in.len)
		return RB_EPEER;
	t->submodules = calloc((size_t)n + 1, sizeof(*t->submodules));
	if (t->submodules == NULL)
		return RB_ENOMEM;
	while (t->nsubmodules < n) {
		s = &t->submodules[t->nsubmodules++];
		if ((rc = take_text(&in, PATH_LIMIT, &s->path)) != RB_OK ||
		    (rc = tag_take_id(&in, s->commit)) != RB_OK)
			return rc;
	}
	return take_end(in);
}

enum rb_err
tag_add_tree(const struct tag_ground *g, int pack, int index,
    struct depot *depot, struct tagged *t, struct fault *why)
{
	struct tree tree;
	enum rb_err rc;

	memset(&tree, 0, sizeof(tree));
	if ((rc = ask_tree(g->commit, pack, index, depot, &tree, why)) != RB_OK)
		goto out;
	if (tree.time != g->time) {
		rc = fault_set(why, RB_EPEER,
		    "rebuilder-judge gives one commit two times");
		goto out;
	}
	t->tree_sha256 = tree.digest;
	t->tree_size = tree.size;
	if ((rc = take_files(buf_span(&tree.files), t)) != RB_OK)
		goto out;
	rc = take_submodules(buf_span(&tree.submodules), tree.nsubmodules, t,
	    why);
out:
	tree_clear(&tree);
	return rc;
}

enum rb_err
tag_submodule_tree(const char *commit, int pack, struct depot *depot,
    struct digest *out, struct fault *why)
{
	struct tree tree;
	int index = -1;
	enum rb_err rc = RB_EINTERNAL;

	memset(&tree, 0, sizeof(tree));
	if ((rc = tag_output(&index)) == RB_OK &&
	    (rc = ask_tree(commit, pack, index, depot, &tree, why)) == RB_OK)
		*out = tree.digest;
	tree_clear(&tree);
	fd_close(&index);
	return rc;
}
