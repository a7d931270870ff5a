/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/buildinfo.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/enc.h"
#include "rebuilder/judge/debversion.h"
#include "rebuilder/judge/release.h"

#define FILE_NAME ".buildinfo"
#define SHOWN_MAX 100
/* "Sat, 11 Jul 2026 10:16:37 +0200" */
#define DATE_LEN 31
#define ZONE_AT 26

static int
shown(struct span s)
{
	return (int)(s.len < SHOWN_MAX ? s.len : SHOWN_MAX);
}

static enum rb_err
bad_line(const char *field, struct span line, const char *what,
    struct fault *why)
{
	return fault_set(why, RB_EFORMAT, FILE_NAME ": %s: '%.*s' is not %s",
	    field, shown(line), (const char *)line.p, what);
}

/* How many lines a list has; RB_EFORMAT when it is none. */
static enum rb_err
count_lines(struct span value, size_t max, size_t *n)
{
	struct span line;
	enum rb_err rc;

	*n = 0;
	while ((rc = deb822_line_take(&value, &line)) == RB_OK)
		if (++*n > max)
			return RB_ELIMIT;
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

/* A list that must be there, and how many lines it has. */
static enum rb_err
open_list(const struct deb822 *stanza, const char *field, size_t max,
    struct span *lines, size_t *n, struct fault *why)
{
	const struct span *value = deb822_find(stanza, field);
	enum rb_err rc = RB_EINTERNAL;

	if (value == NULL)
		return fault_set(why, RB_EFORMAT,
		    FILE_NAME ": it lacks field '%s'", field);
	if ((rc = count_lines(*value, max, n)) == RB_ELIMIT)
		return fault_set(why, RB_ELIMIT,
		    FILE_NAME ": %s has more than %zu lines", field, max);
	if (rc != RB_OK)
		return fault_set(why, RB_EFORMAT,
		    FILE_NAME ": %s is not a list of lines", field);
	*lines = *value;
	return RB_OK;
}

static int
compare_file(const void *a, const void *b)
{
	const struct checksum *x = a, *y = b;

	return span_compare(x->path, y->path);
}

static enum rb_err
read_files(const struct deb822 *stanza, struct buildinfo *b, struct fault *why)
{
	static const char field[] = "Checksums-Sha256";
	struct checksum *file;
	struct span lines, line;
	size_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	rc = open_list(stanza, field, BUILDINFO_FILES_MAX, &lines, &n, why);
	if (rc != RB_OK)
		return rc;
	if ((b->files = calloc(n + 1, sizeof(*b->files))) == NULL)
		return RB_ENOMEM;
	while (deb822_line_take(&lines, &line) == RB_OK) {
		file = &b->files[b->nfiles];
		if (checksum_parse(line, file) != RB_OK ||
		    memchr(file->path.p, '/', file->path.len) != NULL)
			return bad_line(field, line,
			    "SHA256, size and a plain name", why);
		b->nfiles++;
	}
	qsort(b->files, b->nfiles, sizeof(*b->files), compare_file);
	for (i = 1; i < b->nfiles; i++)
		if (compare_file(&b->files[i - 1], &b->files[i]) == 0)
			return bad_line(field, b->files[i].path,
			    "a name that stands there once", why);
	return RB_OK;
}

static int
compare_package(const void *a, const void *b)
{
	const struct buildinfo_package *x = a, *y = b;
	int r = span_compare(x->name, y->name);

	return r != 0 ? r : span_compare(x->architecture, y->architecture);
}

/* "name[:architecture] (= version)" and a comma behind all but the last. */
static bool
take_package(struct span line, bool is_last, struct buildinfo_package *out)
{
	struct buildinfo_package p = { SPAN_INIT, SPAN_INIT, SPAN_INIT };
	struct span name = SPAN_INIT;

	if (!is_last) {
		if (line.p[line.len - 1] != ',')
			return false;
		line.len--;
	}
	if (span_take_until(&line, ' ', &name) != RB_OK || line.len < 5 ||
	    memcmp(line.p, "(= ", 3) != 0 || line.p[line.len - 1] != ')')
		return false;
	p.version = span_of(line.p + 3, line.len - 4);
	if (span_take_until(&name, ':', &p.name) != RB_OK)
		return false;
	/* "name:" would be a second spelling of "name". */
	if (name.p != p.name.p + p.name.len && name.len == 0)
		return false;
	p.architecture = name;
	if (!package_name_is_valid(p.name) || !debversion_is_valid(p.version) ||
	    (p.architecture.len != 0 && !package_name_is_valid(p.architecture)))
		return false;
	*out = p;
	return true;
}

static enum rb_err
read_installed(const struct deb822 *stanza, struct buildinfo *b,
    struct fault *why)
{
	static const char field[] = "Installed-Build-Depends";
	struct span lines, line, after;
	size_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	rc = open_list(stanza, field, BUILDINFO_PACKAGES_MAX, &lines, &n, why);
	if (rc != RB_OK)
		return rc;
	if ((b->installed = calloc(n + 1, sizeof(*b->installed))) == NULL)
		return RB_ENOMEM;
	while (deb822_line_take(&lines, &line) == RB_OK) {
		after = lines;
		if (!take_package(line,
			deb822_line_take(&after, &(struct span)SPAN_INIT) !=
			    RB_OK,
			&b->installed[b->ninstalled]))
			return bad_line(field, line,
			    "a package, (= its version) and a comma behind all "
			    "but the last",
			    why);
		b->ninstalled++;
	}
	qsort(b->installed, b->ninstalled, sizeof(*b->installed),
	    compare_package);
	for (i = 1; i < b->ninstalled; i++)
		if (compare_package(&b->installed[i - 1], &b->installed[i]) ==
		    0)
			return bad_line(field, b->installed[i].name,
			    "a package that stands there once", why);
	return RB_OK;
}

static bool
is_variable_name(struct span s)
{
	size_t i;

	for (i = 0; i < s.len; i++)
		if (!((s.p[i] >= 'A' && s.p[i] <= 'Z') ||
			(s.p[i] >= 'a' && s.p[i] <= 'z') || s.p[i] == '_' ||
			(i > 0 && s.p[i] >= '0' && s.p[i] <= '9')))
			return false;
	return s.len > 0;
}

static enum rb_err
read_environment(const struct deb822 *stanza, struct buildinfo *b,
    struct fault *why)
{
	static const char field[] = "Environment";
	struct buildinfo_variable *v;
	struct span lines, line, rest;
	size_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	rc = open_list(stanza, field, BUILDINFO_VARIABLES_MAX, &lines, &n, why);
	if (rc != RB_OK)
		return rc;
	if ((b->environment = calloc(n + 1, sizeof(*b->environment))) == NULL)
		return RB_ENOMEM;
	while (deb822_line_take(&lines, &line) == RB_OK) {
		v = &b->environment[b->nenvironment];
		rest = line;
		if (span_take_until(&rest, '=', &v->name) != RB_OK ||
		    !is_variable_name(v->name) || rest.len < 2 ||
		    rest.p[0] != '"' || rest.p[rest.len - 1] != '"')
			return bad_line(field, line, "NAME=\"value\"", why);
		v->value = span_of(rest.p + 1, rest.len - 2);
		b->nenvironment++;
	}
	return RB_OK;
}

/* "+0200" and its like, in seconds east of Greenwich. */
static bool
take_zone(const char *p, int64_t *out)
{
	int64_t hours, minutes;
	size_t i;

	for (i = 1; i < 5; i++)
		if (p[i] < '0' || p[i] > '9')
			return false;
	hours = (p[1] - '0') * 10 + (p[2] - '0');
	minutes = (p[3] - '0') * 10 + (p[4] - '0');
	if ((p[0] != '+' && p[0] != '-') || hours > 14 || minutes > 59)
		return false;
	*out = (p[0] == '-' ? -1 : 1) * (hours * 60 + minutes) * 60;
	return true;
}

static enum rb_err
read_date(const struct deb822 *stanza, struct buildinfo *b, struct fault *why)
{
	char utc[DATE_LEN + 1] = { 0 };
	struct span text = SPAN_INIT;
	int64_t zone = 0;
	uint64_t local = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (deb822_find(stanza, "Build-Date") == NULL)
		return RB_OK;
	if ((rc = deb822_text(stanza, "Build-Date", &text, why)) != RB_OK)
		return rc;
	if (text.len != DATE_LEN)
		goto bad;
	memcpy(utc, text.p, ZONE_AT);
	memcpy(utc + ZONE_AT, "UTC", 4);
	if (!take_zone((const char *)text.p + ZONE_AT, &zone) ||
	    release_date_parse(span_of_str(utc), &local) != RB_OK ||
	    (int64_t)local < zone)
		goto bad;
	b->build_date = (uint64_t)((int64_t)local - zone);
	return RB_OK;
bad:
	return bad_line("Build-Date", text,
	    "a date like 'Sat, 11 Jul 2026 10:16:37 +0000'", why);
}

/* "name", or "name (version)" where the binaries have another. */
static enum rb_err
read_source(const struct deb822 *stanza, struct buildinfo *b, struct fault *why)
{
	struct span text, rest;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = deb822_text(stanza, "Source", &text, why)) != RB_OK ||
	    (rc = deb822_text(stanza, "Version", &b->version, why)) != RB_OK)
		return rc;
	rest = text;
	b->source_version = b->version;
	if (span_take_until(&rest, ' ', &b->source) != RB_OK)
		goto bad;
	if (rest.len != 0) {
		if (rest.len < 3 || rest.p[0] != '(' ||
		    rest.p[rest.len - 1] != ')')
			goto bad;
		b->source_version = span_of(rest.p + 1, rest.len - 2);
	}
	if (!package_name_is_valid(b->source) ||
	    !debversion_is_valid(b->version) ||
	    !debversion_is_valid(b->source_version))
		goto bad;
	return RB_OK;
