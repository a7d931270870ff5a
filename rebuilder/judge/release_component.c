/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/release_component.h"

#include <stdio.h>
#include <string.h>

/* What qubes-builderv2 takes where a file says nothing. */
#define DEFAULT_BASEURL "https://github.com"
#define DEFAULT_PREFIX "QubesOS/qubes-"
#define DEFAULT_SUFFIX ".git"
#define DEFAULT_BRANCH "main"
#define DEFAULT_TIMEOUT 3600

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const char *const mode_names[] = { "signed-tag",
	"less-secure-signed-commits-sufficient", "insecure-skip-checking" };

static const char *const git_keys[] = { "baseurl", "prefix", "suffix", "branch",
	"maintainers" };

static const char *const component_keys[] = { "url", "branch", "maintainers",
	"prefix", "suffix", "timeout", "fetch-versions-only", "packages",
	"plugin", "verification-mode", "min-distinct-maintainers",
	/* and these say only how Qubes builds: */
	"content-dir", "stages", "host", "vm" };

static bool
is_one_byte_of(uint8_t c, const char *set)
{
	return c != 0 && strchr(set, c) != NULL;
}

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

bool
release_distribution_is_valid(struct span s)
{
	size_t i;

	if (!span_starts(s, SPAN("vm-")) && !span_starts(s, SPAN("host-")))
		return false;
	for (i = 0; i < s.len; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') && s.p[i] != '-' &&
		    s.p[i] != '.' && s.p[i] != '_')
			return false;
	return s.p[s.len - 1] != '-' && s.len <= RELEASE_NAME_MAX;
}

