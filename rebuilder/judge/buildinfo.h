/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_BUILDINFO_H
#define RB_REBUILDER_BUILDINFO_H

#include "rebuilder/judge/checksums.h"
#include "rebuilder/judge/deb822.h"

/*
 * A .buildinfo (deb-buildinfo(5), Format 1.0): what a builder says that it
 * built, from what, and which packages were installed.  Spans are borrowed
 * from the text, without its armour.
 */
#define BUILDINFO_BYTES_MAX (4u * 1024 * 1024)
#define BUILDINFO_FILES_MAX 1024
#define BUILDINFO_PACKAGES_MAX 16384
#define BUILDINFO_VARIABLES_MAX 256

/* "name (= version)" or "name:architecture (= version)". */
struct buildinfo_package {
	struct span name;
	struct span architecture; /* empty: that of the build, or all */
	struct span version;
};

struct buildinfo_variable {
	struct span name;
	struct span value; /* as it stands between the quotation marks */
};

struct buildinfo {
	struct span source, source_version;
	struct span version;       /* of the binaries */
	struct span binary;        /* names, a blank between; may be empty */
	struct span architecture;  /* architectures built, a blank between */
	struct span build_architecture;
	struct span build_path;    /* empty: not given */
	uint64_t build_date;       /* seconds since 1970; 0: not given */
	struct checksum *files;    /* owned; each name once */
	size_t nfiles;
	struct buildinfo_package *installed; /* owned; each once, sorted */
	size_t ninstalled;
	struct buildinfo_variable *environment; /* owned */
	size_t nenvironment;
};

#define BUILDINFO_INIT { .nfiles = 0 }

enum rb_err buildinfo_parse(struct span in, struct buildinfo *out,
    struct fault *why) RB_CHECK;
void buildinfo_clear(struct buildinfo *b);

/* It is about this version of this source, else RB_EREFUSED. */
enum rb_err buildinfo_check(const struct buildinfo *b, struct span source,
    struct span version, struct fault *why) RB_CHECK;

/* Whether it says that it built packages of its architecture, or all. */
bool buildinfo_built_for_one(const struct buildinfo *b);
bool buildinfo_built_for_all(const struct buildinfo *b);

/*
 * "name version" or "name:architecture version", each ended by LF, in order:
 * what the recipe `resolve` takes as `pins`, and pins_parse.
 */
enum rb_err buildinfo_write_pins(const struct buildinfo *b, struct buf *out)
    RB_CHECK;

/*
 * Whether two builds had the same packages, of the same architecture, in the
 * same place where both name it.  The first thing that differs goes to `why`.
 */
bool buildinfo_equal(const struct buildinfo *a, const struct buildinfo *b,
    struct fault *why);

#endif