bad:
	return bad_line("Source", text, "a source package, or its version",
	    why);
}

static enum rb_err
read_rest(const struct deb822 *stanza, struct buildinfo *b, struct fault *why)
{
	struct span format;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = deb822_text(stanza, "Format", &format, why)) != RB_OK)
		return rc;
	if (!span_equal_str(format, "1.0"))
		return bad_line("Format", format, "1.0", why);
	if ((rc = read_source(stanza, b, why)) != RB_OK ||
	    (rc = read_date(stanza, b, why)) != RB_OK ||
	    (rc = deb822_text(stanza, "Architecture", &b->architecture, why)) !=
		RB_OK ||
	    (rc = deb822_text(stanza, "Build-Architecture",
		 &b->build_architecture, why)) != RB_OK)
		return rc;
	if (!package_name_is_valid(b->build_architecture))
		return bad_line("Build-Architecture", b->build_architecture,
		    "an architecture", why);
	if (deb822_find(stanza, "Binary") != NULL &&
	    (rc = deb822_text(stanza, "Binary", &b->binary, why)) != RB_OK)
		return rc;
	if (deb822_find(stanza, "Build-Path") != NULL &&
	    (rc = deb822_text(stanza, "Build-Path", &b->build_path, why)) !=
		RB_OK)
		return rc;
	if (b->build_path.len != 0 && b->build_path.p[0] != '/')
		return bad_line("Build-Path", b->build_path, "an absolute path",
		    why);
	return RB_OK;
}

