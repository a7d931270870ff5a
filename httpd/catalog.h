/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_CATALOG_H
#define RB_HTTPD_CATALOG_H

#include "httpd/view.h"

/*
 * The newest statement about each package of a component, by what they say of
 * themselves: source.name, environment.distribution, and the package, its
 * architecture and suite.  Only sources that are git tags have components.
 * Made of the leaves under the checkpoint, some at a time, and kept in memory.
 */
#define CATALOG_MAX 65536 /* entries; what comes later is left out */

struct catalog_entry {
	uint64_t leaf;
	char *package, *arch, *suite, *version, *tag; /* owned */
	enum verdict verdict;
	char *reason; /* owned; NULL for reproduced */
	int64_t finished;
	struct catalog_entry *next; /* owned; in the order of first coming */
};

struct catalog;

enum rb_err catalog_new(struct catalog **out) RB_CHECK;
void catalog_free(struct catalog **c);

/* Reads at most `max` more leaves; *more: there are others.  Any thread. */
enum rb_err catalog_read(struct catalog *c, struct store *store, size_t max,
    bool *more) RB_CHECK;
/* The same for a store that is open, as one statement of leaf `leaf`. */
enum rb_err catalog_add(struct catalog *c, uint64_t leaf,
    const struct statement *s) RB_CHECK;

/*
 * While it is locked: the entries of a component in a distribution, NULL for
 * none; how many leaves were read.
 */
void catalog_lock(struct catalog *c);
void catalog_unlock(struct catalog *c);
const struct catalog_entry *catalog_find(const struct catalog *c,
    const char *component, const char *distribution);
uint64_t catalog_leaves(const struct catalog *c);

#endif
