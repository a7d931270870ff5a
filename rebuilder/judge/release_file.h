/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_RELEASE_FILE_H
#define RB_REBUILDER_RELEASE_FILE_H

#include "rebuilder/judge/release_merge.h"

/*
 * What a release file of qubes-builderv2 says about which sources make a
 * release and who must have signed them.  What else it may say is noted and
 * ignored; an unknown key where checking is decided is an error.
 */
#define RELEASE_COMPONENTS_MAX 1024
#define RELEASE_DISTRIBUTIONS_MAX 64
#define RELEASE_TEMPLATES_MAX 256
#define RELEASE_MAINTAINERS_MAX 16
#define RELEASE_URL_MAX 512
#define RELEASE_TIMEOUT_MAX (30u * 86400)
#define FINGERPRINT_LEN 40

/* In the order of their numbers in frames. */
enum release_mode { MODE_TAG = 0, MODE_TAG_OR_COMMIT = 1, MODE_NOTHING = 2 };

struct release_component {
	struct span name, branch; /* the tree's */
	char url[RELEASE_URL_MAX + 1];
	struct span maintainers[RELEASE_MAINTAINERS_MAX]; /* the tree's */
	size_t nmaintainers;
	uint64_t min_distinct, timeout;
	enum release_mode mode;
	bool versions_only, packages;
};

struct release_file {
	struct span name; /* "r4.3" */
	struct release_entries distributions, templates; /* owned */
	struct release_component *components; /* owned; order is the file's */
	size_t ncomponents;
	struct buf notes; /* owned; lines: what was ignored */
	struct yaml_tree tree; /* owned */
};

#define RELEASE_FILE_INIT \
	{ SPAN_INIT, RELEASE_ENTRIES_INIT, RELEASE_ENTRIES_INIT, NULL, 0, \
		BUF_INIT, YAML_TREE_INIT }

/* As release_merge. */
enum rb_err release_file_read(const struct release_input *files, size_t n,
    struct release_file *out, char lacking[RELEASE_NAME_MAX + 1],
    struct fault *why) RB_CHECK;
/*
 * The same as one file that leaves nothing to defaults; read and written
 * again it is the same bytes.
 */
enum rb_err release_file_write(const struct release_file *r, struct buf *out)
    RB_CHECK;
void release_file_clear(struct release_file *r);

#endif