enum rb_err
buildinfo_parse(struct span in, struct buildinfo *out, struct fault *why)
{
	struct buildinfo b = BUILDINFO_INIT;
	struct deb822 stanza;
	enum rb_err rc = RB_EINTERNAL;

	if (in.len > BUILDINFO_BYTES_MAX)
		return fault_set(why, RB_ELIMIT, FILE_NAME ": over %u bytes",
		    BUILDINFO_BYTES_MAX);
	if ((rc = deb822_take(&in, FILE_NAME, &stanza, why)) == RB_ENOTFOUND)
		rc = fault_set(why, RB_EFORMAT, FILE_NAME ": it is empty");
	if (rc != RB_OK || (rc = read_rest(&stanza, &b, why)) != RB_OK ||
	    (rc = read_files(&stanza, &b, why)) != RB_OK ||
	    (rc = read_installed(&stanza, &b, why)) != RB_OK ||
	    (rc = read_environment(&stanza, &b, why)) != RB_OK)
		goto out;
	if (in.len != 0) {
		rc = fault_set(why, RB_EFORMAT,
		    FILE_NAME ": it has more than one stanza");
		goto out;
	}

	*out = b;
	b = (struct buildinfo)BUILDINFO_INIT; /* now the caller's */
	rc = RB_OK;
out:
	buildinfo_clear(&b);
	return rc;
}

