/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/built_index.h"

#include <string.h>

#define SHOWN_MAX 100

/* What apt resolves and orders by, and what dpkg wants to be there. */
static const char *const kept[] = { "Package", "Source", "Version",
	"Architecture", "Maintainer", "Installed-Size", "Multi-Arch",
	"Pre-Depends", "Depends", "Provides", "Conflicts", "Breaks", "Replaces",
	"Section", "Description" };

static int
shown(struct span s)
{
	return (int)(s.len < SHOWN_MAX ? s.len : SHOWN_MAX);
}

/* "name_version_architecture.deb", the version without its epoch. */
static bool
is_called(struct span file, const struct package *p)
{
	struct span version = p->version;
	const uint8_t *colon = memchr(version.p, ':', version.len);
	struct buf name = BUF_INIT;
	bool is_equal;

	if (colon != NULL)
		version = span_of(colon + 1,
		    (size_t)(version.p + version.len - colon - 1));
	is_equal = buf_printf(&name, "%.*s_%.*s_%.*s.deb", (int)p->name.len,
		       (const char *)p->name.p, (int)version.len,
		       (const char *)version.p, (int)p->architecture.len,
		       (const char *)p->architecture.p) == RB_OK &&
	    span_equal(buf_span(&name), file);
	buf_clear(&name);
	return is_equal;
}

static enum rb_err
put_field(struct buf *out, const char *name, struct span value)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_put_str(out, name)) != RB_OK ||
	    (rc = buf_put_byte(out, ':')) != RB_OK ||
	    (rc = buf_put(out, value)) != RB_OK)
		return rc;
	return buf_put_byte(out, '\n');
}

static enum rb_err
put_package(const struct deb822 *stanza, const struct checksum *file,
    struct buf *out)
{
	char hex[DIGEST_HEX_LEN + 1];
	const struct span *value;
	size_t i;
	enum rb_err rc = RB_OK;

	if (out->len != 0)
		rc = buf_put_byte(out, '\n');
	for (i = 0; i < sizeof(kept) / sizeof(kept[0]) && rc == RB_OK; i++) {
		value = deb822_find(stanza, kept[i]);
		if (value != NULL)
			rc = put_field(out, kept[i], *value);
	}
	if (rc != RB_OK)
		return rc;
	digest_hex(&file->digest, hex);
	return buf_printf(out,
	    "Filename: pool/built/%s/%.*s\nSize: %llu\nSHA256: %s\n", hex,
	    (int)file->path.len, (const char *)file->path.p,
	    (unsigned long long)file->size, hex);
}

static const struct checksum *
find_file(const struct checksum *files, size_t n, struct span name)
{
	size_t i;

	for (i = 0; i < n; i++)
		if (span_equal(files[i].path, name))
			return &files[i];
	return NULL;
}

static enum rb_err
take_one(const struct deb822 *stanza, struct span source,
    const struct checksum *files, size_t n, bool *is_done, struct buf *out,
    struct fault *why)
{
	const struct checksum *file;
	struct package p;
	struct span name;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = deb822_text(stanza, "File", &name, why)) != RB_OK)
		return rc;
	file = find_file(files, n, name);
	if (file == NULL || is_done[file - files])
		return fault_set(why, RB_EREFUSED,
		    "control: '%.*s' is no package of this build, or stands "
		    "there twice",
		    shown(name), (const char *)name.p);
	if ((rc = package_identify(stanza, &p, why)) != RB_OK)
		return rc;
	if (!is_called(name, &p))
		return fault_set(why, RB_EREFUSED,
		    "control: '%.*s' is said to be %.*s %.*s %.*s, and is not "
		    "called so",
		    shown(name), (const char *)name.p, shown(p.name),
		    (const char *)p.name.p, shown(p.version),
		    (const char *)p.version.p, shown(p.architecture),
		    (const char *)p.architecture.p);
	if (!span_equal(p.source, source))
		return fault_set(why, RB_EREFUSED,
		    "control: '%.*s' says that it is of source package %.*s, "
		    "but is of %.*s",
		    shown(name), (const char *)name.p, shown(p.source),
		    (const char *)p.source.p, shown(source),
		    (const char *)source.p);
	is_done[file - files] = true;
	return put_package(stanza, file, out);
}

enum rb_err
built_index_write(struct span control, struct span source,
    const struct checksum *files, size_t n, struct buf *out, struct fault *why)
{
	bool is_done[BUILT_MAX] = { false };
	struct buf index = BUF_INIT;
	struct deb822 stanza;
	size_t done = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (n > BUILT_MAX || control.len > BUILT_CONTROL_MAX)
		return fault_set(why, RB_ELIMIT,
		    "control: more than %d packages or %u bytes", BUILT_MAX,
		    BUILT_CONTROL_MAX);
	while ((rc = deb822_take(&control, "control", &stanza, why)) == RB_OK) {
		if ((rc = take_one(&stanza, source, files, n, is_done, &index,
			 why)) != RB_OK)
			goto out;
		done++;
	}
	if (rc != RB_ENOTFOUND)
		goto out;
	if (done != n) {
		rc = fault_set(why, RB_EREFUSED,
		    "control: it describes %zu of %zu packages", done, n);
		goto out;
	}
	rc = buf_put(out, buf_span(&index));
out:
	buf_clear(&index);
	return rc;
}
