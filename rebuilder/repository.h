/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_REPOSITORY_H
#define RB_REBUILDER_REPOSITORY_H

#include "common/base/digest.h"
#include "rebuilder/settings.h"

/* What was read of a repository: everything by digest, in the depot. */
struct index {
	struct digest metadata; /* of the signed Release text */
	int64_t seen;           /* when we fetched it */
	int64_t date;
	struct digest packages, sources; /* uncompressed */
};

/*
 * A signed repository in Debian's layout: one component of one suite, for
 * one architecture.
 */
struct repository {
	char *name;      /* owned, as all texts: what statements call it */
	char *uri;       /* ends in a slash */
	char **mirrors;  /* the same elsewhere, tried in turn */
	size_t nmirrors;
	char *suite;     /* codename */
	char *component;
	char *architecture;
	char *keyring;   /* absolute path, for gpgv */
	const char *section; /* static: of node.yml, for faults */
	struct index index; /* filled by stage_index */
};

/* The archive of the settings. */
enum rb_err repository_of_archive(const struct settings *s,
    struct repository *out) RB_CHECK;
void repository_clear(struct repository *r);

/*
 * The address of a path in the n-th place, 0 being the repository's own;
 * owned by the caller.  RB_ENOTFOUND: there is no such place.
 */
enum rb_err repository_url(const struct repository *r, size_t place,
    const char *path, char **out) RB_CHECK;

#endif
