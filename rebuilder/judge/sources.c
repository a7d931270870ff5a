/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/sources.h"

#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/debversion.h"

static bool
ends_in(struct span s, struct span end)
{
	return s.len > end.len &&
	    span_equal(span_of(s.p + s.len - end.len, end.len), end);
}

static bool
has_name(const struct source *s, struct span name)
{
	size_t i;

	for (i = 0; i < s->nfiles; i++) {
		if (span_equal(s->files[i].path, name))
			return true;
	}
	return false;
}

static enum rb_err
add_file(struct source *s, struct span line, struct fault *why)
{
	struct checksum sum;

	if (checksum_parse(line, &sum) != RB_OK ||
	    memchr(sum.path.p, '/', sum.path.len) != NULL)
		return fault_set(why, RB_EFORMAT,
		    "Sources: a file of '%.*s' is not given as SHA256, size "
		    "and a plain name",
		    (int)s->name.len, (const char *)s->name.p);
	if (has_name(s, sum.path))
		return fault_set(why, RB_EFORMAT,
		    "Sources: file '%.*s' is listed twice", (int)sum.path.len,
		    (const char *)sum.path.p);
	if (s->nfiles == SOURCE_FILES_MAX)
		return fault_set(why, RB_ELIMIT,
		    "Sources: '%.*s' has more than %d files", (int)s->name.len,
		    (const char *)s->name.p, SOURCE_FILES_MAX);
	if (ends_in(sum.path, SPAN(".dsc"))) {
		if (s->dsc.len != 0)
			return fault_set(why, RB_EFORMAT,
			    "Sources: '%.*s' has two .dsc files",
			    (int)s->name.len, (const char *)s->name.p);
		s->dsc = sum.path;
	}
	s->files[s->nfiles++] = sum;
	return RB_OK;
}

static enum rb_err
read_name(const struct deb822 *stanza, struct span *name, struct span *version,
    struct fault *why)
{
	enum rb_err rc;

	if ((rc = deb822_text(stanza, "Package", name, why)) != RB_OK ||
	    (rc = deb822_text(stanza, "Version", version, why)) != RB_OK)
		return rc;
	if (!package_name_is_valid(*name) || !debversion_is_valid(*version))
		return fault_set(why, RB_EFORMAT,
		    "Sources: name or version of '%.*s' is malformed",
		    name->len < 80 ? (int)name->len : 80,
		    (const char *)name->p);
	return RB_OK;
}

enum rb_err
source_read(const struct deb822 *stanza, struct source *out, struct fault *why)
{
	struct source s = { .stanza = stanza->raw };
	const struct span *field;
	struct span lines, line;
	enum rb_err rc;

	if ((rc = read_name(stanza, &s.name, &s.version, why)) != RB_OK ||
	    (rc = deb822_text(stanza, "Directory", &s.directory, why)) != RB_OK)
		return rc;
	if (!archive_path_is_pool(s.directory))
		return fault_set(why, RB_EFORMAT,
		    "Sources: the directory of '%.*s' is not a plain path "
		    "below pool/",
		    (int)s.name.len, (const char *)s.name.p);
	field = deb822_find(stanza, "Checksums-Sha256");
	if (field == NULL)
		return fault_set(why, RB_EFORMAT,
		    "Sources: '%.*s' has no Checksums-Sha256", (int)s.name.len,
		    (const char *)s.name.p);
	lines = *field;
	while ((rc = deb822_line_take(&lines, &line)) == RB_OK) {
		if ((rc = add_file(&s, line, why)) != RB_OK)
			return rc;
	}
	if (rc != RB_ENOTFOUND || s.dsc.len == 0)
		return fault_set(why, RB_EFORMAT,
		    "Sources: '%.*s' names no .dsc file", (int)s.name.len,
		    (const char *)s.name.p);

	*out = s;
	return RB_OK;
}

static bool
is_extra(const struct deb822 *stanza)
{
	const struct span *extra = deb822_find(stanza, "Extra-Source-Only");

	return extra != NULL && span_equal_str(*extra, " yes");
}

/* Keeps the better of `best` (n == 0: none yet) and this stanza. */
static enum rb_err
consider(const struct deb822 *stanza, struct span version, struct deb822 *best,
    struct fault *why)
{
	struct span name, v, best_version;
	enum rb_err rc;
	int r;

	if ((rc = read_name(stanza, &name, &v, why)) != RB_OK)
		return rc;
	if (version.len == 0 ? is_extra(stanza) : !span_equal(v, version))
		return RB_OK;
	if (best->n != 0) {
		if ((rc = read_name(best, &name, &best_version, why)) != RB_OK)
			return rc;
		if ((r = debversion_compare(v, best_version)) == 0)
			return fault_set(why, RB_EFORMAT,
			    "Sources lists '%.*s' %.*s twice", (int)name.len,
			    (const char *)name.p, (int)v.len,
			    (const char *)v.p);
		if (r < 0)
			return RB_OK;
	}
	*best = *stanza;
	return RB_OK;
}

enum rb_err
sources_find(struct span index, struct span name, struct span version,
    struct source *out, struct fault *why)
{
	struct deb822 stanza, best;
	struct span found;
	enum rb_err rc;

	best.n = 0;
	while ((rc = deb822_take(&index, "Sources", &stanza, why)) == RB_OK) {
		if ((rc = deb822_text(&stanza, "Package", &found, why)) !=
		    RB_OK)
			return rc;
		if (span_equal(found, name) &&
		    (rc = consider(&stanza, version, &best, why)) != RB_OK)
			return rc;
	}
	if (rc != RB_ENOTFOUND)
		return rc;
	if (best.n == 0)
		return fault_set(why, RB_ENOTFOUND,
		    "Sources has no source package '%.*s'%s%.*s; is it in this "
		    "suite and component?  The source of a binary package is "
		    "named by apt-cache showsrc",
		    (int)name.len, (const char *)name.p,
		    version.len != 0 ? " in version " : "", (int)version.len,
		    (const char *)version.p);
	return source_read(&best, out, why);
}
