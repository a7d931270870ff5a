/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_LISTING_H
#define RB_REBUILDER_LISTING_H

#include "rebuilder/repository.h"

/* One file that was named by signed metadata. */
struct listed {
	char *name;    /* owned: file name, or package name */
	char *version; /* owned; NULL for source files */
	char *arch;    /* owned; NULL for source files */
	char *path;    /* owned: below the repository's uri */
	/* borrowed; NULL: `path` is a whole address */
	const struct repository *from;
	uint64_t size;
	struct digest sha256;
	bool is_binnmu;
	bool is_base;  /* of inputs: part of the base group */
	bool is_absent; /* the repository no longer has it */
};

struct listing {
	struct listed *list; /* owned */
	size_t n;
};

void listing_clear(struct listing *l);
/* Appends a zeroed entry and returns it; NULL without memory. */
struct listed *listing_add(struct listing *l);

/*
 * Where the file lies in the n-th place of its repository (repository_url);
 * owned by the caller.  RB_ENOTFOUND: there is no such place.
 */
enum rb_err listed_url(const struct listed *item, size_t place, char **out)
    RB_CHECK;
/* fault_set, beginning with the file's own address. */
enum rb_err listed_fault(const struct listed *item, struct fault *why,
    enum rb_err rc, const char *sentence);

#endif
