/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/release_merge.h"

#include <stdlib.h>
#include <string.h>

#define INCLUDES_DEEP 8
/* Files read, each as often as it is included. */
#define LOADS_MAX 64

struct merge {
	const struct release_input *files;
	size_t n;
	struct yaml_tree *tree;
	bool under_way[RELEASE_FILES_MAX];
	size_t deep, loads;
	char *lacking;
	struct fault *why;
};

static bool
is_one_byte_of(uint8_t c, const char *set)
{
	return c != 0 && strchr(set, c) != NULL;
}

bool
release_name_is_valid(struct span name)
{
	size_t i;
	uint8_t c;

	if (name.len == 0 || name.len > RELEASE_NAME_MAX)
		return false;
	for (i = 0; i < name.len; i++) {
		c = name.p[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9'))
			continue;
		if (i == 0 || !is_one_byte_of(c, "._+-"))
			return false;
	}
	return true;
}

static struct yaml_child *
find_child(struct yaml *map, struct span key)
{
	struct yaml_child *child;

	for (child = map->first; child != NULL; child = child->next)
		if (span_equal(child->key, key))
			return child;
	return NULL;
}

static enum rb_err
too_large(const struct yaml *at, enum rb_err rc, struct fault *why)
{
	if (rc != RB_ELIMIT)
		return rc;
	return fault_set(why, RB_ELIMIT,
	    "%s, line %zu: with what it is merged with, this is too large",
	    at->file, at->line);
}

/* Replaces the value of a key, or adds the key. */
static enum rb_err
set_child(struct yaml_tree *tree, struct yaml *map, struct span key,
    const struct yaml *value)
{
	struct yaml_child *child = find_child(map, key);

	if (child == NULL)
		return yaml_add_child(tree, map, key, value);
	child->value = value;
	return RB_OK;
}

/* A node with the same children, that may get others. */
static enum rb_err
copy_shallow(struct yaml_tree *tree, const struct yaml *from, struct yaml **out)
{
	const struct yaml_child *child;
	struct yaml *copy = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = yaml_add_node(tree, from->kind, from, &copy)) != RB_OK)
		return rc;
	for (child = from->first; child != NULL; child = child->next)
		if ((rc = yaml_add_child(tree, copy, child->key,
			 child->value)) != RB_OK)
			return rc;
	*out = copy;
	return RB_OK;
}

/*
 * Both are maps.  Goes down as far as both sides have maps that are not
 * empty: no deeper than a file may nest.
 */
static enum rb_err
merge_maps(struct yaml_tree *tree, const struct yaml *below,
    const struct yaml *above, const struct yaml **out)
{
	const struct yaml *value;
	struct yaml_child *child, *old;
	struct yaml *copy = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = copy_shallow(tree, below, &copy)) != RB_OK)
		return rc;
	for (child = above->first; child != NULL; child = child->next) {
		value = child->value;
		old = find_child(copy, child->key);
		if (old != NULL && old->value->kind == YAML_MAP &&
		    value->kind == YAML_MAP && value->n != 0) {
			if ((rc = merge_maps(tree, old->value, value,
				 &value)) != RB_OK)
				return rc;
		}
		if ((rc = set_child(tree, copy, child->key, value)) != RB_OK)
			return rc;
	}
	*out = copy;
	return RB_OK;
}

/* "+key": the entries come behind those that are there. */
static enum rb_err
append(struct merge *m, struct yaml *into, struct span key,
    const struct yaml *value)
{
	struct yaml_child *old = find_child(into, key), *child;
	struct yaml *list = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = yaml_expect(value, YAML_LIST, (const char *)key.p, m->why)) !=
	    RB_OK)
		return rc;
	if (old == NULL)
		return yaml_add_child(m->tree, into, key, value);
	if ((rc = copy_shallow(m->tree, old->value, &list)) != RB_OK)
		return rc;
	for (child = value->first; child != NULL; child = child->next)
		if ((rc = yaml_add_child(m->tree, list, child->key,
			 child->value)) != RB_OK)
			return rc;
	old->value = list;
	return RB_OK;
}

static bool
adds_up(struct span key)
{
	static const char *const keys[] = { "+distributions", "+templates",
		"+components", "+stages", "+plugins" };
	size_t i;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (span_equal_str(key, keys[i]))
			return true;
	return false;
}

