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

enum repository_use {
	USE_BASE,      /* sources and inputs: Packages and Sources are read */
	USE_PUBLISHED, /* published files are looked up: Packages alone */
	/*
	 * Exact versions are looked up that somebody else chose: Packages
	 * alone.  Nothing is ever chosen from it, so that it may be of any
	 * age: who shows an older state of it, signed as it is, can only
	 * make a version be missing.
	 */
	USE_OLD,
	USE_BUILT, /* what this node built: by digest, in the depot, no uri */
};

/*
 * A signed repository in Debian's layout: one component of one suite, for
 * one architecture.
 */
struct repository {
	enum repository_use use;
	char *name;      /* owned, as all texts: what statements call it */
	char *uri;       /* ends in a slash */
	char **mirrors;  /* the same elsewhere, tried in turn */
	size_t nmirrors;
	char *suite;     /* codename */
	char *component;
	char *architecture;
	char *keyring;   /* absolute path, for gpgv */
	char *buildinfo_keyring; /* NULL: there are no .buildinfo files */
	const char *section; /* static: of node.yml, for faults */
	struct index index; /* filled by stage_index */
};

/* The archive of the settings; `suite` NULL: the suite that they name. */
enum rb_err repository_of_archive(const struct settings *s, const char *suite,
    struct repository *out) RB_CHECK;
/* The i-th of archive.old and published.suffixes. */
enum rb_err repository_of_old(const struct settings *s, const char *suite,
    size_t i, struct repository *out) RB_CHECK;
enum rb_err repository_of_published(const struct settings *s, const char *suite,
    size_t i, struct repository *out) RB_CHECK;
void repository_clear(struct repository *r);

/*
 * The address of a path in the n-th place, 0 being the repository's own;
 * owned by the caller.  RB_ENOTFOUND: there is no such place.
 */
enum rb_err repository_url(const struct repository *r, size_t place,
    const char *path, char **out) RB_CHECK;

#endif
