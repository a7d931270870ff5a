/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/qubesbuilder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_NAME ".qubesbuilder"
#define WORD_MAX 100
#define PLACES 11

static bool
is_one_byte_of(uint8_t c, const char *set)
{
	return c != 0 && strchr(set, c) != NULL;
}

bool
builder_word_is_valid(struct span s)
{
	size_t i;
	uint8_t c;

	if (s.len == 0 || s.len > WORD_MAX)
		return false;
	for (i = 0; i < s.len; i++) {
		c = s.p[i];
		if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
		    (c >= '0' && c <= '9'))
			continue;
		if (i == 0 || !is_one_byte_of(c, "._+~-"))
			return false;
	}
	return true;
}

/* Placeholders are put in before YAML is read, as the builder does. */
struct placeholder {
	const char *name;
	char value[3 * WORD_MAX];
};

static enum rb_err
put_in_one(struct buf *text, const struct placeholder *p)
{
	struct span in = buf_span(text);
	struct buf out = BUF_INIT;
	const uint8_t *found;
	size_t len = strlen(p->name);
	enum rb_err rc = RB_OK;

	while (rc == RB_OK && in.len != 0) {
		found = memmem(in.p, in.len, p->name, len);
		if (found == NULL) {
			rc = buf_put(&out, in);
			break;
		}
		if ((rc = buf_put(&out,
			 span_of(in.p, (size_t)(found - in.p)))) == RB_OK)
			rc = buf_put_str(&out, p->value);
		in = span_of(found + len,
		    in.len - (size_t)(found - in.p) - len);
		if (out.len > YAML_FILE_MAX)
			rc = RB_ELIMIT;
	}
	if (rc == RB_OK) {
		buf_clear(text);
		*text = out;
		out = (struct buf)BUF_INIT; /* now the caller's */
	}
	buf_clear(&out);
	return rc;
}

static enum rb_err
put_in(struct span in, const struct builder_place *place, struct buf *out)
{
	struct placeholder all[PLACES] = {
		{ "@BUILDER_DIR@", "/builder" },
		{ "@BUILD_DIR@", "/builder/build" },
		{ "@PLUGINS_DIR@", "/builder/plugins" },
		{ "@DISTFILES_DIR@", "/builder/distfiles" },
		{ "@DEPENDENCIES_DIR@", "/builder/dependencies" },
		{ "@BACKEND_VMM@", "xen" },
		{ "@SOURCE_DIR@", "" },
		{ "@COMPONENT@", "" },
		{ "@VERSION@", "" },
		{ "@REL@", "" },
		{ "@VERREL@", "" },
	};
	int c = (int)place->component.len, v = (int)place->version.len;
	const char *component = (const char *)place->component.p;
	const char *version = (const char *)place->version.p;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	snprintf(all[6].value, sizeof(all[6].value), "/builder/%.*s", c,
	    component);
	snprintf(all[7].value, sizeof(all[7].value), "%.*s", c, component);
	snprintf(all[8].value, sizeof(all[8].value), "%.*s", v, version);
	snprintf(all[9].value, sizeof(all[9].value), "%.*s",
	    (int)place->release.len, (const char *)place->release.p);
	snprintf(all[10].value, sizeof(all[10].value), "%.*s-%.*s", v, version,
	    (int)place->release.len, (const char *)place->release.p);
	if ((rc = buf_put(out, in)) != RB_OK)
		return rc;
	for (i = 0; i < PLACES; i++)
		if ((rc = put_in_one(out, &all[i])) != RB_OK)
			return rc;
	return RB_OK;
}

/* The maps that say something for this distribution, the last one wins. */
#define LAYERS 6
struct layers {
	const struct yaml *maps[LAYERS]; /* NULL: none */
	struct fault *why;
};

/* top.key, or top.key.below; a map, or nothing. */
static enum rb_err
find_map(const struct yaml *top, struct span key, const char *below,
    const struct yaml **out, struct fault *why)
{
	char name[WORD_MAX + 1];
	const struct yaml *map;
	enum rb_err rc = RB_EINTERNAL;

	*out = NULL;
	if (key.len > WORD_MAX)
		return RB_ELIMIT;
	memcpy(name, key.p, key.len);
	name[key.len] = '\0';
	map = yaml_find(top, name);
	if (map == NULL || yaml_is_nothing(map))
		return RB_OK;
	if ((rc = yaml_expect(map, YAML_MAP, name, why)) != RB_OK)
		return rc;
	if (below != NULL) {
		map = yaml_find(map, below);
		if (map == NULL || yaml_is_nothing(map))
			return RB_OK;
		if ((rc = yaml_expect(map, YAML_MAP, below, why)) != RB_OK)
			return rc;
	}
	*out = map;
	return RB_OK;
}

