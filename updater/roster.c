/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/roster.h"

#include <stdlib.h>
#include <string.h>

void
roster_clear(struct roster *r)
{
	static const struct roster none = ROSTER_INIT;
	size_t i;

	if (r->names != NULL)
		for (i = 0; i < r->n; i++)
			package_name_clear(&r->names[i]);
	free(r->names);
	free(r->by_digest);
	free(r->by_name);
	*r = none;
}

static int
compare_digests(const void *pa, const void *pb, void *arg)
{
	const struct roster *r = arg;
	const struct digest *a = &r->files[*(const size_t *)pa].sha256;
	const struct digest *b = &r->files[*(const size_t *)pb].sha256;

	return memcmp(a->b, b->b, DIGEST_LEN);
}

static int
compare_names(const void *pa, const void *pb, void *arg)
{
	const struct roster *r = arg;

	return strcmp(r->names[*(const size_t *)pa].file,
	    r->names[*(const size_t *)pb].file);
}

/* A name that is no package's stands for itself. */
static enum rb_err
parse_name(const char *name, struct package_name *out)
{
	enum rb_err rc = package_name_parse(name, out);

	if (rc != RB_EFORMAT)
		return rc;
	*out = (struct package_name)PACKAGE_NAME_INIT;
	out->file = strdup(name);
	return out->file != NULL ? RB_OK : RB_ENOMEM;
}

enum rb_err
roster_make(const struct subject *files, size_t n, struct roster *out)
{
	struct roster r = ROSTER_INIT;
	enum rb_err rc = RB_ENOMEM;
	size_t i;

	r.files = files;
	r.n = n;
	if ((r.names = calloc(n + 1, sizeof(*r.names))) == NULL)
		goto out;
	if ((r.by_digest = calloc(n + 1, sizeof(*r.by_digest))) == NULL)
		goto out;
	if ((r.by_name = calloc(n + 1, sizeof(*r.by_name))) == NULL)
		goto out;
	for (i = 0; i < n; i++) {
		r.by_digest[i] = i;
		r.by_name[i] = i;
		if ((rc = parse_name(files[i].name, &r.names[i])) != RB_OK)
			goto out;
	}
	qsort_r(r.by_digest, n, sizeof(*r.by_digest), compare_digests, &r);
	qsort_r(r.by_name, n, sizeof(*r.by_name), compare_names, &r);

	*out = r;
	r = (struct roster)ROSTER_INIT; /* now the caller's */
	rc = RB_OK;
out:
	roster_clear(&r);
	return rc;
}

size_t
roster_first_digest(const struct roster *r, const struct digest *d)
{
	size_t low = 0, high = r->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (memcmp(r->files[r->by_digest[mid]].sha256.b, d->b,
			DIGEST_LEN) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool
roster_is_digest(const struct roster *r, size_t i, const struct digest *d,
    size_t *at)
{
	if (i >= r->n || !digest_equal(&r->files[r->by_digest[i]].sha256, d))
		return false;
	*at = r->by_digest[i];
	return true;
}

size_t
roster_first_name(const struct roster *r, const char *name)
{
	size_t low = 0, high = r->n, mid;

	while (low < high) {
		mid = low + (high - low) / 2;
		if (strcmp(r->names[r->by_name[mid]].file, name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

bool
roster_is_name(const struct roster *r, size_t i, const char *name, size_t *at)
{
	if (i >= r->n || strcmp(r->names[r->by_name[i]].file, name) != 0)
		return false;
	*at = r->by_name[i];
	return true;
}

bool
roster_name_fits(const struct roster *r, size_t at, const char *name,
    const char *version, const char *arch)
{
	const struct package_name *p = &r->names[at];

	return p->name == NULL || package_name_is_of(p, name, version, arch);
}

bool
roster_knows(const struct roster *r, const struct digest *d, const char *name)
{
	size_t at;

	return roster_is_digest(r, roster_first_digest(r, d), d, &at) ||
	    roster_is_name(r, roster_first_name(r, name), name, &at);
}