/* Lays one file's top-level map over what is there. */
static enum rb_err
lay_over(struct merge *m, struct yaml *into, const struct yaml *file)
{
	const struct yaml *value;
	struct yaml_child *child, *old;
	enum rb_err rc = RB_EINTERNAL;

	for (child = file->first; child != NULL; child = child->next) {
		value = child->value;
		if (span_equal_str(child->key, "include"))
			continue;
		if (adds_up(child->key)) {
			rc = append(m, into, child->key, value);
		} else {
			old = find_child(into, child->key);
			rc = RB_OK;
			if (old != NULL && old->value->kind == YAML_MAP &&
			    old->value->n != 0) {
				rc = yaml_expect(value, YAML_MAP,
				    (const char *)child->key.p, m->why);
				if (rc == RB_OK)
					rc = merge_maps(m->tree, old->value,
					    value, &value);
			}
			if (rc == RB_OK)
				rc = set_child(m->tree, into, child->key,
				    value);
		}
		if (rc != RB_OK)
			return too_large(value, rc, m->why);
	}
	return RB_OK;
}

static struct span
base_name(struct span path)
{
	size_t at = path.len;

	while (at > 0 && path.p[at - 1] != '/')
		at--;
	return span_of(path.p + at, path.len - at);
}

static enum rb_err
find_included(struct merge *m, const struct yaml *at, size_t *out)
{
	struct span path = SPAN_INIT, name;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = yaml_text(at, "a file that is included", &path, m->why)) !=
	    RB_OK)
		return rc;
	name = base_name(path);
	if (!release_name_is_valid(name))
		return yaml_refuse(at, m->why,
		    "include '%.100s': a file is looked up by its base name, "
		    "of letters, digits, dot, '_', '+' and '-'",
		    (const char *)path.p);
	for (i = 0; i < m->n; i++) {
		if (span_equal(m->files[i].name, name)) {
			*out = i;
			return RB_OK;
		}
	}
	memcpy(m->lacking, name.p, name.len);
	m->lacking[name.len] = '\0';
	return fault_set(m->why, RB_ENOTFOUND,
	    "%s, line %zu: included file '%s' is not there", at->file, at->line,
	    m->lacking);
}

static enum rb_err load(struct merge *m, size_t which, const struct yaml **out);

static enum rb_err
load_included(struct merge *m, const struct yaml *list, struct yaml *into)
{
	const struct yaml_child *child;
	const struct yaml *file = NULL;
	size_t which = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = yaml_expect(list, YAML_LIST, "include", m->why)) != RB_OK)
		return rc;
	for (child = list->first; child != NULL; child = child->next) {
		if ((rc = find_included(m, child->value, &which)) != RB_OK)
			return rc;
		if (m->under_way[which])
			return yaml_refuse(child->value, m->why,
			    "'%.*s' includes itself in the end",
			    (int)m->files[which].name.len,
			    (const char *)m->files[which].name.p);
		if (m->deep == INCLUDES_DEEP || m->loads == LOADS_MAX)
			return fault_set(m->why, RB_ELIMIT,
			    "%s, line %zu: files may be included %d deep and "
			    "%d times in all",
			    child->value->file, child->value->line,
			    INCLUDES_DEEP, LOADS_MAX);
		if ((rc = load(m, which, &file)) != RB_OK ||
		    (rc = lay_over(m, into, file)) != RB_OK)
			return rc;
	}
	return RB_OK;
}

/* One file over all that it includes; INCLUDES_DEEP bounds the recursion. */
static enum rb_err
load(struct merge *m, size_t which, const struct yaml **out)
{
	const struct yaml *file = NULL, *include;
	char name[RELEASE_NAME_MAX + 1];
	struct yaml *into = NULL;
	enum rb_err rc = RB_EINTERNAL;

	memcpy(name, m->files[which].name.p, m->files[which].name.len);
	name[m->files[which].name.len] = '\0';
	m->loads++;
	if ((rc = yaml_parse(m->files[which].bytes, name, m->tree, &file,
		 m->why)) != RB_OK ||
	    (rc = yaml_expect(file, YAML_MAP, "the file", m->why)) != RB_OK ||
	    (rc = yaml_add_node(m->tree, YAML_MAP, file, &into)) != RB_OK)
		return rc;
	m->under_way[which] = true;
	m->deep++;
	include = yaml_find(file, "include");
	if (include != NULL && (rc = load_included(m, include, into)) != RB_OK)
		return rc;
	m->under_way[which] = false;
	m->deep--;
	if ((rc = lay_over(m, into, file)) != RB_OK)
		return rc;
	*out = into;
	return RB_OK;
}