void
buildinfo_clear(struct buildinfo *b)
{
	free(b->files);
	free(b->installed);
	free(b->environment);
	*b = (struct buildinfo)BUILDINFO_INIT;
}

enum rb_err
buildinfo_check(const struct buildinfo *b, struct span source,
    struct span version, struct fault *why)
{
	if (span_equal(b->source, source) &&
	    span_equal(b->source_version, version))
		return RB_OK;
	return fault_set(why, RB_EREFUSED,
	    FILE_NAME ": it is about %.*s %.*s, not about %.*s %.*s",
	    shown(b->source), (const char *)b->source.p,
	    shown(b->source_version), (const char *)b->source_version.p,
	    shown(source), (const char *)source.p, shown(version),
	    (const char *)version.p);
}

static bool
has_built(const struct buildinfo *b, struct span architecture)
{
	struct span rest = b->architecture, word;

	while (span_take_until(&rest, ' ', &word) == RB_OK)
		if (span_equal(word, architecture))
			return true;
	return false;
}

bool
buildinfo_built_for_one(const struct buildinfo *b)
{
	return has_built(b, b->build_architecture);
}

bool
buildinfo_built_for_all(const struct buildinfo *b)
{
	return has_built(b, SPAN("all"));
}

enum rb_err
buildinfo_write_pins(const struct buildinfo *b, struct buf *out)
{
	const struct buildinfo_package *p;
	size_t start = out->len, i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < b->ninstalled && rc == RB_OK; i++) {
		p = &b->installed[i];
		if ((rc = buf_put(out, p->name)) == RB_OK &&
		    p->architecture.len != 0 &&
		    (rc = buf_put_byte(out, ':')) == RB_OK)
			rc = buf_put(out, p->architecture);
		if (rc == RB_OK && (rc = buf_put_byte(out, ' ')) == RB_OK &&
		    (rc = buf_put(out, p->version)) == RB_OK)
			rc = buf_put_byte(out, '\n');
	}
	if (rc != RB_OK)
		out->len = start;
	return rc;
}

static bool
is_odd(const struct buildinfo_package *p, const char *how, struct fault *why)
{
	(void)fault_set(why, RB_EREFUSED, "%.*s %.*s is %s", shown(p->name),
	    (const char *)p->name.p, shown(p->version),
	    (const char *)p->version.p, how);
	return true;
}

/* NULL: there is none in that place any more. */
static bool
package_differs(const struct buildinfo_package *a,
    const struct buildinfo_package *b, struct fault *why)
{
	int r;

	if (b == NULL)
		return a != NULL && is_odd(a, "too much", why);
	if (a == NULL)
		return is_odd(b, "missing", why);
	if ((r = compare_package(a, b)) != 0)
		return r < 0 ? is_odd(a, "too much", why) :
			       is_odd(b, "missing", why);
	if (span_equal(a->version, b->version))
		return false;
	(void)fault_set(why, RB_EREFUSED, "%.*s is %.*s, not %.*s",
	    shown(a->name), (const char *)a->name.p, shown(a->version),
	    (const char *)a->version.p, shown(b->version),
	    (const char *)b->version.p);
	return true;
}

bool
buildinfo_equal(const struct buildinfo *a, const struct buildinfo *b,
    struct fault *why)
{
	size_t i;

	if (!span_equal(a->build_architecture, b->build_architecture)) {
		(void)fault_set(why, RB_EREFUSED,
		    "the architecture is %.*s, not %.*s",
		    shown(a->build_architecture),
		    (const char *)a->build_architecture.p,
		    shown(b->build_architecture),
		    (const char *)b->build_architecture.p);
		return false;
	}
	if (a->build_path.len != 0 && b->build_path.len != 0 &&
	    !span_equal(a->build_path, b->build_path)) {
		(void)fault_set(why, RB_EREFUSED, "the place is %.*s, not %.*s",
		    shown(a->build_path), (const char *)a->build_path.p,
		    shown(b->build_path), (const char *)b->build_path.p);
		return false;
	}
	for (i = 0; i < a->ninstalled || i < b->ninstalled; i++)
		if (package_differs(i < a->ninstalled ? &a->installed[i] : NULL,
			i < b->ninstalled ? &b->installed[i] : NULL, why))
			return false;
	return true;
}
