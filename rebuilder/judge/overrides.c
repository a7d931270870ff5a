/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/overrides.h"

#include <stdlib.h>

/* Of all components together. */
#define BUILT_STANZAS_MAX 65536

static int
compare_spans(const void *a, const void *b)
{
	const struct span *x = a, *y = b;

	return span_compare(*x, *y);
}

static bool
has(const struct span *sorted, size_t n, struct span name)
{
	return n != 0 &&
	    bsearch(&name, sorted, n, sizeof(name), compare_spans) != NULL;
}

void
overrides_clear(struct overrides *o)
{
	free(o->base);
	free(o->sources);
	*o = (struct overrides)OVERRIDES_INIT;
}

static bool
parse_line(struct span line, struct overrides *o)
{
	struct span word = SPAN_INIT;

	if (span_take_until(&line, ' ', &word) != RB_OK ||
	    !package_name_is_valid(line))
		return false;
	if (span_equal_str(word, "base"))
		o->base[o->nbase++] = line;
	else if (span_equal_str(word, "source"))
		o->sources[o->nsources++] = line;
	else
		return false;
	return true;
}

enum rb_err
overrides_parse(struct span in, struct overrides *out, struct fault *why)
{
	struct overrides o = OVERRIDES_INIT;
	struct span line;
	size_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (in.len > OVERRIDES_BYTES_MAX)
		return fault_set(why, RB_ELIMIT, "overrides: over %u bytes",
		    OVERRIDES_BYTES_MAX);
	o.base = calloc(OVERRIDES_MAX, sizeof(*o.base));
	o.sources = calloc(OVERRIDES_MAX, sizeof(*o.sources));
	if (o.base == NULL || o.sources == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	for (; in.len > 0; n++) {
		if (n == OVERRIDES_MAX || span_take_line(&in, &line) != RB_OK ||
		    !parse_line(line, &o)) {
			rc = fault_set(why, RB_EFORMAT,
			    "overrides: line %zu is neither base nor source "
			    "and a name, or one too many",
			    n + 1);
			goto out;
		}
	}
	qsort(o.base, o.nbase, sizeof(*o.base), compare_spans);
	qsort(o.sources, o.nsources, sizeof(*o.sources), compare_spans);

	*out = o;
	o = (struct overrides)OVERRIDES_INIT; /* now the caller's */
	rc = RB_OK;
out:
	overrides_clear(&o);
	return rc;
}

/* A package that we built. */
struct candidate {
	struct package package;
	struct span stanza;
	size_t place; /* in the index */
	bool is_withheld;
};

static int
compare_places(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;

	return (x->place > y->place) - (x->place < y->place);
}

static int
compare_names(const void *a, const void *b)
{
	const struct candidate *x = a, *y = b;
	int order = span_compare(x->package.name, y->package.name);

	return order != 0 ? order : compare_places(a, b);
}

static enum rb_err
read_built(const struct overrides *o, struct span built, struct candidate *list,
    size_t *n, struct fault *why)
{
	struct deb822 stanza;
	struct candidate *c;
	enum rb_err rc = RB_EINTERNAL;

	while ((rc = deb822_take(&built, "Packages", &stanza, why)) == RB_OK) {
		if (*n == BUILT_STANZAS_MAX)
			return fault_set(why, RB_ELIMIT,
			    "over %d packages of this node's own builds",
			    BUILT_STANZAS_MAX);
		c = &list[*n];
		if ((rc = package_identify(&stanza, &c->package, why)) != RB_OK)
			return rc;
		c->stanza = stanza.raw;
		c->place = (*n)++;
		c->is_withheld = has(o->base, o->nbase, c->package.name);
	}
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

/* The first of that name in the sorted list; NULL. */
static struct candidate *
first_of_name(struct candidate *list, size_t n, struct span name)
{
	size_t low = 0, high = n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (span_compare(list[middle].package.name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == n || !span_equal(list[low].package.name, name))
		return NULL;
	return &list[low];
}

static enum rb_err
read_archive(const struct overrides *o, struct span archive,
    struct candidate *list, size_t n, struct fault *why)
{
	struct deb822 stanza;
	struct package p;
	struct candidate *c;
	enum rb_err rc = RB_EINTERNAL;

	while (
	    (rc = deb822_take(&archive, "Packages", &stanza, why)) == RB_OK) {
		if ((rc = package_identify(&stanza, &p, why)) != RB_OK)
			return rc;
		c = first_of_name(list, n, p.name);
		for (; c != NULL && c < list + n &&
		    span_equal(c->package.name, p.name);
		    c++)
			if (!span_equal(c->package.source, p.source) ||
			    !has(o->sources, o->nsources, p.source))
				c->is_withheld = true;
	}
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

/* Of two sources that may offer a package of one name, the first does. */
static void
withhold_second_sources(struct candidate *sorted, size_t n)
{
	const struct candidate *first = NULL;
	struct candidate *c;

	for (c = sorted; c < sorted + n; c++) {
		if (c->is_withheld)
			continue;
		if (first == NULL ||
		    !span_equal(c->package.name, first->package.name))
			first = c;
		else if (!span_equal(c->package.source, first->package.source))
			c->is_withheld = true;
	}
}

static enum rb_err
put_stanza(struct buf *out, struct span stanza)
{
	enum rb_err rc = RB_OK;

	if (out->len != 0)
		rc = buf_put_byte(out, '\n');
	return rc == RB_OK ? buf_put(out, stanza) : rc;
}

static enum rb_err
put_word(const struct candidate *c, struct buf *out, uint32_t *named)
{
	if (out->len + c->package.name.len > OVERRIDES_NAMED_MAX)
		return RB_OK;
	++*named;
	return buf_printf(out, "%s%.*s", out->len == 0 ? "" : ", ",
	    (int)c->package.name.len, (const char *)c->package.name.p);
}

static enum rb_err
put_all(const struct candidate *list, size_t n, struct buf *out,
    struct buf *words, uint32_t *nwithheld)
{
	uint32_t withheld = 0, named = 0;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < n && rc == RB_OK; i++) {
		if (!list[i].is_withheld) {
			rc = put_stanza(out, list[i].stanza);
			continue;
		}
		withheld++;
		rc = put_word(&list[i], words, &named);
	}
	if (rc == RB_OK && named < withheld)
		rc = buf_printf(words, "%s%u more", named == 0 ? "" : " and ",
		    withheld - named);
	if (rc == RB_OK)
		*nwithheld = withheld;
	return rc;
}

enum rb_err
overrides_sift(const struct overrides *o, struct span built,
    struct span archive, struct buf *out, struct buf *words,
    uint32_t *nwithheld, struct fault *why)
{
	struct buf kept = BUF_INIT, said = BUF_INIT;
	struct candidate *list = NULL;
	size_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((list = calloc(BUILT_STANZAS_MAX, sizeof(*list))) == NULL)
		return RB_ENOMEM;
	if ((rc = read_built(o, built, list, &n, why)) != RB_OK)
		goto out;
	qsort(list, n, sizeof(*list), compare_names);
	if ((rc = read_archive(o, archive, list, n, why)) != RB_OK)
		goto out;
	withhold_second_sources(list, n);
	qsort(list, n, sizeof(*list), compare_places);
	if ((rc = put_all(list, n, &kept, &said, nwithheld)) != RB_OK ||
	    (rc = buf_put(out, buf_span(&kept))) != RB_OK)
		goto out;
	rc = buf_put(words, buf_span(&said));
out:
	free(list);
	buf_clear(&kept);
	buf_clear(&said);
	return rc;
}
