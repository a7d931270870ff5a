/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_PACKAGES_H
#define RB_REBUILDER_PACKAGES_H

#include "rebuilder/judge/checksums.h"
#include "rebuilder/judge/deb822.h"

/* One binary package of a Packages index.  All spans are borrowed. */
struct package {
	struct span name, version, architecture;
	struct span source, source_version; /* as given, or name and version */
	struct checksum file;
	bool is_binnmu;
};

/* Most binary packages that one source may have in one index. */
#define PUBLISHED_MAX 4096

/* Name, versions, architecture and source; `file` stays empty. */
enum rb_err package_identify(const struct deb822 *stanza, struct package *out,
    struct fault *why) RB_CHECK;
/* Everything. */
enum rb_err package_read(const struct deb822 *stanza, struct package *out,
    struct fault *why) RB_CHECK;

/*
 * Appends the record of each package that was built from this version of
 * this source for `architecture` or for all of them (JUDGE_SOURCE in
 * frames.h), in the order of the index, of which every stanza is read.  The
 * same package twice is an error.
 */
enum rb_err packages_of_source(struct span index, struct span source,
    struct span version, struct span architecture, struct buf *records,
    uint32_t *n, struct fault *why) RB_CHECK;

#endif
