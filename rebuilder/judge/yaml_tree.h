/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_YAML_TREE_H
#define RB_REBUILDER_YAML_TREE_H

#include <stdarg.h>

#include "common/base/buf.h"

/*
 * A YAML file of others as a tree: texts, lists and maps, as YAML 1.1 has
 * them.  Refused, with file, line and rule: more than one document, tags,
 * merge keys, a key twice in one map, keys that are no texts, and what passes a
 * limit.  An alias may stand for a text, or for a short list of texts, that
 * came before: so no tree unfolds to many times its file.
 */
#define YAML_FILE_MAX (256 * 1024)
#define YAML_DEPTH_MAX 16
#define YAML_CHILDREN_MAX 4096
#define YAML_ANCHORS_MAX 64
#define YAML_ALIASED_MAX 64 /* texts of a list that an alias stands for */

enum yaml_kind { YAML_TEXT, YAML_LIST, YAML_MAP };

struct yaml;

/* A value in a list or, with a key, in a map. */
struct yaml_child {
	struct span key;
	const struct yaml *value;
	struct yaml_child *next;
};

struct yaml {
	enum yaml_kind kind;
	const char *file; /* borrowed: as named to yaml_parse */
	size_t line;
	/* of a text: */
	struct span text;
	bool is_plain; /* without quotes: may be a number, yes, no or nothing */
	/* of a list or map: */
	struct yaml_child *first, *last;
	size_t n;
};

/*
 * Owns nodes, from several files too.  Nodes of one tree may have common
 * children and, once parsed, do not change.
 */
struct yaml_tree {
	struct yaml_room *rooms; /* owned */
	size_t used;
};

#define YAML_TREE_INIT { NULL, 0 }

/* `out` lives as long as the tree; the bytes need not. */
enum rb_err yaml_parse(struct span in, const char *file, struct yaml_tree *tree,
    const struct yaml **out, struct fault *why) RB_CHECK;
void yaml_tree_clear(struct yaml_tree *tree);

/* For those who put trees together: an empty node, and one more child. */
enum rb_err yaml_add_node(struct yaml_tree *tree, enum yaml_kind kind,
    const struct yaml *at, struct yaml **out) RB_CHECK;
enum rb_err yaml_add_child(struct yaml_tree *tree, struct yaml *parent,
    struct span key, const struct yaml *value) RB_CHECK;

/* The value of a key; NULL when there is none. */
const struct yaml *yaml_find(const struct yaml *map, const char *key);

/* Plain and empty, "~" or "null". */
bool yaml_is_nothing(const struct yaml *value);

/*
 * Readers of one value.  `what` is how a fault calls it.  A text is one line
 * of printable ASCII that is not empty; a plain one that YAML takes for a
 * number, a truth or nothing must be quoted to be a text.
 */
enum rb_err yaml_text(const struct yaml *value, const char *what,
    struct span *out, struct fault *why) RB_CHECK;
enum rb_err yaml_truth(const struct yaml *value, const char *what, bool *out,
    struct fault *why) RB_CHECK;
enum rb_err yaml_number(const struct yaml *value, const char *what,
    uint64_t min, uint64_t max, uint64_t *out, struct fault *why) RB_CHECK;
enum rb_err yaml_expect(const struct yaml *value, enum yaml_kind kind,
    const char *what, struct fault *why) RB_CHECK;

/* RB_EFORMAT, saying file and line first. */
enum rb_err yaml_refuse(const struct yaml *at, struct fault *why,
    const char *fmt, ...) RB_PRINTF(3, 4);

#endif
