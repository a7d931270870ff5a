/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/prepared.h"

#include <string.h>

#include "common/base/digest.h"
#include "rebuilder/judge/checksums.h"
#include "rebuilder/judge/deb822.h"
#include "rebuilder/judge/debversion.h"

#define LISTED_MAX 64

static bool
ends_in_dsc(const char *name)
{
	size_t len = strlen(name);

	return len > 4 && strcmp(name + len - 4, ".dsc") == 0;
}

enum rb_err
prepared_find_dsc(const struct outputs *o, const struct output **out,
    struct fault *why)
{
	const struct output *found = NULL;
	size_t i;

	for (i = 0; i < o->n; i++) {
		if (!ends_in_dsc(o->files[i].name))
			continue;
		if (found != NULL)
			return fault_set(why, RB_EREFUSED,
			    "more than one source package was prepared: "
			    "%.100s, %.100s",
			    found->name, o->files[i].name);
		found = &o->files[i];
	}
	if (found == NULL)
		return fault_set(why, RB_EREFUSED,
		    "no source package was prepared");
	*out = found;
	return RB_OK;
}

/* "<source>_<version without epoch>.dsc" */
static bool
is_named_so(const char *name, struct span source, struct span version)
{
	struct span rest = span_of_str(name), part = SPAN_INIT;
	const uint8_t *colon = memchr(version.p, ':', version.len);

	if (colon != NULL)
		version = span_of(colon + 1,
		    version.len - (size_t)(colon + 1 - version.p));
	return span_take(&rest, source.len, &part) == RB_OK &&
	    span_equal(part, source) && span_take(&rest, 1, &part) == RB_OK &&
	    part.p[0] == '_' && span_take(&rest, version.len, &part) == RB_OK &&
	    span_equal(part, version) && span_equal_str(rest, ".dsc");
}

static enum rb_err
check_file(const struct checksum *sum, const struct outputs *o, int fd,
    struct fault *why)
{
	struct digest digest = DIGEST_INIT;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	for (i = 0; i < o->n; i++)
		if (span_equal_str(sum->path, o->files[i].name))
			break;
	if (i == o->n || o->files[i].len != sum->size)
		return fault_set(why, RB_EREFUSED,
		    "the .dsc lists '%.*s', which was not prepared, or in "
		    "another length",
		    (int)sum->path.len, (const char *)sum->path.p);
	if ((rc = digest_of_fd(fd, o->files[i].offset, o->files[i].len,
		 &digest)) != RB_OK)
		return rc;
	if (!digest_equal(&digest, &sum->digest))
		return fault_set(why, RB_EREFUSED,
		    "the .dsc has another checksum for '%.*s'",
		    (int)sum->path.len, (const char *)sum->path.p);
	return RB_OK;
}

static enum rb_err
check_files(const struct deb822 *d, const struct outputs *o, int fd,
    struct fault *why)
{
	const struct span *field = deb822_find(d, "Checksums-Sha256");
	struct checksum sum, seen[LISTED_MAX];
	struct span lines, line = SPAN_INIT;
	size_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if (field == NULL)
		return fault_set(why, RB_EREFUSED,
		    "the .dsc has no Checksums-Sha256");
	lines = *field;
	while ((rc = deb822_line_take(&lines, &line)) == RB_OK) {
		if ((rc = checksum_parse(line, &sum)) != RB_OK)
			return rc;
		for (i = 0; i < n; i++)
			if (span_equal(seen[i].path, sum.path))
				return fault_set(why, RB_EREFUSED,
				    "the .dsc lists '%.*s' twice",
				    (int)sum.path.len,
				    (const char *)sum.path.p);
		if (n == LISTED_MAX)
			return RB_ELIMIT;
		seen[n++] = sum;
		if ((rc = check_file(&sum, o, fd, why)) != RB_OK)
			return rc;
	}
	if (rc != RB_ENOTFOUND)
		return rc;
	if (n + 1 != o->n)
		return fault_set(why, RB_EREFUSED,
		    "%zu files were prepared, and the .dsc lists %zu", o->n, n);
	return RB_OK;
}

/* Where Sources has the package, the .dsc has its own fields. */
static enum rb_err
write_stanza(const struct deb822 *d, struct span source, struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = buf_printf(out, "Package: %.*s\n", (int)source.len,
		 (const char *)source.p)) != RB_OK)
		return rc;
	for (i = 0; i < d->n; i++) {
		if (span_equal_str(d->fields[i].name, "Source"))
			continue;
		if ((rc = buf_put(out, d->fields[i].name)) != RB_OK ||
		    (rc = buf_put_byte(out, ':')) != RB_OK ||
		    (rc = buf_put(out, d->fields[i].value)) != RB_OK ||
		    (rc = buf_put_byte(out, '\n')) != RB_OK)
			return rc;
	}
	return buf_put_str(out, "Directory: pool/prepared\n");
}

static bool
has_reserved(const struct deb822 *d)
{
	return deb822_find(d, "Package") != NULL ||
	    deb822_find(d, "Directory") != NULL;
}

enum rb_err
prepared_read(struct span text, const struct outputs *o,
    const struct output *dsc, int fd, struct prepared *out, struct buf *stanza,
    struct fault *why)
{
	struct prepared p = { .dsc = dsc };
	struct deb822 d;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = deb822_take(&text, ".dsc", &d, why)) != RB_OK)
		return rc;
	if (text.len != 0 || has_reserved(&d))
		return fault_set(why, RB_EREFUSED,
		    "the .dsc holds more than one source package");
	if ((rc = deb822_text(&d, "Source", &p.source, why)) != RB_OK ||
	    (rc = deb822_text(&d, "Version", &p.version, why)) != RB_OK)
		return rc;
	if (!package_name_is_valid(p.source) ||
	    !debversion_is_valid(p.version) ||
	    !is_named_so(dsc->name, p.source, p.version))
		return fault_set(why, RB_EREFUSED,
		    "%.200s does not have the name of its source and version",
		    dsc->name);
	if ((rc = check_files(&d, o, fd, why)) != RB_OK ||
	    (rc = write_stanza(&d, p.source, stanza)) != RB_OK)
		return rc;
	*out = p;
	return RB_OK;
}