enum rb_err
release_merge(const struct release_input *files, size_t n,
    struct yaml_tree *tree, const struct yaml **out,
    char lacking[RELEASE_NAME_MAX + 1], struct fault *why)
{
	struct merge m = { .files = files,
		.n = n,
		.tree = tree,
		.lacking = lacking,
		.why = why };
	size_t i;

	if (n == 0 || n > RELEASE_FILES_MAX)
		return RB_ELIMIT;
	for (i = 0; i < n; i++)
		if (!release_name_is_valid(files[i].name))
			return RB_EFORMAT;
	return load(&m, 0, out);
}

/* "- name", or "- name:" with options below. */
static enum rb_err
entry_read(const struct yaml *item, const char *key, struct release_entry *out,
    struct fault *why)
{
	const struct yaml *options;
	enum rb_err rc = RB_EINTERNAL;

	out->at = item;
	out->options = NULL;
	if (item->kind == YAML_TEXT)
		return yaml_text(item, key, &out->name, why);
	if (item->kind != YAML_MAP || item->n != 1)
		return yaml_refuse(item, why,
		    "an entry of %s must be a name, or one name with its "
		    "options indented below it",
		    key);
	out->name = item->first->key;
	options = item->first->value;
	if (yaml_is_nothing(options))
		return RB_OK;
	if ((rc = yaml_expect(options, YAML_MAP, (const char *)out->name.p,
		 why)) != RB_OK)
		return rc;
	if (options->n != 0)
		out->options = options;
	return RB_OK;
}

static enum rb_err
entry_add(struct release_entries *e, const struct release_entry *entry,
    bool may_merge, const char *key, struct yaml_tree *tree, struct fault *why)
{
	struct release_entry *old;
	enum rb_err rc = RB_OK;
	size_t i;

	for (i = 0; i < e->n; i++) {
		old = &e->list[i];
		if (!span_equal(old->name, entry->name))
			continue;
		if (!may_merge)
			return yaml_refuse(entry->at, why,
			    "'%.100s' stands twice in %s; only '+%s' changes "
			    "an entry that is there",
			    (const char *)entry->name.p, key, key);
		if (entry->options == NULL)
			return RB_OK;
		if (old->options == NULL)
			old->options = entry->options;
		else
			rc = merge_maps(tree, old->options, entry->options,
			    &old->options);
		return too_large(entry->at, rc, why);
	}
	e->list[e->n++] = *entry;
	return RB_OK;
}

static enum rb_err
entries_add(struct release_entries *e, const struct yaml *list, bool may_merge,
    const char *key, struct yaml_tree *tree, struct fault *why)
{
	struct release_entry entry = { SPAN_INIT, NULL, NULL };
	const struct yaml_child *child;
	enum rb_err rc = RB_EINTERNAL;

	if (list == NULL)
		return RB_OK;
	if ((rc = yaml_expect(list, YAML_LIST, key, why)) != RB_OK)
		return rc;
	for (child = list->first; child != NULL; child = child->next)
		if ((rc = entry_read(child->value, key, &entry, why)) !=
			RB_OK ||
		    (rc = entry_add(e, &entry, may_merge, key, tree, why)) !=
			RB_OK)
			return rc;
	return RB_OK;
}

enum rb_err
release_entries_read(const struct yaml *top, const char *key,
    struct yaml_tree *tree, struct release_entries *out, struct fault *why)
{
	struct release_entries e = RELEASE_ENTRIES_INIT;
	const struct yaml *list = yaml_find(top, key), *more;
	char plus[64] = "+";
	enum rb_err rc = RB_EINTERNAL;

	if (strlen(key) >= sizeof(plus) - 1)
		return RB_EINTERNAL;
	memcpy(plus + 1, key, strlen(key) + 1);
	more = yaml_find(top, plus);
	e.list = calloc(1 + (list == NULL ? 0 : list->n) +
		(more == NULL ? 0 : more->n),
	    sizeof(*e.list));
	if (e.list == NULL)
		return RB_ENOMEM;
	if ((rc = entries_add(&e, list, more != NULL, key, tree, why)) !=
		RB_OK ||
	    (rc = entries_add(&e, more, true, key, tree, why)) != RB_OK)
		goto out;
	*out = e;
	e = (struct release_entries)RELEASE_ENTRIES_INIT; /* now theirs */
	rc = RB_OK;
out:
	release_entries_clear(&e);
	return rc;
}

void
release_entries_clear(struct release_entries *e)
{
	free(e->list);
	*e = (struct release_entries)RELEASE_ENTRIES_INIT;
}
