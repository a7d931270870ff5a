/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/settings.h"

#include <stdlib.h>
#include <string.h>

#define GIB (1024ull * 1024 * 1024)
/* With base and built, no more than one question to the judge can carry. */
#define ARCHIVE_OLD_MAX 8
#define PUBLISHED_SUFFIXES_MAX 8

#define FIELD(name) offsetof(struct settings, name)

static const struct conf_key archive_keys[] = {
	{ "name", CONF_TEXT, FIELD(archive.name), true, 0, 0 },
	{ "uri", CONF_TEXT, FIELD(archive.uri), true, 0, 0 },
	{ "suite", CONF_TEXT, FIELD(archive.suite), true, 0, 0 },
	{ "component", CONF_TEXT, FIELD(archive.component), true, 0, 0 },
	{ "architecture", CONF_TEXT, FIELD(archive.architecture), true, 0, 0 },
	{ "keyring", CONF_TEXT, FIELD(archive.keyring), true, 0, 0 },
	{ "buildinfo-keyring", CONF_TEXT, FIELD(archive.buildinfo_keyring),
	    false, 0, 0 },
	{ "mirrors", CONF_LIST, FIELD(archive.mirrors), false, 0, 0 },
	{ "old", CONF_LIST, FIELD(archive.old), false, 0, 0 },
};

static const struct conf_key published_keys[] = {
	{ "name", CONF_TEXT, FIELD(published.name), false, 0, 0 },
	{ "uri", CONF_TEXT, FIELD(published.uri), false, 0, 0 },
	{ "component", CONF_TEXT, FIELD(published.component), false, 0, 0 },
	{ "keyring", CONF_TEXT, FIELD(published.keyring), false, 0, 0 },
	{ "buildinfo-keyring", CONF_TEXT, FIELD(published.buildinfo_keyring),
	    false, 0, 0 },
	{ "suffixes", CONF_LIST, FIELD(published.suffixes), false, 0, 0 },
};

static const struct conf_key fetch_keys[] = {
	{ "proxy", CONF_TEXT, FIELD(fetch.proxy), false, 0, 0 },
};

static const struct conf_key rebuilder_keys[] = {
	{ "jobs", CONF_NUMBER, FIELD(rebuilder.jobs), false, 1, 64 },
	{ "refresh", CONF_SECONDS, FIELD(rebuilder.refresh), false, 0, 86400 },
	{ "memory", CONF_SIZE, FIELD(rebuilder.memory), false, 0, 0 },
	{ "cpus", CONF_NUMBER, FIELD(rebuilder.cpus), false, 0, 65536 },
	{ "retries", CONF_NUMBER, FIELD(rebuilder.retries), false, 0, 20 },
	{ "retry", CONF_SECONDS, FIELD(rebuilder.retry), false, 1, 86400 },
	{ "timeout", CONF_SECONDS, FIELD(rebuilder.timeout), false, 1,
	    365 * 86400 },
};

static const struct conf_key store_keys[] = {
	{ "keep", CONF_SECONDS, FIELD(store.keep), false, 0, 0 },
	{ "size", CONF_SIZE, FIELD(store.size), false, 0, 0 },
	{ "reserve", CONF_SIZE, FIELD(store.reserve), false, 0, 0 },
};

static const struct conf_key release_keys[] = {
	{ "file", CONF_TEXT, FIELD(release.file), false, 0, 0 },
	{ "directory", CONF_TEXT, FIELD(release.directory), false, 0, 0 },
	{ "keys", CONF_TEXT, FIELD(release.keys), false, 0, 0 },
	{ "sources", CONF_LIST, FIELD(release.sources), false, 0, 0 },
	{ "overrides", CONF_LIST, FIELD(release.overrides), false, 0, 0 },
	{ "poll", CONF_SECONDS, FIELD(release.poll), false, 60, 86400 },
};

void
settings_init(struct settings *s)
{
	memset(s, 0, sizeof(*s));
	machine_settings_init(&s->machine);
	s->rebuilder.jobs = 1;
	s->rebuilder.refresh = 600;
	s->release.poll = 900;
	s->rebuilder.retries = 3;
	s->rebuilder.retry = 600;
	s->store.keep = 30 * 86400;
	s->store.reserve = GIB;
}

uint64_t
job_seconds(const struct settings *s)
{
	if (s->rebuilder.timeout != 0)
		return s->rebuilder.timeout;
	/* Four machines at most, and six hours to fetch and compare. */
	return 4 * s->machine.seconds + 6 * 3600;
}

