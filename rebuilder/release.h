/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_RELEASE_H
#define RB_REBUILDER_RELEASE_H

#include "rebuilder/settings.h"

/*
 * A release of Qubes: which components it is made of, in the order in which
 * they are built, and who must have signed their tags.  rebuilder-judge reads
 * the release file; we open it and what it includes.
 */
enum verification {
	VERIFY_TAG,           /* a signed tag */
	VERIFY_TAG_OR_COMMIT, /* or a signed commit */
	VERIFY_NOTHING,       /* not checked: never attested */
};

struct component { /* all texts owned */
	char *name, *url, *branch;
	char **maintainers; /* fingerprints: 40 digits, upper case */
	size_t nmaintainers;
	uint64_t min_distinct; /* threshold, at least 1 */
	enum verification mode;
	bool versions_only; /* only tags of versions are built */
	bool packages;      /* false: sources alone, nothing to build */
	uint64_t timeout;   /* seconds that a build may take */
};

struct release { /* all owned */
	char *name; /* "r4.3" */
	char **distributions; /* "vm-bookworm" */
	size_t ndistributions;
	struct component *list; /* dependency order */
	size_t n;
	char **templates;
	size_t ntemplates;
	char **notes; /* what the file says and we ignored, one line each */
	size_t nnotes;
};

#define RELEASE_INIT { NULL, NULL, 0, NULL, 0, NULL, 0, NULL, 0 }

/*
 * Reads settings->release.file.  RB_ENOTFOUND: a file is absent; RB_EREFUSED:
 * one is wrong; both name it.
 */
enum rb_err release_read(const struct settings *s, struct release *out,
    struct fault *why) RB_CHECK;
void release_clear(struct release *r);

/* NULL: there is no such component. */
const struct component *release_find(const struct release *r, const char *name);

#endif