/* Only characters that mean nothing to URLs, shells or YAML. */
static bool
is_url_text(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') &&
		    !(s.p[i] >= 'A' && s.p[i] <= 'Z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !is_one_byte_of(s.p[i], "-._~:/+[]%"))
			return false;
	return true;
}

/* As git-check-ref-format(1) allows, and less. */
static bool
is_branch(struct span s)
{
	size_t i;

	if (s.len == 0 || s.len > RELEASE_NAME_MAX || holds(s, "..") ||
	    holds(s, "//") || holds(s, "/.") || holds(s, ".lock") ||
	    is_one_byte_of(s.p[0], "-/.") ||
	    is_one_byte_of(s.p[s.len - 1], "/."))
		return false;
	for (i = 0; i < s.len; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') &&
		    !(s.p[i] >= 'A' && s.p[i] <= 'Z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !is_one_byte_of(s.p[i], "-._/+"))
			return false;
	return true;
}

/* Of an optional key: `out` keeps its default without one. */
static enum rb_err
truth_read(const struct yaml *map, const char *key, bool *out,
    struct fault *why)
{
	const struct yaml *value = yaml_find(map, key);

	return value == NULL ? RB_OK : yaml_truth(value, key, out, why);
}

static enum rb_err
number_read(const struct yaml *map, const char *key, uint64_t max,
    uint64_t *out, struct fault *why)
{
	const struct yaml *value = yaml_find(map, key);

	return value == NULL ? RB_OK :
			       yaml_number(value, key, 1, max, out, why);
}

static enum rb_err
url_part_read(const struct yaml *map, const char *key, struct span *out,
    struct fault *why)
{
	const struct yaml *value = yaml_find(map, key);
	enum rb_err rc = RB_EINTERNAL;

	if (value == NULL)
		return RB_OK;
	/* A prefix or suffix may well be empty. */
	if (value->kind == YAML_TEXT && !value->is_plain &&
	    value->text.len == 0) {
		*out = value->text;
		return RB_OK;
	}
	if ((rc = yaml_text(value, key, out, why)) != RB_OK)
		return rc;
	if (!is_url_text(*out))
		return yaml_refuse(value, why,
		    "%s '%.100s' holds what no URL here may hold", key,
		    (const char *)out->p);
	return RB_OK;
}

static enum rb_err
branch_read(const struct yaml *map, struct span *out, struct fault *why)
{
	const struct yaml *value = yaml_find(map, "branch");
	enum rb_err rc = RB_EINTERNAL;

	if (value == NULL)
		return RB_OK;
	if ((rc = yaml_text(value, "branch", out, why)) != RB_OK)
		return rc;
	if (!is_branch(*out))
		return yaml_refuse(value, why,
		    "branch '%.100s' is not a name that a branch may have",
		    (const char *)out->p);
	return RB_OK;
}

static enum rb_err
git_read(const struct yaml *top, struct release_defaults *d, struct fault *why)
{
	const struct yaml *git = yaml_find(top, "git");
	const struct yaml_child *child;
	enum rb_err rc = RB_EINTERNAL;

	if (git == NULL)
		return RB_OK;
	if ((rc = yaml_expect(git, YAML_MAP, "git", why)) != RB_OK)
		return rc;
	for (child = git->first; child != NULL; child = child->next)
		if (!is_one_of(child->key, git_keys, COUNT(git_keys)))
			return yaml_refuse(child->value, why,
			    "git: unknown key '%.100s'; known: baseurl "
			    "prefix suffix branch maintainers",
			    (const char *)child->key.p);
	d->maintainers = yaml_find(git, "maintainers");
	if ((rc = url_part_read(git, "baseurl", &d->baseurl, why)) != RB_OK ||
	    (rc = url_part_read(git, "prefix", &d->prefix, why)) != RB_OK ||
	    (rc = url_part_read(git, "suffix", &d->suffix, why)) != RB_OK)
		return rc;
	return branch_read(git, &d->branch, why);
}

/* A list of component names; the file's names may be of no component. */
static enum rb_err
name_list_read(const struct yaml *top, const char *key, const struct yaml **out,
    struct fault *why)
{
	const struct yaml *list = yaml_find(top, key);
	const struct yaml_child *child;
	struct span name = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if (list == NULL)
		return RB_OK;
	if ((rc = yaml_expect(list, YAML_LIST, key, why)) != RB_OK)
		return rc;
	for (child = list->first; child != NULL; child = child->next)
		if ((rc = yaml_text(child->value, key, &name, why)) != RB_OK)
			return rc;
	*out = list;
	return RB_OK;
}

enum rb_err
release_defaults_read(const struct yaml *top, struct release_defaults *d,
    struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	*d = (struct release_defaults){ .baseurl = SPAN(DEFAULT_BASEURL),
		.prefix = SPAN(DEFAULT_PREFIX),
		.suffix = SPAN(DEFAULT_SUFFIX),
		.branch = SPAN(DEFAULT_BRANCH),
		.timeout = DEFAULT_TIMEOUT,
		.min_distinct = 1 };
	if ((rc = git_read(top, d, why)) != RB_OK ||
	    (rc = number_read(top, "timeout", RELEASE_TIMEOUT_MAX, &d->timeout,
		 why)) != RB_OK ||
	    (rc = number_read(top, "min-distinct-maintainers",
		 RELEASE_MAINTAINERS_MAX, &d->min_distinct, why)) != RB_OK ||
	    (rc = truth_read(top, "fetch-versions-only", &d->versions_only,
		 why)) != RB_OK ||
	    (rc = name_list_read(top, "insecure-skip-checking", &d->insecure,
		 why)) != RB_OK)
		return rc;
	return name_list_read(top, "less-secure-signed-commits-sufficient",
	    &d->commits, why);
}

static bool
lists_name(const struct yaml *list, struct span name)
{
	const struct yaml_child *child;

	if (list == NULL)
		return false;
	for (child = list->first; child != NULL; child = child->next)
		if (span_equal(child->value->text, name))
			return true;
	return false;
}

static bool
is_fingerprint(struct span s)
{
	size_t i;

	if (s.len != FINGERPRINT_LEN)
		return false;
	for (i = 0; i < s.len; i++)
		if (!(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !(s.p[i] >= 'A' && s.p[i] <= 'F'))
			return false;
	return true;
}

static enum rb_err
maintainers_read(const struct yaml *list, struct release_component *c,
    struct fault *why)
{
	const struct yaml_child *child;
	struct span key = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if (list == NULL)
		return RB_OK;
	if ((rc = yaml_expect(list, YAML_LIST, "maintainers", why)) != RB_OK)
		return rc;
	for (child = list->first; child != NULL; child = child->next) {
		if ((rc = yaml_text(child->value, "a maintainer", &key, why)) !=
		    RB_OK)
			return rc;
		if (!is_fingerprint(key))
			return yaml_refuse(child->value, why,
			    "maintainer '%.100s' is not a fingerprint of 40 "
			    "digits 0-9 A-F",
			    (const char *)key.p);
		for (i = 0; i < c->nmaintainers; i++)
			if (span_equal(c->maintainers[i], key))
				return yaml_refuse(child->value, why,
				    "maintainer '%.40s' is named twice",
				    (const char *)key.p);
		if (c->nmaintainers == RELEASE_MAINTAINERS_MAX)
			return yaml_refuse(child->value, why,
			    "more than %d maintainers",
			    RELEASE_MAINTAINERS_MAX);
		c->maintainers[c->nmaintainers++] = key;
	}
	return RB_OK;
}

static enum rb_err
mode_read(const struct yaml *options, const struct release_defaults *d,
    struct release_component *c, struct fault *why)
{
	const struct yaml *value = yaml_find(options, "verification-mode");
	struct span text = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	c->mode = MODE_TAG;
	if (lists_name(d->insecure, c->name))
		c->mode = MODE_NOTHING;
	if (lists_name(d->commits, c->name))
		c->mode = MODE_TAG_OR_COMMIT;
	if (value == NULL)
		return RB_OK;
	if ((rc = yaml_text(value, "verification-mode", &text, why)) != RB_OK)
		return rc;
	for (i = 0; i < COUNT(mode_names); i++) {
		if (span_equal_str(text, mode_names[i])) {
			c->mode = (enum release_mode)i;
			return RB_OK;
		}
	}
	return yaml_refuse(value, why,
	    "verification-mode '%.64s' is none; known: %s, %s, %s",
	    (const char *)text.p, mode_names[0], mode_names[1], mode_names[2]);
}

static enum rb_err
url_read(const struct yaml *options, const struct release_defaults *d,
    struct release_component *c, const struct yaml *at, struct fault *why)
{
	struct span prefix = d->prefix, suffix = d->suffix;
	struct span url = SPAN_INIT;
	enum rb_err rc = RB_EINTERNAL;
	int len;

	if ((rc = url_part_read(options, "prefix", &prefix, why)) != RB_OK ||
	    (rc = url_part_read(options, "suffix", &suffix, why)) != RB_OK ||
	    (rc = url_part_read(options, "url", &url, why)) != RB_OK)
		return rc;
	if (url.len != 0)
		len = snprintf(c->url, sizeof(c->url), "%.*s", (int)url.len,
		    (const char *)url.p);
	else
		len = snprintf(c->url, sizeof(c->url), "%.*s/%.*s%.*s%.*s",
		    (int)d->baseurl.len, (const char *)d->baseurl.p,
		    (int)prefix.len, (const char *)prefix.p, (int)c->name.len,
		    (const char *)c->name.p, (int)suffix.len,
		    (const char *)suffix.p);
	if (len < 0 || (size_t)len >= sizeof(c->url))
		return yaml_refuse(at, why, "%.100s: its url is longer than %d",
		    (const char *)c->name.p, RELEASE_URL_MAX);
	if (!span_starts(span_of_str(c->url), SPAN("https://")) &&
	    !span_starts(span_of_str(c->url), SPAN("http://")))
		return yaml_refuse(at, why,
		    "%.100s: url '%.200s' is neither https:// nor http://",
		    (const char *)c->name.p, c->url);
	return RB_OK;
}

static enum rb_err
options_check(const struct yaml *options, struct span name, struct fault *why)
{
	const struct yaml_child *child;

	for (child = options->first; child != NULL; child = child->next)
		if (!is_one_of(child->key, component_keys,
			COUNT(component_keys)) &&
		    !release_distribution_is_valid(child->key))
			return yaml_refuse(child->value, why,
			    "%.100s: unknown key '%.100s': it may be about "
			    "checking, so it is not ignored",
			    (const char *)name.p, (const char *)child->key.p);
	return RB_OK;
}

enum rb_err
release_component_read(const struct release_entry *e,
    const struct release_defaults *d, struct release_component *c,
    struct fault *why)
{
	static const struct yaml no_options = { .kind = YAML_MAP, .file = "" };
	const struct yaml *options = e->options == NULL ? &no_options :
							  e->options;
	const struct yaml *own;
	bool is_plugin = false;
	enum rb_err rc = RB_EINTERNAL;

	memset(c, 0, sizeof(*c));
	c->name = e->name;
	c->branch = d->branch;
	c->timeout = d->timeout;
	c->min_distinct = d->min_distinct;
	c->versions_only = d->versions_only;
	c->packages = true;
	if (!release_name_is_valid(e->name))
		return yaml_refuse(e->at, why,
		    "component '%.100s': a name has letters, digits, dot, "
		    "'_', '+' and '-', %d at most",
		    (const char *)e->name.p, RELEASE_NAME_MAX);
	own = yaml_find(options, "maintainers");
	if ((rc = options_check(options, e->name, why)) != RB_OK ||
	    (rc = maintainers_read(own != NULL ? own : d->maintainers, c,
		 why)) != RB_OK ||
	    (rc = mode_read(options, d, c, why)) != RB_OK ||
	    (rc = url_read(options, d, c, e->at, why)) != RB_OK ||
	    (rc = branch_read(options, &c->branch, why)) != RB_OK ||
	    (rc = number_read(options, "timeout", RELEASE_TIMEOUT_MAX,
		 &c->timeout, why)) != RB_OK ||
	    (rc = number_read(options, "min-distinct-maintainers",
		 RELEASE_MAINTAINERS_MAX, &c->min_distinct, why)) != RB_OK ||
	    (rc = truth_read(options, "fetch-versions-only", &c->versions_only,
		 why)) != RB_OK ||
	    (rc = truth_read(options, "packages", &c->packages, why)) !=
		RB_OK ||
	    (rc = truth_read(options, "plugin", &is_plugin, why)) != RB_OK)
		return rc;
	/* A plugin of the builder has sources and no packages. */
	if (is_plugin)
		c->packages = false;
	if (c->mode != MODE_NOTHING && c->min_distinct > c->nmaintainers)
		return yaml_refuse(e->at, why,
		    "%.100s: %llu maintainers must sign and %zu may: no tag "
		    "could ever be accepted",
		    (const char *)c->name.p,
		    (unsigned long long)c->min_distinct, c->nmaintainers);
	return RB_OK;
}