void
settings_clear(struct settings *s)
{
	free(s->archive.name);
	free(s->archive.uri);
	free(s->archive.suite);
	free(s->archive.component);
	free(s->archive.architecture);
	free(s->archive.keyring);
	free(s->archive.buildinfo_keyring);
	conf_list_clear(&s->archive.mirrors);
	conf_list_clear(&s->archive.old);
	free(s->published.name);
	free(s->published.uri);
	free(s->published.component);
	free(s->published.keyring);
	free(s->published.buildinfo_keyring);
	conf_list_clear(&s->published.suffixes);
	free(s->fetch.proxy);
	machine_settings_clear(&s->machine);
	free(s->release.file);
	free(s->release.directory);
	free(s->release.keys);
	conf_list_clear(&s->release.sources);
	conf_list_clear(&s->release.overrides);
	memset(s, 0, sizeof(*s));
}

/* As rebuilder-net takes it: the proxy resolves names, never we. */
static bool
is_proxy(const char *s)
{
	static const char scheme[] = "socks5h://";
	const char *rest = s + sizeof(scheme) - 1;

	return strncmp(s, scheme, sizeof(scheme) - 1) == 0 && *rest != '\0' &&
	    strpbrk(rest, "@/?# ") == NULL;
}

/* Debian Policy 5.6.1. */
static bool
is_source(const char *s)
{
	const size_t len = strlen(s);

	return len >= 2 && len < 200 &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789+-.") == len &&
	    strchr("+-.", s[0]) == NULL;
}

const char *
settings_source(const char *item)
{
	const char *slash = strchr(item, '/');

	return slash == NULL ? item : slash + 1;
}

static struct span
component_of(const char *item)
{
	return span_of(item, strcspn(item, "/"));
}

struct span
settings_owner(const struct settings *s, const char *source)
{
	const struct conf_list *const lists[] = { &s->release.sources,
		&s->release.overrides };
	const char *item;
	size_t i, k;

	for (i = 0; i < sizeof(lists) / sizeof(lists[0]); i++)
		for (k = 0; k < lists[i]->n; k++) {
			item = lists[i]->items[k];
			if (strcmp(settings_source(item), source) == 0)
				return component_of(item);
		}
	return (struct span)SPAN_INIT;
}

static enum rb_err
check_owners(const struct settings *s, const struct conf_list *list,
    const char *key, const char *path, struct fault *why)
{
	const char *item, *source;
	size_t i;

	for (i = 0; i < list->n; i++) {
		item = list->items[i];
		source = settings_source(item);
		if (!is_source(source) || item[0] == '/')
			return fault_set(why, RB_EFORMAT,
			    "%s: %s: \"%s\" is neither COMPONENT/SOURCE nor "
			    "the name of a source package",
			    path, key, item);
		if (!span_equal(settings_owner(s, source), component_of(item)))
			return fault_set(why, RB_EFORMAT,
			    "%s: %s: \"%s\" gives source package %s to "
			    "another component than before",
			    path, key, item, source);
	}
	return RB_OK;
}

static enum rb_err
check_release(const struct settings *s, const char *path, struct fault *why)
{
	const struct {
		const char *key, *value;
	} paths[] = {
		{ "file", s->release.file },
		{ "directory", s->release.directory },
		{ "keys", s->release.keys },
	};
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++)
		if (paths[i].value != NULL && paths[i].value[0] != '/')
			return fault_set(why, RB_EFORMAT,
			    "%s: release.%s: \"%s\" must be an absolute path",
			    path, paths[i].key, paths[i].value);
	if (s->release.file == NULL &&
	    (s->release.directory != NULL || s->release.keys != NULL))
		return fault_set(why, RB_EFORMAT,
		    "%s: release.file is missing: without it nothing is "
		    "watched",
		    path);
	if (s->release.file != NULL && s->release.keys == NULL)
		return fault_set(why, RB_EFORMAT,
		    "%s: release.keys is missing: without keys no tag can be "
		    "checked",
		    path);
	if ((rc = check_owners(s, &s->release.sources, "release.sources", path,
		 why)) != RB_OK)
		return rc;
	return check_owners(s, &s->release.overrides, "release.overrides", path,
	    why);
}

/* Included files are beside the file, unless another place is named. */
static enum rb_err
default_directory(struct settings *s)
{
	const char *slash;

	if (s->release.file == NULL || s->release.directory != NULL ||
	    (slash = strrchr(s->release.file, '/')) == NULL)
		return RB_OK;
	if (slash == s->release.file)
		slash++;
	return str_dup_span(span_of(s->release.file,
				(size_t)(slash - s->release.file)),
	    &s->release.directory);
}

