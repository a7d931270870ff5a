/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/release_file.h"

#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/release_component.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const our_keys[] = { "git", "distributions", "components",
	"templates", "qubes-release", "min-distinct-maintainers",
	"fetch-versions-only", "timeout", "insecure-skip-checking",
	"less-secure-signed-commits-sufficient", "+distributions",
	"+components", "+templates" };

/* What does not concern a rebuilder: how Qubes runs its own builders. */
static const char *const other_keys[] = { "executor", "stages", "+stages",
	"plugins", "+plugins", "plugins-dirs", "sign-key", "gpg-client",
	"repository-publish", "repository-upload-remote-host",
	"automatic-upload-on-publish", "min-age-days", "github", "iso", "cache",
	"mirrors", "use-qubes-repo", "backend-vmm", "debug", "verbose",
	"artifacts-dir", "key-dirs", "force-fetch", "skip-git-fetch",
	"skip-files-fetch", "reuse-fetched-source", "git-run-inplace",
	"self-upgrade", "increment-devel-versions", "template-root-size",
	"template-root-with-partitions" };

static bool
is_one_of(struct span s, const char *const *words, size_t n)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (span_equal_str(s, words[i]))
			return true;
	return false;
}

static bool
holds(struct span s, const char *word)
{
	return memmem(s.p, s.len, word, strlen(word)) != NULL;
}

/*
 * A misspelt key must not pass for one that does not concern us: what sounds
 * of checking is never ignored.
 */
static bool
sounds_of_checking(struct span key)
{
	static const char *const words[] = { "check", "verif", "maintainer",
		"distinct", "secure", "sign", "trust", "commit", "tag",
		"version", "fetch", "fingerprint", "key", "threshold", "git",
		"component", "include" };
	size_t i;

	for (i = 0; i < COUNT(words); i++)
		if (holds(key, words[i]))
			return true;
	return key.p[0] == '+';
}

static enum rb_err
note_ignored(struct release_file *r, const struct yaml_child *child,
    const char *what)
{
	char shown[RELEASE_NAME_MAX + 1];

	text_show((const char *)child->key.p, shown, sizeof(shown));
	return buf_printf(&r->notes, "%s, line %zu: '%s' %s\n",
	    child->value->file, child->value->line, shown, what);
}

static enum rb_err
keys_check(struct release_file *r, const struct yaml *top, struct fault *why)
{
	const struct yaml_child *child;
	enum rb_err rc = RB_EINTERNAL;

	for (child = top->first; child != NULL; child = child->next) {
		if (is_one_of(child->key, our_keys, COUNT(our_keys)))
			continue;
		if (is_one_of(child->key, other_keys, COUNT(other_keys))) {
			rc = note_ignored(r, child,
			    "does not concern a rebuilder");
		} else if (sounds_of_checking(child->key)) {
			rc = yaml_refuse(child->value, why,
			    "unknown key '%.100s': it may be about checking, "
			    "so it is not ignored",
			    (const char *)child->key.p);
		} else {
			rc = note_ignored(r, child, "is not known; ignored");
		}
		if (rc != RB_OK)
			return rc;
	}
	return RB_OK;
}

static enum rb_err
components_read(const struct yaml *top, struct release_file *r,
    const struct release_defaults *d, struct fault *why)
{
	struct release_entries e = RELEASE_ENTRIES_INIT;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = release_entries_read(top, "components", &r->tree, &e, why)) !=
	    RB_OK)
		goto out;
	if (e.n > RELEASE_COMPONENTS_MAX) {
		rc = yaml_refuse(e.list[RELEASE_COMPONENTS_MAX].at, why,
		    "more than %d components", RELEASE_COMPONENTS_MAX);
		goto out;
	}
	r->components = calloc(e.n + 1, sizeof(*r->components));
	if (r->components == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (i = 0; i < e.n; i++)
		if ((rc = release_component_read(&e.list[i], d,
			 &r->components[i], why)) != RB_OK)
			goto out;
	r->ncomponents = e.n;
	rc = RB_OK;
out:
	release_entries_clear(&e);
	return rc;
}

static enum rb_err
names_read(const struct yaml *top, const char *key, size_t max,
    bool (*is_valid)(struct span), struct yaml_tree *tree,
    struct release_entries *out, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = release_entries_read(top, key, tree, out, why)) != RB_OK)
		return rc;
	for (i = 0; i < out->n; i++) {
		if (i == max)
			return yaml_refuse(out->list[i].at, why,
			    "more than %zu %s", max, key);
		if (!is_valid(out->list[i].name))
			return yaml_refuse(out->list[i].at, why,
			    "%s: '%.100s' is no name for one%s", key,
			    (const char *)out->list[i].name.p,
			    is_valid == release_distribution_is_valid ?
				": write vm-NAME or host-NAME" :
				"");
	}
	return RB_OK;
}

static enum rb_err
release_name_read(const struct yaml *top, struct span *out, struct fault *why)
{
	const struct yaml *value = yaml_find(top, "qubes-release");
	enum rb_err rc = RB_EINTERNAL;

	if (value == NULL)
		return fault_set(why, RB_EFORMAT,
		    "%s: no file says which 'qubes-release' it is about",
		    top->file);
	if ((rc = yaml_text(value, "qubes-release", out, why)) != RB_OK)
		return rc;
	if (!release_name_is_valid(*out))
		return yaml_refuse(value, why,
		    "qubes-release '%.100s' is no name of a release",
		    (const char *)out->p);
	return RB_OK;
}

enum rb_err
release_file_read(const struct release_input *files, size_t n,
    struct release_file *out, char lacking[RELEASE_NAME_MAX + 1],
    struct fault *why)
{
	struct release_file r = RELEASE_FILE_INIT;
	struct release_defaults d;
	const struct yaml *top = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = release_merge(files, n, &r.tree, &top, lacking, why)) !=
		RB_OK ||
	    (rc = keys_check(&r, top, why)) != RB_OK ||
	    (rc = release_name_read(top, &r.name, why)) != RB_OK ||
	    (rc = release_defaults_read(top, &d, why)) != RB_OK ||
	    (rc = names_read(top, "distributions", RELEASE_DISTRIBUTIONS_MAX,
		 release_distribution_is_valid, &r.tree, &r.distributions,
		 why)) != RB_OK ||
	    (rc = names_read(top, "templates", RELEASE_TEMPLATES_MAX,
		 release_name_is_valid, &r.tree, &r.templates, why)) != RB_OK ||
	    (rc = components_read(top, &r, &d, why)) != RB_OK)
		goto out;

	*out = r;
	r = (struct release_file)RELEASE_FILE_INIT; /* now the caller's */
	rc = RB_OK;
out:
	release_file_clear(&r);
	return rc;
}

void
release_file_clear(struct release_file *r)
{
	release_entries_clear(&r->distributions);
	release_entries_clear(&r->templates);
	free(r->components);
	buf_clear(&r->notes);
	yaml_tree_clear(&r->tree);
	*r = (struct release_file)RELEASE_FILE_INIT;
}
