/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/packages.h"

#include <stdlib.h>
#include <string.h>

#include "common/base/enc.h"
#include "common/process/msg.h"
#include "rebuilder/judge/debversion.h"

/* "name", or "name (version)" where the two versions differ. */
static bool
split_source(struct span value, struct package *p)
{
	struct span name = SPAN_INIT;

	if (span_take_until(&value, ' ', &name) != RB_OK)
		return false;
	p->source = name;
	if (value.len == 0)
		return true;
	if (value.len < 3 || value.p[0] != '(' || value.p[value.len - 1] != ')')
		return false;
	p->source_version = span_of(value.p + 1, value.len - 2);
	/* Only a version that was given apart can have been left behind. */
	p->is_binnmu = debversion_is_binnmu(p->version, p->source_version);
	return true;
}

enum rb_err
package_identify(const struct deb822 *stanza, struct package *out,
    struct fault *why)
{
	struct package p = { .is_binnmu = false };
	bool is_split = true;
	struct span source = SPAN_INIT;
	enum rb_err rc;

	if ((rc = deb822_text(stanza, "Package", &p.name, why)) != RB_OK)
		return rc;
	if (!package_name_is_valid(p.name))
		return fault_set(why, RB_EFORMAT,
		    "Packages names a package '%.*s', which is no package name",
		    (int)p.name.len, (const char *)p.name.p);
	if ((rc = deb822_text(stanza, "Version", &p.version, why)) != RB_OK ||
	    (rc = deb822_text(stanza, "Architecture", &p.architecture, why)) !=
		RB_OK)
		return rc;
	p.source = p.name;
	p.source_version = p.version;
	if (deb822_find(stanza, "Source") != NULL) {
		if ((rc = deb822_text(stanza, "Source", &source, why)) != RB_OK)
			return rc;
		is_split = split_source(source, &p);
	}
	if (!is_split || !debversion_is_valid(p.version) ||
	    !debversion_is_valid(p.source_version) ||
	    !package_name_is_valid(p.source) ||
	    !package_name_is_valid(p.architecture))
		return fault_set(why, RB_EFORMAT,
		    "Packages: version, architecture or source of package "
		    "'%.*s' is malformed",
		    (int)p.name.len, (const char *)p.name.p);
	*out = p;
	return RB_OK;
}

enum rb_err
package_read(const struct deb822 *stanza, struct package *out,
    struct fault *why)
{
	struct package p;
	struct span size, digest;
	enum rb_err rc;

	if ((rc = package_identify(stanza, &p, why)) != RB_OK ||
	    (rc = deb822_text(stanza, "Filename", &p.file.path, why)) !=
		RB_OK ||
	    (rc = deb822_text(stanza, "Size", &size, why)) != RB_OK ||
	    (rc = deb822_text(stanza, "SHA256", &digest, why)) != RB_OK)
		return rc;
	if (dec_parse(size, ARCHIVE_SIZE_MAX, &p.file.size) != RB_OK ||
	    digest_parse(digest, &p.file.digest) != RB_OK ||
	    !archive_path_is_pool(p.file.path))
		return fault_set(why, RB_EFORMAT,
		    "Packages: size, SHA256 or path of package '%.*s' is "
		    "malformed; a path is plain and below pool/",
		    (int)p.name.len, (const char *)p.name.p);
	*out = p;
	return RB_OK;
}

static enum rb_err
put_record(struct buf *records, const struct package *p)
{
	enum rb_err rc;

	if ((rc = put_bytes(records, p->name)) != RB_OK ||
	    (rc = put_bytes(records, p->version)) != RB_OK ||
	    (rc = put_bytes(records, p->architecture)) != RB_OK ||
	    (rc = put_bytes(records, p->file.path)) != RB_OK ||
	    (rc = put_u64(records, p->file.size)) != RB_OK ||
	    (rc = put_digest(records, &p->file.digest)) != RB_OK)
		return rc;
	return put_u8(records, p->is_binnmu ? 1 : 0);
}

static int
compare_identity(const void *a, const void *b)
{
	const struct package *x = a, *y = b;
	int r;

	if ((r = span_compare(x->name, y->name)) != 0 ||
	    (r = span_compare(x->version, y->version)) != 0)
		return r;
	return span_compare(x->architecture, y->architecture);
}

static enum rb_err
check_once_each(struct package *all, size_t n, struct fault *why)
{
	size_t i;

	qsort(all, n, sizeof(*all), compare_identity);
	for (i = 1; i < n; i++) {
		if (compare_identity(&all[i - 1], &all[i]) == 0)
			return fault_set(why, RB_EFORMAT,
			    "Packages lists package '%.*s' %.*s twice",
			    (int)all[i].name.len, (const char *)all[i].name.p,
			    (int)all[i].version.len,
			    (const char *)all[i].version.p);
	}
	return RB_OK;
}

enum rb_err
packages_of_source(struct span index, struct span source, struct span version,
    struct span architecture, struct buf *records, uint32_t *n,
    struct fault *why)
{
	struct buf found = BUF_INIT; /* the records */
	struct package *all = NULL, p = { .is_binnmu = false };
	struct deb822 stanza;
	uint32_t count = 0;
	enum rb_err rc = RB_EINTERNAL;

	all = calloc(PUBLISHED_MAX, sizeof(*all));
	if (all == NULL)
		return RB_ENOMEM;
	while ((rc = deb822_take(&index, "Packages", &stanza, why)) == RB_OK) {
		if ((rc = package_identify(&stanza, &p, why)) != RB_OK)
			goto out;
		if (!span_equal(p.source, source) ||
		    !span_equal(p.source_version, version) ||
		    (!span_equal(p.architecture, architecture) &&
			!span_equal_str(p.architecture, "all")))
			continue;
		if ((rc = package_read(&stanza, &p, why)) != RB_OK)
			goto out;
		if (count == PUBLISHED_MAX) {
			rc = fault_set(why, RB_ELIMIT,
			    "Packages lists more than %d packages of one "
			    "source",
			    PUBLISHED_MAX);
			goto out;
		}
		if ((rc = put_record(&found, &p)) != RB_OK)
			goto out;
		all[count++] = p;
	}
	if (rc != RB_ENOTFOUND ||
	    (rc = check_once_each(all, count, why)) != RB_OK ||
	    (rc = buf_put(records, buf_span(&found))) != RB_OK)
		goto out;

	*n = count;
	rc = RB_OK;
out:
	free(all);
	buf_clear(&found);
	return rc;
}