/* `where` is the key, for the fault. */
static enum rb_err
check_uri(const char *uri, size_t len, const char *where, const char *path,
    struct fault *why)
{
	if (strncmp(uri, "http://", 7) != 0 && strncmp(uri, "https://", 8) != 0)
		return fault_set(why, RB_EREFUSED,
		    "%s: %s: \"%s\" is neither http:// nor https://", path,
		    where, uri);
	if (uri[len - 1] != '/')
		return fault_set(why, RB_EFORMAT,
		    "%s: %s: \"%s\" must end in a slash", path, where, uri);
	return RB_OK;
}

static enum rb_err
check_keyring(const char *keyring, const char *where, const char *path,
    struct fault *why)
{
	if (keyring[0] == '/')
		return RB_OK;
	return fault_set(why, RB_EFORMAT,
	    "%s: %s: \"%s\" must be an absolute path", path, where, keyring);
}

static bool
is_suite(const char *s)
{
	return s[0] != '\0' && s[0] != '-' &&
	    strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s);
}

static enum rb_err
check_archive(const struct settings *s, const char *path, struct fault *why)
{
	const char *item;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	rc = check_uri(s->archive.uri, strlen(s->archive.uri), "archive.uri",
	    path, why);
	for (i = 0; i < s->archive.mirrors.n && rc == RB_OK; i++) {
		item = s->archive.mirrors.items[i];
		rc = check_uri(item, strlen(item), "archive.mirrors", path,
		    why);
	}
	if (rc == RB_OK && s->archive.old.n > ARCHIVE_OLD_MAX)
		rc = fault_set(why, RB_ELIMIT,
		    "%s: archive.old: more than %d archives", path,
		    ARCHIVE_OLD_MAX);
	for (i = 0; i < s->archive.old.n && rc == RB_OK; i++) {
		item = s->archive.old.items[i];
		rc = check_uri(item, strcspn(item, " "), "archive.old", path,
		    why);
		item += strcspn(item, " ");
		if (rc == RB_OK && item[0] == ' ' && !is_suite(item + 1))
			rc = fault_set(why, RB_EFORMAT,
			    "%s: archive.old: \"%s\" is not an address, or "
			    "an address, a blank and a suite",
			    path, s->archive.old.items[i]);
	}
	if (rc != RB_OK)
		return rc;
	rc = check_keyring(s->archive.keyring, "archive.keyring", path, why);
	if (rc == RB_OK && s->archive.buildinfo_keyring != NULL)
		rc = check_keyring(s->archive.buildinfo_keyring,
		    "archive.buildinfo-keyring", path, why);
	return rc;
}

/* What is appended to the name of a suite: "", or such as "-testing". */
static bool
is_suffix(const char *s)
{
	return s[0] == '\0' ||
	    (s[0] == '-' &&
		strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") ==
		    strlen(s));
}

static enum rb_err
check_published(const struct settings *s, const char *path, struct fault *why)
{
	const char *const keys[] = { s->published.name, s->published.uri,
		s->published.component, s->published.keyring };
	static const char *const names[] = { "name", "uri", "component",
		"keyring" };
	size_t i, missing = 0;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		missing += keys[i] == NULL;
	if (missing == sizeof(keys) / sizeof(keys[0]) &&
	    s->published.buildinfo_keyring == NULL &&
	    s->published.suffixes.n == 0)
		return RB_OK;
	for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++)
		if (keys[i] == NULL)
			return fault_set(why, RB_EFORMAT,
			    "%s: key '%s' of section 'published' is missing; "
			    "the section says where a release publishes, in "
			    "full",
			    path, names[i]);
	if (s->published.suffixes.n > PUBLISHED_SUFFIXES_MAX)
		return fault_set(why, RB_ELIMIT,
		    "%s: published.suffixes: over %d", path,
		    PUBLISHED_SUFFIXES_MAX);
	for (i = 0; i < s->published.suffixes.n; i++)
		if (!is_suffix(s->published.suffixes.items[i]))
			return fault_set(why, RB_EFORMAT,
			    "%s: published.suffixes: \"%s\" is neither \"\" "
			    "nor like -testing",
			    path, s->published.suffixes.items[i]);
	rc = check_uri(s->published.uri, strlen(s->published.uri),
	    "published.uri", path, why);
	if (rc == RB_OK)
		rc = check_keyring(s->published.keyring, "published.keyring",
		    path, why);
	if (rc == RB_OK && s->published.buildinfo_keyring != NULL)
		rc = check_keyring(s->published.buildinfo_keyring,
		    "published.buildinfo-keyring", path, why);
	return rc;
}

