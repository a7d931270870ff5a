/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/explain/explain_listing.h"

#include <stdlib.h>
#include <string.h>

#define BLOCK (64 * 1024)

typedef enum rb_err next_fn(struct reader *r, struct member *out,
    struct fault *why);

void
listing_clear(struct listing *l)
{
	size_t i;

	for (i = 0; i < l->n; i++)
		member_clear(&l->list[i]);
	free(l->list);
	free(l->by_name);
	*l = (struct listing)LISTING_INIT;
}

static int
compare_names(const void *pa, const void *pb, void *arg)
{
	const struct listing *l = arg;

	return strcmp(l->list[*(const size_t *)pa].name,
	    l->list[*(const size_t *)pb].name);
}

static enum rb_err
sort(struct listing *l, const char *who, struct fault *why)
{
	const char *name;
	size_t i;

	if ((l->by_name = calloc(l->n + 1, sizeof(*l->by_name))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < l->n; i++)
		l->by_name[i] = i;
	qsort_r(l->by_name, l->n, sizeof(*l->by_name), compare_names, l);
	for (i = 1; i < l->n; i++) {
		name = l->list[l->by_name[i]].name;
		if (strcmp(l->list[l->by_name[i - 1]].name, name) == 0)
			return fault_set(why, RB_EFORMAT,
			    "%s package: two members have the name %s", who,
			    name);
	}
	return RB_OK;
}

bool
listing_find(const struct listing *l, const char *name, size_t *at)
{
	size_t low = 0, high = l->n, mid;
	int r;

	while (low < high) {
		mid = low + (high - low) / 2;
		r = strcmp(l->list[l->by_name[mid]].name, name);
		if (r == 0) {
			*at = l->by_name[mid];
			return true;
		}
		if (r < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

static enum rb_err
hash_content(struct reader *r, struct digester *d, struct digest *out,
    struct fault *why)
{
	static uint8_t block[BLOCK];
	enum rb_err rc;
	size_t n;

	for (;;) {
		if ((rc = reader_bytes(r, block, sizeof(block), &n, why)) !=
		    RB_OK)
			return rc;
		if (n == 0)
			return digester_end(d, out);
		if ((rc = digester_put(d, span_of(block, n))) != RB_OK)
			return rc;
	}
}

static enum rb_err
add(struct listing *l, struct member *m)
{
	struct member *list;

	if ((l->n & (l->n - 1)) == 0) { /* 0 or a power of two: full */
		list = reallocarray(l->list, l->n == 0 ? 1 : 2 * l->n,
		    sizeof(*list));
		if (list == NULL)
			return RB_ENOMEM;
		l->list = list;
	}
	l->list[l->n++] = *m;
	*m = (struct member)MEMBER_INIT; /* now the listing's */
	return RB_OK;
}

static enum rb_err
read_all(struct reader *r, next_fn *next, const char *who, struct listing *out,
    struct fault *why)
{
	struct listing l = LISTING_INIT;
	struct digester *d = NULL;
	struct member m = MEMBER_INIT;
	enum rb_err rc;

	if ((rc = digester_new(&d)) != RB_OK)
		goto out;
	while ((rc = next(r, &m, why)) == RB_OK) {
		if ((rc = hash_content(r, d, &m.sha256, why)) != RB_OK)
			goto out;
		if ((rc = add(&l, &m)) != RB_OK)
			goto out;
	}
	if (rc != RB_ENOTFOUND)
		goto out;
	if ((rc = sort(&l, who, why)) != RB_OK)
		goto out;

	*out = l;
	l = (struct listing)LISTING_INIT; /* now the caller's */
	rc = RB_OK;
out:
	member_clear(&m);
	listing_clear(&l);
	digester_free(&d);
	return rc;
}

enum rb_err
listing_enter(struct reader *r, const char *part, struct fault *why)
{
	struct member m = MEMBER_INIT;
	enum rb_err rc;
	bool found;

	do {
		if ((rc = reader_next_part(r, &m, why)) != RB_OK)
			return rc;
		found = strcmp(m.name, part) == 0;
		member_clear(&m);
	} while (!found);
	return reader_enter(r, part, why);
}

enum rb_err
listing_read_parts(const struct package *p, struct listing *out,
    struct fault *why)
{
	struct reader *r = NULL;
	enum rb_err rc;

	if ((rc = reader_open(p, &r, why)) == RB_OK)
		rc = read_all(r, reader_next_part, p->who, out, why);
	reader_close(&r);
	return rc;
}

enum rb_err
listing_read_tar(const struct package *p, const char *part, struct listing *out,
    struct fault *why)
{
	struct reader *r = NULL;
	enum rb_err rc;

	if ((rc = reader_open(p, &r, why)) != RB_OK)
		goto out;
	if ((rc = listing_enter(r, part, why)) != RB_OK)
		goto out;
	rc = read_all(r, reader_next_member, p->who, out, why);
out:
	reader_close(&r);
	return rc;
}
