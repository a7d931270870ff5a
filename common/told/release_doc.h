/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TOLD_RELEASE_DOC_H
#define RB_TOLD_RELEASE_DOC_H

#include "common/base/buf.h"

/*
 * What a node knows of the release that it watches, besides what it signed:
 * for the table at /release.  JSON in one spelling (common/attest/json.h), one
 * line, members in this order:
 *
 *   {"format":1,"name":T,"time":N,"distributions":[T...],"components":[
 *     {"name":T,"tag":T|null,"state":T,"note":T|null,"alarms":[T...],
 *      "builds":[{"distribution":T,"state":T,"note":T|null}...]}...]}
 *
 * T is 1 to 512 bytes of printable ASCII without quote and backslash.
 * `tag` is the newest that was accepted, and `state` one word of a-z and "-":
 *   of a component  watched, unverified, unchecked (exempt: never attested),
 *                   source-only, unreachable
 *   of a build      waiting, running, retrying, done, blocked, none
 * Both lists are open: readers show a word that they do not know as it is.
 */
#define RELEASE_DOC_MAX (4 * 1024 * 1024)
#define RELEASE_TEXT_MAX 512
#define RELEASE_COMPONENTS_MAX 4096
#define RELEASE_DISTRIBUTIONS_MAX 64
#define RELEASE_ALARMS_MAX 64

struct release_build {
	char *distribution, *state, *note; /* owned; note: NULL for none */
};

struct release_component {
	char *name, *tag, *state, *note; /* owned; tag, note: NULL for none */
	char **alarms;                   /* owned, each owned */
	size_t nalarms;
	struct release_build *builds; /* owned */
	size_t nbuilds;
};

struct release_doc {
	char *name; /* owned */
	uint64_t time;
	char **distributions; /* owned, each owned */
	size_t ndistributions;
	struct release_component *components; /* owned, in their order */
	size_t ncomponents;
};

void release_doc_init(struct release_doc *d);
void release_doc_clear(struct release_doc *d);

/*
 * Texts that JSON would have to escape, or that are too long, are written as
 * release_text shows them; empty lists and NULL where allowed.  RB_ELIMIT past
 * one of the limits above.
 */
enum rb_err release_doc_write(const struct release_doc *d, struct buf *out)
    RB_CHECK;
/* Accepts exactly what release_doc_write writes.  `out` must be clear. */
enum rb_err release_doc_parse(struct span in, struct release_doc *out) RB_CHECK;

/* A sentence of anybody's as such a text: never empty, owned by the caller. */
enum rb_err release_text(const char *text, char **out) RB_CHECK;

#endif
