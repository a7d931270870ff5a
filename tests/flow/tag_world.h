/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_FLOW_TAG_WORLD_H
#define RB_TESTS_FLOW_TAG_WORLD_H

#include <stdio.h>

#include "rebuilder/tag.h"

/*
 * A repository with tags of every kind, by real git and gpg
 * (tests/data/git/make), and the real judge and gpgv in their jails to look
 * at it.  What fails here ends the test.
 */
extern const char *world_path; /* what make made; `depot` is below it */
extern const char *world_keys_before;
extern struct depot *world_depot;

/* Group set-up and tear-down.  Root becomes nobody, for no jail takes him. */
int world_start(void **state);
int world_stop(void **state);

const char *world_fact(const char *name);
/* A file of the world; and one of what a server sent, "now" or "later". */
FILE *world_text(const char *name);
int world_file(const char *moment, const char *name);

/* The newest on a branch; all people may sign. */
#define WORLD_PEOPLE 6
struct tag_question world_question(const char *branch);

void world_refs(const struct tag_question *q, const char *moment,
    struct tag_refs *refs);
enum rb_err world_try(const struct tag_question *q, const char *moment,
    struct tagged *t, struct fault *why);
/* It is judged; what it lacked is said when it was not accepted. */
void world_verify(const struct tag_question *q, const char *moment,
    struct tagged *t);
/* How a ref came out; it must be there. */
const struct tag_seen *world_seen(const struct tagged *t, const char *ref);

#endif
