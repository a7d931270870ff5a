/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/built_index.h"

#include <string.h>

#include "rebuilder/judge/relations.h"

#define SHOWN_MAX 100

/*
 * What apt resolves and orders by, and what dpkg wants to be there; `take` of
 * a relationship field.
 */
static const struct kept {
	const char *name;
	enum rb_err (*take)(struct span *in, struct relation *out);
} kept[] = {
	{ "Package", NULL },
	{ "Source", NULL },
	{ "Version", NULL },
	{ "Architecture", NULL },
	{ "Maintainer", NULL },
	{ "Installed-Size", NULL },
	{ "Multi-Arch", NULL },
	{ "Pre-Depends", relation_take },
	{ "Depends", relation_take },
	{ "Provides", provided_take },
	{ "Conflicts", relation_take },
	{ "Breaks", relation_take },
	{ "Replaces", relation_take },
	{ "Section", NULL },
	{ "Description", NULL },
};
#define KEPT (sizeof(kept) / sizeof(kept[0]))

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

/* What a build is said to have left. */
struct claimed {
	struct span source;
	const struct checksum *files;
	size_t n, nprovided;
	bool is_done[BUILT_MAX];
};

/* RB_ENOTFOUND: the end of the field; RB_EFORMAT: no relationship. */
static enum rb_err
put_relationships(struct span value, const struct kept *k, struct claimed *c,
    struct buf *out)
{
	struct relation r;
	enum rb_err rc = RB_EINTERNAL;

	while ((rc = k->take(&value, &r)) == RB_OK) {
		if (k->take == provided_take &&
		    ++c->nprovided > BUILT_PROVIDED_MAX)
			return RB_EFORMAT;
		if ((rc = relation_put(&r, out)) == RB_OK && value.len > 0)
			rc = buf_put_str(out, r.is_alternative ? " |" : ",");
		if (rc != RB_OK)
			return rc;
	}
	return rc;
}

static enum rb_err
put_field(const struct kept *k, struct span value, struct claimed *c,
    struct buf *out)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = buf_put_str(out, k->name)) != RB_OK ||
	    (rc = buf_put_byte(out, ':')) != RB_OK)
		return rc;
	rc = k->take == NULL ? buf_put(out, value) :
			       put_relationships(value, k, c, out);
	if (rc != RB_OK && rc != RB_ENOTFOUND)
		return rc;
	return buf_put_byte(out, '\n');
}

static enum rb_err
put_package(const struct deb822 *stanza, const struct checksum *file,
    struct claimed *c, struct buf *out)
{
	char hex[DIGEST_HEX_LEN + 1];
	const struct span *value;
	size_t i;
	enum rb_err rc = RB_OK;

	if (out->len != 0)
		rc = buf_put_byte(out, '\n');
	for (i = 0; i < KEPT && rc == RB_OK; i++) {
		value = deb822_find(stanza, kept[i].name);
		if (value != NULL)
			rc = put_field(&kept[i], *value, c, out);
	}
	if (rc != RB_OK)
		return rc;
	digest_hex(&file->digest, hex);
	/* Without one, apt prefers it to what has one. */
	return buf_printf(out,
	    "Priority: extra\nFilename: pool/built/%s/%.*s\nSize: %llu\n"
	    "SHA256: %s\n",
	    hex, (int)file->path.len, (const char *)file->path.p,
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

/* The first ones by name, the others by an ellipsis. */
static enum rb_err
leave_out(const struct package *p, struct buf *words)
{
	static const char more[] = ", ...";

	if (words->len > BUILT_NAMED_MAX)
		return RB_OK;
	if (words->len + p->name.len > BUILT_NAMED_MAX)
		return buf_printf(words, "%s",
		    words->len == 0 ? more + 2 : more);
	return buf_printf(words, "%s%.*s", words->len == 0 ? "" : ", ",
	    (int)p->name.len, (const char *)p->name.p);
}

static enum rb_err
take_one(const struct deb822 *stanza, struct claimed *c, struct buf *out,
    struct buf *left_out, struct fault *why)
{
	const struct checksum *file;
	struct package p;
	struct span name;
	size_t len;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = deb822_text(stanza, "File", &name, why)) != RB_OK)
		return rc;
	file = find_file(c->files, c->n, name);
	if (file == NULL || c->is_done[file - c->files])
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
	if (!span_equal(p.source, c->source))
		return fault_set(why, RB_EREFUSED,
		    "control: '%.*s' says that it is of source package %.*s, "
		    "but is of %.*s",
		    shown(name), (const char *)name.p, shown(p.source),
		    (const char *)p.source.p, shown(c->source),
		    (const char *)c->source.p);
	c->is_done[file - c->files] = true;
	len = out->len;
	rc = put_package(stanza, file, c, out);
	if (rc != RB_EFORMAT)
		return rc;
	out->len = len;
	return leave_out(&p, left_out);
}

enum rb_err
built_index_write(struct span control, struct span source,
    const struct checksum *files, size_t n, struct buf *out,
    struct buf *left_out, struct fault *why)
{
	struct claimed c = { source, files, n, 0, { false } };
	struct buf index = BUF_INIT, words = BUF_INIT;
	struct deb822 stanza;
	size_t done = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (n > BUILT_MAX || control.len > BUILT_CONTROL_MAX)
		return fault_set(why, RB_ELIMIT,
		    "control: more than %d packages or %u bytes", BUILT_MAX,
		    BUILT_CONTROL_MAX);
	while ((rc = deb822_take(&control, "control", &stanza, why)) == RB_OK) {
		if ((rc = take_one(&stanza, &c, &index, &words, why)) != RB_OK)
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
	if ((rc = buf_put(out, buf_span(&index))) == RB_OK)
		rc = buf_put(left_out, buf_span(&words));
out:
	buf_clear(&index);
	buf_clear(&words);
	return rc;
}
