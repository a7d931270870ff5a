/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SOURCES_H
#define RB_REBUILDER_SOURCES_H

#include "rebuilder/judge/checksums.h"
#include "rebuilder/judge/deb822.h"

#define SOURCE_FILES_MAX 512

/* One source package of a Sources index.  All spans are borrowed. */
struct source {
	struct span stanza;
	struct span name, version;
	struct span directory; /* below pool/ */
	struct span dsc;       /* name of the one file that ends in .dsc */
	struct checksum files[SOURCE_FILES_MAX]; /* names without a slash */
	size_t nfiles;
};

/* Everything in one stanza. */
enum rb_err source_read(const struct deb822 *stanza, struct source *out,
    struct fault *why) RB_CHECK;

/*
 * The source of this name in exactly this version, or, when `version` is
 * empty, in the newest one that the archive offers for building (versions
 * kept for their licence alone, "Extra-Source-Only", must be asked for).
 * Every stanza of the index is read.  RB_ENOTFOUND when there is none; two
 * stanzas that answer equally well are RB_EFORMAT.
 */
enum rb_err sources_find(struct span index, struct span name,
    struct span version, struct source *out, struct fault *why) RB_CHECK;

#endif
