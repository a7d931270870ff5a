/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/command/inputs_diff.h"

#include <stdlib.h>
#include <string.h>

static int
compare_package(const struct input *a, const struct input *b)
{
	int r;

	if ((r = strcmp(a->name, b->name)) != 0 ||
	    (r = strcmp(a->arch, b->arch)) != 0)
		return r;
	return strcmp(a->kind, b->kind);
}

static int
compare_input(const void *x, const void *y)
{
	const struct input *a = x, *b = y;
	int r;

	if ((r = compare_package(a, b)) != 0 ||
	    (r = strcmp(a->version, b->version)) != 0 ||
	    (r = memcmp(a->sha256.b, b->sha256.b, DIGEST_LEN)) != 0)
		return r;
	return strcmp(a->origin, b->origin);
}

static bool
find_change(const struct input *a, const struct input *b,
    enum inputs_change *out)
{
	if (strcmp(a->version, b->version) != 0)
		*out = INPUTS_VERSION;
	else if (!digest_equal(&a->sha256, &b->sha256) || a->size != b->size)
		*out = INPUTS_BYTES;
	else if (strcmp(a->origin, b->origin) != 0)
		*out = INPUTS_ORIGIN;
	else
		return false;
	return true;
}

/*
 * Drops from each run of one package what stands in both lists, so that of a
 * package in several versions only the other ones are left to be paired.
 */
static size_t
run_of(const struct inputs *l, size_t at)
{
	size_t n = 1;

	while (at + n < l->n &&
	    compare_package(&l->list[at], &l->list[at + n]) == 0)
		n++;
	return n;
}

struct run {
	const struct input **list; /* owned; of one package, borrowed */
	size_t n;
};

static enum rb_err
run_make(const struct inputs *own, size_t at, const struct inputs *other,
    size_t other_at, size_t other_n, struct run *out)
{
	const struct input *in;
	size_t n = run_of(own, at), i, k;

	out->n = 0;
	if ((out->list = calloc(n, sizeof(*out->list))) == NULL)
		return RB_ENOMEM;
	for (i = 0; i < n; i++) {
		in = &own->list[at + i];
		for (k = 0; k < other_n; k++)
			if (compare_input(in, &other->list[other_at + k]) == 0)
				break;
		if (k == other_n)
			out->list[out->n++] = in;
	}
	return RB_OK;
}

static enum rb_err
compare_runs(const struct run *a, const struct run *b, inputs_differ each,
    void *self)
{
	enum inputs_change change = INPUTS_VERSION;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < a->n && i < b->n && rc == RB_OK; i++)
		if (find_change(a->list[i], b->list[i], &change))
			rc = each(self, change, a->list[i], b->list[i]);
	for (; i < a->n && rc == RB_OK; i++)
		rc = each(self, INPUTS_REMOVED, a->list[i], NULL);
	for (; i < b->n && rc == RB_OK; i++)
		rc = each(self, INPUTS_ADDED, NULL, b->list[i]);
	return rc;
}

enum rb_err
inputs_compare(struct inputs *a, struct inputs *b, inputs_differ each,
    void *self)
{
	struct run left = { NULL, 0 }, right = { NULL, 0 };
	size_t i = 0, k = 0, ni, nk;
	int r;
	enum rb_err rc = RB_OK;

	if (a->n > 0)
		qsort(a->list, a->n, sizeof(*a->list), compare_input);
	if (b->n > 0)
		qsort(b->list, b->n, sizeof(*b->list), compare_input);
	while ((i < a->n || k < b->n) && rc == RB_OK) {
		r = i == a->n ? 1 :
		    k == b->n ? -1 :
				compare_package(&a->list[i], &b->list[k]);
		ni = r <= 0 ? run_of(a, i) : 0;
		nk = r >= 0 ? run_of(b, k) : 0;
		if (ni > 0)
			rc = run_make(a, i, b, k, nk, &left);
		if (rc == RB_OK && nk > 0)
			rc = run_make(b, k, a, i, ni, &right);
		if (rc == RB_OK)
			rc = compare_runs(&left, &right, each, self);
		free(left.list);
		free(right.list);
		left = right = (struct run){ NULL, 0 };
		i += ni;
		k += nk;
	}
	return rc;
}