/* A budget that no machine fits into would make every job wait for ever. */
static enum rb_err
check_budget(const struct settings *s, const char *path, struct fault *why)
{
	if (s->rebuilder.memory != 0 &&
	    s->rebuilder.memory < s->machine.memory + s->machine.disk)
		return fault_set(why, RB_EREFUSED,
		    "%s: rebuilder.memory: less than machine.memory and "
		    "machine.disk together, so that no machine could start",
		    path);
	if (s->rebuilder.cpus != 0 && s->rebuilder.cpus < s->machine.cpus)
		return fault_set(why, RB_EREFUSED,
		    "%s: rebuilder.cpus: less than machine.cpus, so that no "
		    "machine could start",
		    path);
	if (s->rebuilder.timeout != 0 &&
	    s->rebuilder.timeout < s->machine.seconds)
		return fault_set(why, RB_EREFUSED,
		    "%s: rebuilder.timeout: less than machine.timeout, so that "
		    "no build could use its time",
		    path);
	return RB_OK;
}

/* What is well formed but can't work is said before anything runs. */
static enum rb_err
check(const struct settings *s, const char *path, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = check_archive(s, path, why)) != RB_OK ||
	    (rc = check_published(s, path, why)) != RB_OK)
		return rc;
	if (s->fetch.proxy != NULL && !is_proxy(s->fetch.proxy))
		return fault_set(why, RB_EREFUSED,
		    "%s: fetch.proxy: \"%s\" is not socks5h://HOST:PORT, "
		    "without user or path",
		    path, s->fetch.proxy);
	if ((rc = check_budget(s, path, why)) != RB_OK)
		return rc;
	return check_release(s, path, why);
}

static enum rb_err
set_list(struct conf_list *l, const char *const *items, size_t n)
{
	if (l->n != 0)
		return RB_OK;
	free(l->items);
	if ((l->items = calloc(n, sizeof(*l->items))) == NULL)
		return RB_ENOMEM;
	for (; l->n < n; l->n++)
		if ((l->items[l->n] = strdup(items[l->n])) == NULL)
			return RB_ENOMEM;
	return RB_OK;
}

/* What is said nowhere else and takes memory. */
static enum rb_err
set_defaults(struct settings *s)
{
	static const char *const suffixes[] = { "", "-testing",
		"-securitytesting" };
	/* Those of Qubes 4.3 for Debian 12 and 13. */
	static const char *const overrides[] = { "python-fido2",
		"python-looseversion" };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = set_list(&s->release.overrides, overrides,
		 sizeof(overrides) / sizeof(overrides[0]))) != RB_OK ||
	    s->published.name == NULL)
		return rc;
	if (s->published.buildinfo_keyring == NULL &&
	    (s->published.buildinfo_keyring = strdup(s->published.keyring)) ==
		NULL)
		return RB_ENOMEM;
	return set_list(&s->published.suffixes, suffixes,
	    sizeof(suffixes) / sizeof(suffixes[0]));
}

const char *
settings_keyring(const struct settings *s, size_t i, const char **key)
{
	const struct {
		const char *path, *key;
	} all[SETTINGS_KEYRINGS] = {
		{ s->archive.keyring, "archive.keyring" },
		{ s->archive.buildinfo_keyring, "archive.buildinfo-keyring" },
		{ s->published.keyring, "published.keyring" },
		{ s->published.buildinfo_keyring,
		    "published.buildinfo-keyring" },
	};

	*key = all[i].key;
	return all[i].path;
}

enum rb_err
settings_read(const char *path, struct node *node, struct settings *s,
    struct fault *why)
{
	const struct conf_section ours[] = {
		{ "archive", archive_keys,
		    sizeof(archive_keys) / sizeof(archive_keys[0]), s },
		{ "published", published_keys,
		    sizeof(published_keys) / sizeof(published_keys[0]), s },
		{ "fetch", fetch_keys,
		    sizeof(fetch_keys) / sizeof(fetch_keys[0]), s },
		machine_section(&s->machine),
		{ "rebuilder", rebuilder_keys,
		    sizeof(rebuilder_keys) / sizeof(rebuilder_keys[0]), s },
		{ "release", release_keys,
		    sizeof(release_keys) / sizeof(release_keys[0]), s },
		{ "store", store_keys,
		    sizeof(store_keys) / sizeof(store_keys[0]), s },
	};
	enum rb_err rc = RB_EINTERNAL;

	rc = node_read(path, node, ours, sizeof(ours) / sizeof(ours[0]), why);
	if (rc != RB_OK)
		return rc;
	if ((rc = machine_settings_check(&s->machine, path, why)) != RB_OK ||
	    (rc = check(s, path, why)) != RB_OK ||
	    (rc = default_directory(s)) != RB_OK)
		return rc;
	return set_defaults(s);
}
