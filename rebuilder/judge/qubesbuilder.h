/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_QUBESBUILDER_H
#define RB_REBUILDER_QUBESBUILDER_H

#include "rebuilder/judge/yaml_tree.h"

/*
 * What the file .qubesbuilder of a component says about making Debian source
 * packages for one distribution: for "vm-bookworm" what stands below `vm`,
 * overridden by what stands below `vm-bookworm`, and `source`.
 *
 * Paths are of files in the component's tree, and can't lead out of it.
 */
#define BUILDER_FILE_MAX (64 * 1024)
#define BUILDER_BUILDS_MAX 8
#define BUILDER_MODULES_MAX 16
#define BUILDER_FILES_MAX 32
#define BUILDER_KEYS_MAX 16
#define BUILDER_PATH_MAX 200
#define BUILDER_URL_MAX 512

enum builder_check { CHECK_SHA256 = 0, CHECK_SHA512 = 1, CHECK_SIGNATURE = 2 };

/* A file from elsewhere, and by what it is known to be the right one. */
struct builder_file {
	struct span url;  /* https, with its fragment */
	struct span name; /* without directory; what it becomes */
	bool uncompress;  /* before it is checked */
	enum builder_check check;
	struct span sum;  /* path of the file with the checksum */
	struct span signature; /* https; of the signature */
	struct span keys[BUILDER_KEYS_MAX]; /* paths of the signers' keys */
	size_t nkeys;
};

/* Texts are the tree's. */
struct qubesbuilder {
	struct span builds[BUILDER_BUILDS_MAX]; /* directories "debian" */
	size_t nbuilds; /* 0: nothing is built for this distribution */
	struct span modules[BUILDER_MODULES_MAX]; /* paths of submodules */
	size_t nmodules;
	struct builder_file *files; /* owned; in order */
	size_t nfiles;
	bool makes_archive; /* the tree is the upstream archive */
	/* Why no node can do it: what the builder alone would do.  Static. */
	const char *unavailable; /* NULL: nothing */
	struct yaml_tree tree;   /* owned */
};

/* What is put in for placeholders; all of letters, digits and "._+~-". */
struct builder_place {
	struct span component, version, release;
	struct span distribution; /* "vm-bookworm" */
};

enum rb_err qubesbuilder_parse(struct span in, const struct builder_place *p,
    struct qubesbuilder *out, struct fault *why) RB_CHECK;
/* As a .qubesbuilder of that distribution alone. */
enum rb_err qubesbuilder_write(const struct qubesbuilder *q,
    struct span distribution, struct buf *out) RB_CHECK;
void qubesbuilder_clear(struct qubesbuilder *q);

/* Relative, downwards, and no option of any command. */
bool builder_path_is_valid(struct span s);
/* A version or release that may become part of a name. */
bool builder_word_is_valid(struct span s);

#endif