static enum rb_err
find_layers(const struct yaml *top, struct span distribution, struct layers *l)
{
	struct span set = SPAN_INIT, rest = distribution;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = span_take_until(&rest, '-', &set)) != RB_OK)
		return rc;
	if (rest.len == 0)
		return RB_EFORMAT;
	if ((rc = find_map(top, set, "deb", &l->maps[0], l->why)) != RB_OK ||
	    (rc = find_map(top, set, "debian", &l->maps[1], l->why)) != RB_OK ||
	    (rc = find_map(top, distribution, "deb", &l->maps[2], l->why)) !=
		RB_OK ||
	    (rc = find_map(top, SPAN("source"), NULL, &l->maps[3], l->why)) !=
		RB_OK ||
	    (rc = find_map(top, set, "source", &l->maps[4], l->why)) != RB_OK)
		return rc;
	return find_map(top, distribution, "source", &l->maps[5], l->why);
}

static const struct yaml *
find_value(const struct layers *l, const char *key)
{
	const struct yaml *value = NULL, *other;
	size_t i;

	for (i = 0; i < LAYERS; i++) {
		if (l->maps[i] == NULL)
			continue;
		other = yaml_find(l->maps[i], key);
		if (other != NULL)
			value = other;
	}
	return value != NULL && yaml_is_nothing(value) ? NULL : value;
}

bool
builder_path_is_valid(struct span s)
{
	struct span rest = s, part = SPAN_INIT;
	size_t i;

	if (s.len == 0 || s.len > BUILDER_PATH_MAX || s.p[s.len - 1] == '/')
		return false;
	for (i = 0; i < s.len; i++)
		if (!(s.p[i] >= 'a' && s.p[i] <= 'z') &&
		    !(s.p[i] >= 'A' && s.p[i] <= 'Z') &&
		    !(s.p[i] >= '0' && s.p[i] <= '9') &&
		    !is_one_byte_of(s.p[i], "._+~-/"))
			return false;
	while (rest.len != 0)
		if (span_take_until(&rest, '/', &part) != RB_OK ||
		    part.len == 0 || part.p[0] == '-' ||
		    span_equal_str(part, ".") || span_equal_str(part, ".."))
			return false;
	return true;
}

static enum rb_err
path_read(const struct yaml *value, const char *what, struct span *out,
    struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = yaml_text(value, what, out, why)) != RB_OK)
		return rc;
	if (!builder_path_is_valid(*out))
		return yaml_refuse(value, why,
		    "%s '%.100s' is not a path of a file in the tree", what,
		    (const char *)out->p);
	return RB_OK;
}

static enum rb_err
paths_read(const struct yaml *list, const char *what, size_t max,
    struct span *out, size_t *n, struct fault *why)
{
	const struct yaml_child *child;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if (list == NULL)
		return RB_OK;
	if ((rc = yaml_expect(list, YAML_LIST, what, why)) != RB_OK)
		return rc;
	for (child = list->first; child != NULL; child = child->next) {
		if (*n == max)
			return yaml_refuse(child->value, why,
			    "%s: more than %zu entries", what, max);
		if ((rc = path_read(child->value, what, &out[*n], why)) !=
		    RB_OK)
			return rc;
		for (i = 0; i < *n; i++)
			if (span_equal(out[i], out[*n]))
				return yaml_refuse(child->value, why,
				    "%s: '%.100s' stands twice", what,
				    (const char *)out[i].p);
		(*n)++;
	}
	return RB_OK;
}

static enum rb_err
url_read(const struct yaml *value, const char *what, struct span *out,
    struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = yaml_text(value, what, out, why)) != RB_OK)
		return rc;
	if (!span_starts(*out, SPAN("https://")) || out->len > BUILDER_URL_MAX)
		return yaml_refuse(value, why,
		    "%s '%.200s' is not https:// and up to %d bytes", what,
		    (const char *)out->p, BUILDER_URL_MAX);
	for (i = 0; i < out->len; i++)
		if (!(out->p[i] >= 'a' && out->p[i] <= 'z') &&
		    !(out->p[i] >= 'A' && out->p[i] <= 'Z') &&
		    !(out->p[i] >= '0' && out->p[i] <= '9') &&
		    !is_one_byte_of(out->p[i], "-._~:/+%#?=&,"))
			return yaml_refuse(value, why,
			    "%s '%.200s' holds what no URL here may hold", what,
			    (const char *)out->p);
	return RB_OK;
}

