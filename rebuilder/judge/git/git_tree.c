/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/git_tree.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

static const struct {
	const char *text; /* as trees spell it */
	enum git_mode mode;
} modes[] = {
	{ "100644", GIT_MODE_FILE },
	{ "100755", GIT_MODE_PROGRAM },
	{ "120000", GIT_MODE_SYMLINK },
	{ "40000", GIT_MODE_DIRECTORY },
	{ "160000", GIT_MODE_SUBMODULE },
};

static enum rb_err
mode_parse(struct span text, enum git_mode *out)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++) {
		if (span_equal_str(text, modes[i].text)) {
			*out = modes[i].mode;
			return RB_OK;
		}
	}
	return RB_EFORMAT;
}

static bool
name_is_valid(struct span name)
{
	if (name.len == 0 || name.len > GIT_NAME_MAX ||
	    memchr(name.p, '/', name.len) != NULL)
		return false;
	if (span_equal_str(name, ".") || span_equal_str(name, ".."))
		return false;
	return !(
	    name.len == 4 && strncasecmp((const char *)name.p, ".git", 4) == 0);
}

enum rb_err
git_tree_take(struct span *tree, struct git_tree_entry *out)
{
	struct git_tree_entry e;
	struct span rest = *tree, mode, id;
	const uint8_t *zero;
	enum rb_err rc;

	if (rest.len == 0)
		return RB_ENOTFOUND;
	if ((rc = span_take_until(&rest, ' ', &mode)) != RB_OK ||
	    (rc = mode_parse(mode, &e.mode)) != RB_OK)
		return rc;
	if (rest.len == 0 || (zero = memchr(rest.p, '\0', rest.len)) == NULL)
		return RB_EFORMAT;
	if ((rc = span_take(&rest, (size_t)(zero - rest.p), &e.name)) !=
		RB_OK ||
	    (rc = span_take(&rest, 1, &id)) != RB_OK ||
	    (rc = span_take(&rest, GIT_ID_LEN, &id)) != RB_OK)
		return rc;
	memcpy(e.id.b, id.p, GIT_ID_LEN);
	if (!name_is_valid(e.name) || git_id_is_null(&e.id))
		return RB_EFORMAT;
	*out = e;
	*tree = rest;
	return RB_OK;
}

/* The byte behind a name as git sorts it. */
static int
byte_at(const struct git_tree_entry *e, size_t i)
{
	if (i < e->name.len)
		return e->name.p[i];
	return e->mode == GIT_MODE_DIRECTORY ? '/' : 0;
}

/* git's tree.c, base_name_compare: directories as if they ended in "/". */
static int
compare(const struct git_tree_entry *a, const struct git_tree_entry *b)
{
	size_t len = a->name.len < b->name.len ? a->name.len : b->name.len;
	int r = memcmp(a->name.p, b->name.p, len);

	return r != 0 ? r : byte_at(a, len) - byte_at(b, len);
}

static int
by_name(const void *a, const void *b)
{
	return span_compare(*(const struct span *)a, *(const struct span *)b);
}

/* "a" as a file and "a" as a directory need not be neighbours. */
static bool
has_twins(struct span *names, size_t n)
{
	size_t i;

	qsort(names, n, sizeof(*names), by_name);
	for (i = 1; i < n; i++) {
		if (span_equal(names[i - 1], names[i]))
			return true;
	}
	return false;
}

static enum rb_err
check(struct span tree, struct span *names, struct fault *why)
{
	struct git_tree_entry e, last = { .name = SPAN_INIT };
	enum rb_err rc;
	size_t n = 0;

	while ((rc = git_tree_take(&tree, &e)) == RB_OK) {
		if (n == GIT_TREE_ENTRIES_MAX)
			return fault_set(why, RB_ELIMIT,
			    "a directory has more than %d entries",
			    GIT_TREE_ENTRIES_MAX);
		if (n > 0 && compare(&last, &e) >= 0)
			return fault_set(why, RB_EFORMAT,
			    "a tree is not in git's order at '%.*s'",
			    (int)e.name.len, (const char *)e.name.p);
		names[n++] = e.name;
		last = e;
	}
	if (rc != RB_ENOTFOUND)
		return fault_set(why, RB_EFORMAT,
		    "a tree has an entry with a mode or name that git does "
		    "not write");
	if (has_twins(names, n))
		return fault_set(why, RB_EFORMAT, "a tree has a name twice");
	return RB_OK;
}

enum rb_err
git_tree_check(struct span tree, struct fault *why)
{
	/* "40000 a", zero and id: no entry is shorter. */
	size_t most = tree.len / (7 + 1 + GIT_ID_LEN);
	struct span *names;
	enum rb_err rc;

	names = calloc(most + 1, sizeof(*names));
	if (names == NULL)
		return RB_ENOMEM;
	rc = check(tree, names, why);
	free(names);
	return rc;
}

enum rb_err
git_tree_find(struct span tree, const char *name, struct git_tree_entry *out)
{
	struct git_tree_entry e;
	enum rb_err rc;

	while ((rc = git_tree_take(&tree, &e)) == RB_OK) {
		if (span_equal_str(e.name, name)) {
			*out = e;
			return RB_OK;
		}
	}
	return rc;
}
