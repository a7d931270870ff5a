/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_UPDATER_ROSTER_H
#define RB_UPDATER_ROSTER_H

#include "updater/subject.h"

/*
 * The files asked about, found by digest and by name in logarithmic time:
 * hundreds of files meet tens of thousands of statements.  Two files may
 * share either.
 */
struct roster {
	const struct subject *files; /* borrowed */
	size_t n;
	/*
	 * Owned, each owned.  One that is no package's has `file` alone, the
	 * name itself.
	 */
	struct package_name *names;
	size_t *by_digest; /* owned: positions in files, sorted */
	size_t *by_name;   /* owned */
};

#define ROSTER_INIT { NULL, 0, NULL, NULL, NULL }

void roster_clear(struct roster *r);
enum rb_err roster_make(const struct subject *files, size_t n,
    struct roster *out) RB_CHECK;

/*
 * Walks all files of one digest (of one name):
 *   for (i = roster_first_digest(r, d); roster_is_digest(r, i, d, &at); i++)
 * `at` is the position in files.
 */
size_t roster_first_digest(const struct roster *r, const struct digest *d);
bool roster_is_digest(const struct roster *r, size_t i, const struct digest *d,
    size_t *at);
size_t roster_first_name(const struct roster *r, const char *name);
bool roster_is_name(const struct roster *r, size_t i, const char *name,
    size_t *at);

/*
 * The name of file `at` does not contradict that it is this package: it is the
 * package's, or no package's at all.
 */
bool roster_name_fits(const struct roster *r, size_t at, const char *name,
    const char *version, const char *arch);

/* There is a file of this digest or of this name. */
bool roster_knows(const struct roster *r, const struct digest *d,
    const char *name);

#endif
