/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_RELEASE_MERGE_H
#define RB_REBUILDER_RELEASE_MERGE_H

#include "rebuilder/judge/yaml_tree.h"

/*
 * Several files of qubes-builderv2 as one, put together as it does: what is
 * included first, in order, then the file itself; a key of a later one
 * replaces that of an earlier one, unless both are maps, which merge; the
 * lists under "+components", "+distributions" and "+templates" add up.
 *
 * Included files are found by their base name.
 */
#define RELEASE_FILES_MAX 12
#define RELEASE_NAME_MAX 100

struct release_input {
	struct span name; /* base name */
	struct span bytes;
};

/*
 * The first file is the one that includes the others.  RB_ENOTFOUND: a file
 * that is included is not among them; its base name is then in `lacking`.
 */
enum rb_err release_merge(const struct release_input *files, size_t n,
    struct yaml_tree *tree, const struct yaml **out,
    char lacking[RELEASE_NAME_MAX + 1], struct fault *why) RB_CHECK;

/* One entry of a list of texts and one-key maps. */
struct release_entry {
	struct span name;
	const struct yaml *at;      /* where its name stands */
	const struct yaml *options; /* a map; NULL: none */
};

struct release_entries {
	struct release_entry *list; /* owned */
	size_t n;
};

#define RELEASE_ENTRIES_INIT { NULL, 0 }

/*
 * The list `key` of the merged map with what "+key" adds; entries of one
 * name merge.  Without a "+key", no name may stand twice.
 */
enum rb_err release_entries_read(const struct yaml *top, const char *key,
    struct yaml_tree *tree, struct release_entries *out, struct fault *why)
    RB_CHECK;
void release_entries_clear(struct release_entries *e);

/* Characters that file names, and all that becomes one, may have. */
bool release_name_is_valid(struct span name);

#endif