/* The last part of the URL, without the suffix of what is decompressed. */
static bool
find_name(struct builder_file *f)
{
	size_t end = f->url.len, at = end, i;

	while (at > 0 && f->url.p[at - 1] != '/')
		at--;
	if (f->uncompress)
		for (i = at + 1; i < f->url.len; i++)
			if (f->url.p[i] == '.')
				end = i;
	f->name = span_of(f->url.p + at, end - at);
	return builder_word_is_valid(f->name) &&
	    !span_equal_str(f->name, "source.tar") &&
	    !span_starts(f->name, SPAN("module-"));
}

static bool
ends_in(struct span s, struct span end)
{
	return s.len > end.len &&
	    span_equal(span_of(s.p + s.len - end.len, end.len), end);
}

static const char *const file_keys[] = { "url", "sha256", "sha512", "signature",
	"pubkeys", "uncompress" };

static enum rb_err
file_check_read(const struct yaml *map, struct builder_file *f,
    struct fault *why)
{
	const struct yaml *sha256 = yaml_find(map, "sha256");
	const struct yaml *sha512 = yaml_find(map, "sha512");
	const struct yaml *signature = yaml_find(map, "signature");
	enum rb_err rc = RB_EINTERNAL;

	if (sha256 != NULL) {
		f->check = CHECK_SHA256;
		return path_read(sha256, "sha256", &f->sum, why);
	}
	if (sha512 != NULL) {
		f->check = CHECK_SHA512;
		return path_read(sha512, "sha512", &f->sum, why);
	}
	if (signature == NULL)
		return yaml_refuse(map, why,
		    "file '%.*s': neither a checksum nor a signature",
		    (int)f->name.len, (const char *)f->name.p);
	f->check = CHECK_SIGNATURE;
	if ((rc = url_read(signature, "signature", &f->signature, why)) !=
		RB_OK ||
	    (rc = paths_read(yaml_find(map, "pubkeys"), "pubkeys",
		 BUILDER_KEYS_MAX, f->keys, &f->nkeys, why)) != RB_OK)
		return rc;
	if (f->nkeys == 0)
		return yaml_refuse(map, why,
		    "file '%.*s': a signature, and no pubkeys to check it with",
		    (int)f->name.len, (const char *)f->name.p);
	return RB_OK;
}

static enum rb_err
file_keys_check(const struct yaml *map, struct fault *why)
{
	const struct yaml_child *child;
	size_t i;

	for (child = map->first; child != NULL; child = child->next) {
		for (i = 0; i < sizeof(file_keys) / sizeof(file_keys[0]); i++)
			if (span_equal_str(child->key, file_keys[i]))
				break;
		if (i == sizeof(file_keys) / sizeof(file_keys[0]))
			return yaml_refuse(child->value, why,
			    "a file has no '%.100s'",
			    (const char *)child->key.p);
	}
	return RB_OK;
}

static enum rb_err
file_read(const struct yaml *map, struct qubesbuilder *q, struct fault *why)
{
	struct builder_file *f = &q->files[q->nfiles];
	const struct yaml *url, *uncompress;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = yaml_expect(map, YAML_MAP, "a file", why)) != RB_OK)
		return rc;
	if (yaml_find(map, "git-url") != NULL) {
		q->unavailable = "a file is an archive that the builder makes "
				 "of a git repository";
		return RB_OK;
	}
	if ((url = yaml_find(map, "url")) == NULL)
		return yaml_refuse(map, why, "a file without url");
	uncompress = yaml_find(map, "uncompress");
	if ((rc = file_keys_check(map, why)) != RB_OK ||
	    (rc = url_read(url, "url", &f->url, why)) != RB_OK ||
	    (uncompress != NULL &&
		(rc = yaml_truth(uncompress, "uncompress", &f->uncompress,
		     why)) != RB_OK))
		return rc;
	if (!find_name(f))
		return yaml_refuse(url, why,
		    "url '%.200s' does not end in a name for a file",
		    (const char *)f->url.p);
	if (f->uncompress && !ends_in(f->url, SPAN(".tar.gz")) &&
	    !ends_in(f->url, SPAN(".xz")))
		return yaml_refuse(url, why,
		    "url '%.200s': only .tar.gz and .xz are decompressed",
		    (const char *)f->url.p);
	for (i = 0; i < q->nfiles; i++)
		if (span_equal(q->files[i].name, f->name))
			return yaml_refuse(url, why,
			    "two files are called '%.*s'", (int)f->name.len,
			    (const char *)f->name.p);
	if ((rc = file_check_read(map, f, why)) != RB_OK)
		return rc;
	q->nfiles++;
	return RB_OK;
}

