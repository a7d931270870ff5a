/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_GIT_HISTORY_H
#define RB_REBUILDER_GIT_HISTORY_H

#include "rebuilder/judge/git/pack_reader.h"

/*
 * The commits of a pack as a graph.  Each commit is read, and hashed, once.
 */
#define GIT_COMMITS_MAX 2000000

struct git_history;

/* The reader is borrowed and outlives it. */
enum rb_err git_history_new(struct pack_reader *r, struct git_history **out)
    RB_CHECK;
void git_history_free(struct git_history **h);

/*
 * The nearest of `n` commits as `git describe --abbrev=0` finds it from
 * `head`: by the number of commits of head's that it lacks; of equals, the
 * one first met on a walk by dates.  RB_ENOTFOUND: none of them is an
 * ancestor.  RB_EFORMAT: a parent is not in the pack, or is no commit.
 */
enum rb_err git_history_nearest(struct git_history *h,
    const struct git_id *head, const struct git_id *commits, size_t n,
    struct git_id *out, struct fault *why) RB_CHECK;

/* Whether `ancestor` is `commit`, or one that it goes back to. */
enum rb_err git_history_reaches(struct git_history *h,
    const struct git_id *commit, const struct git_id *ancestor, bool *out,
    struct fault *why) RB_CHECK;

#endif
