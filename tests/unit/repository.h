/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_REPOSITORY_H
#define RB_TESTS_REPOSITORY_H

#include "rebuilder/judge/git/git_tree.h"
#include "rebuilder/judge/git/pack_reader.h"
#include "tests/unit/packed.h"

/*
 * A repository made by hand: objects go into a pack, and then it is read as
 * one that a server sent.  What fails here ends the test.
 */
struct repository {
	struct packed packed;
	struct pack pack;
	struct pack_index index;
	struct pack_reader *reader; /* owned, after repository_open */
};

void repository_start(struct repository *r);
void repository_open(struct repository *r);
void repository_clear(struct repository *r);

struct git_id repository_put(struct repository *r, enum git_type type,
    struct span bytes);

/* Entries of a tree, in the order in which they are to stand. */
void tree_put(struct buf *tree, enum git_mode mode, const char *name,
    const struct git_id *id);
/* A commit of a tree with up to two parents; NULL: none. */
struct git_id repository_commit(struct repository *r, const struct git_id *tree,
    int64_t time, const struct git_id *parent, const struct git_id *second);
/* A tag object without a signature. */
struct git_id repository_tag(struct repository *r, const char *name,
    enum git_type type, const struct git_id *object);

#endif
