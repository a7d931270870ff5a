/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_PREPARE_PLAN_H
#define RB_REBUILDER_PREPARE_PLAN_H

#include "rebuilder/trip.h"

/*
 * How the source packages of a component are made for one distribution: its
 * file .qubesbuilder, as rebuilder-judge reads it out of the verified tree.
 */
struct plan_module {
	char *path; /* owned: of a submodule, in the tree */
	char *url;  /* owned: of its repository, as .gitmodules says */
};

struct plan_file {
	char *url, *name; /* owned */
	bool uncompress;  /* before it is checked */
	uint8_t check;    /* as in frames.h: JUDGE_RECIPE */
	struct buf sum;   /* owned; empty for a signature */
	char *signature;  /* owned: where it is */
	struct buf *keys; /* owned, each owned */
	size_t nkeys;
};

struct plan {
	char *version, *release; /* owned */
	char *unavailable;       /* owned; "": it can be made */
	bool is_archive;         /* the tree itself is the upstream archive */
	char **builds;           /* owned: a directory for each package */
	size_t nbuilds;
	struct plan_module *modules; /* owned */
	size_t nmodules;
	struct plan_file *files; /* owned; in the order of the file */
	size_t nfiles;
};

#define PLAN_INIT { NULL, NULL, NULL, false, NULL, 0, NULL, 0, NULL, 0 }

/* Of the trip's component, distribution and tag. */
enum rb_err plan_read(struct trip *t, struct plan *out) RB_CHECK;
void plan_clear(struct plan *p);

/*
 * JUDGE_RECIPE_IS and its records, as frames.h has them.  RB_EFORMAT or
 * RB_ELIMIT for anything else; `out` is written only on success.
 */
enum rb_err plan_take(struct span answer, struct span records, struct plan *out)
    RB_CHECK;

#endif