static enum rb_err
files_read(const struct yaml *list, struct qubesbuilder *q, struct fault *why)
{
	const struct yaml_child *child;
	enum rb_err rc = RB_EINTERNAL;

	if (list == NULL)
		return RB_OK;
	if ((rc = yaml_expect(list, YAML_LIST, "files", why)) != RB_OK)
		return rc;
	if (list->n > BUILDER_FILES_MAX)
		return yaml_refuse(list, why, "more than %d files",
		    BUILDER_FILES_MAX);
	q->files = calloc(list->n + 1, sizeof(*q->files));
	if (q->files == NULL)
		return RB_ENOMEM;
	for (child = list->first; child != NULL; child = child->next)
		if ((rc = file_read(child->value, q, why)) != RB_OK)
			return rc;
	return RB_OK;
}

/* Shell text of a stranger; the builder runs it, and we do not. */
static enum rb_err
commands_read(const struct layers *l, struct qubesbuilder *q)
{
	const struct yaml *source = find_value(l, "source"), *commands;
	enum rb_err rc = RB_EINTERNAL;

	if (source == NULL)
		return RB_OK;
	if ((rc = yaml_expect(source, YAML_MAP, "source", l->why)) != RB_OK)
		return rc;
	commands = yaml_find(source, "commands");
	if (commands == NULL || yaml_is_nothing(commands))
		return RB_OK;
	if ((rc = yaml_expect(commands, YAML_LIST, "commands", l->why)) !=
	    RB_OK)
		return rc;
	if (commands->n != 0)
		q->unavailable = ".qubesbuilder has commands that change the "
				 "source; they are never run";
	return RB_OK;
}

static enum rb_err
archive_read_wish(const struct layers *l, struct qubesbuilder *q)
{
	const struct yaml *value = find_value(l, "create-archive");

	q->makes_archive = q->nfiles == 0;
	return value == NULL ?
	    RB_OK :
	    yaml_truth(value, "create-archive", &q->makes_archive, l->why);
}

enum rb_err
qubesbuilder_parse(struct span in, const struct builder_place *p,
    struct qubesbuilder *out, struct fault *why)
{
	struct qubesbuilder q;
	struct layers l = { .why = why };
	const struct yaml *top = NULL;
	struct buf text = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	memset(&q, 0, sizeof(q));
	if (!builder_word_is_valid(p->component) ||
	    !builder_word_is_valid(p->version) ||
	    !builder_word_is_valid(p->release) ||
	    !builder_word_is_valid(p->distribution))
		return RB_EFORMAT;
	if (in.len > BUILDER_FILE_MAX)
		return fault_set(why, RB_ELIMIT,
		    FILE_NAME ": longer than %d bytes", BUILDER_FILE_MAX);
	if ((rc = put_in(in, p, &text)) != RB_OK ||
	    (rc = yaml_parse(buf_span(&text), FILE_NAME, &q.tree, &top, why)) !=
		RB_OK ||
	    (rc = yaml_expect(top, YAML_MAP, "the file", why)) != RB_OK ||
	    (rc = find_layers(top, p->distribution, &l)) != RB_OK ||
	    (rc = paths_read(find_value(&l, "build"), "build",
		 BUILDER_BUILDS_MAX, q.builds, &q.nbuilds, why)) != RB_OK ||
	    (rc = paths_read(find_value(&l, "modules"), "modules",
		 BUILDER_MODULES_MAX, q.modules, &q.nmodules, why)) != RB_OK ||
	    (rc = files_read(find_value(&l, "files"), &q, why)) != RB_OK ||
	    (rc = archive_read_wish(&l, &q)) != RB_OK ||
	    (rc = commands_read(&l, &q)) != RB_OK)
		goto out;

	*out = q;
	memset(&q, 0, sizeof(q)); /* now the caller's */
	rc = RB_OK;
out:
	buf_clear(&text);
	qubesbuilder_clear(&q);
	return rc;
}

void
qubesbuilder_clear(struct qubesbuilder *q)
{
	free(q->files);
	yaml_tree_clear(&q->tree);
	memset(q, 0, sizeof(*q));
}
