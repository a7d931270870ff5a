/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/pins.h"

#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/debversion.h"

static int
compare_pin(const void *a, const void *b)
{
	const struct pin *x = a, *y = b;
	int r = span_compare(x->name, y->name);

	return r != 0 ? r : span_compare(x->architecture, y->architecture);
}

static bool
parse_line(struct span line, struct pin *out)
{
	struct pin p = { .is_found = false };
	struct span name = SPAN_INIT;

	if (span_take_until(&line, ' ', &name) != RB_OK ||
	    span_take_until(&name, ':', &p.name) != RB_OK)
		return false;
	p.architecture = name;
	p.version = line;
	if (!package_name_is_valid(p.name) || !debversion_is_valid(p.version) ||
	    (p.architecture.len != 0 && !package_name_is_valid(p.architecture)))
		return false;
	*out = p;
	return true;
}

enum rb_err
pins_parse(struct span in, struct pins *out, struct fault *why)
{
	struct pins p = PINS_INIT;
	struct span line;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if (in.len > PINS_BYTES_MAX)
		return fault_set(why, RB_ELIMIT, "pins: over %u bytes",
		    PINS_BYTES_MAX);
	if ((p.list = calloc(PINS_MAX, sizeof(*p.list))) == NULL)
		return RB_ENOMEM;
	while (in.len > 0) {
		if (p.n == PINS_MAX || span_take_line(&in, &line) != RB_OK ||
		    !parse_line(line, &p.list[p.n])) {
			rc = fault_set(why, RB_EFORMAT,
			    "pins: line %zu is not package and version, or one "
			    "too many",
			    p.n + 1);
			goto out;
		}
		p.n++;
	}
	qsort(p.list, p.n, sizeof(*p.list), compare_pin);
	for (i = 1; i < p.n; i++) {
		if (compare_pin(&p.list[i - 1], &p.list[i]) == 0) {
			rc = fault_set(why, RB_EFORMAT,
			    "pins: '%.*s' stands there twice",
			    (int)p.list[i].name.len,
			    (const char *)p.list[i].name.p);
			goto out;
		}
	}

	*out = p;
	p = (struct pins)PINS_INIT; /* now the caller's */
	rc = RB_OK;
out:
	pins_clear(&p);
	return rc;
}

void
pins_clear(struct pins *p)
{
	free(p->list);
	*p = (struct pins)PINS_INIT;
}

/* The first pin of that name in order; NULL when it is not pinned. */
static struct pin *
first_of_name(struct pins *p, struct span name)
{
	size_t low = 0, high = p->n, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (span_compare(p->list[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (low == p->n || !span_equal(p->list[low].name, name))
		return NULL;
	return &p->list[low];
}

static bool
is_offered(const struct pin *pin, const struct package *package,
    struct span architecture)
{
	if (!span_equal(pin->version, package->version))
		return false;
	if (pin->architecture.len != 0)
		return span_equal(pin->architecture, package->architecture);
	return span_equal(package->architecture, architecture) ||
	    span_equal_str(package->architecture, "all");
}

/* The first offer, but any other before our own. */
static void
take_offer(struct pin *pin, bool is_built, struct span stanza)
{
	if (pin->is_found && (is_built || !pin->is_built))
		return;
	pin->is_found = true;
	pin->is_built = is_built;
	pin->stanza = stanza;
}

/* Notes which pins the index offers, and how many. */
static enum rb_err
look_through(struct pins *p, const struct pins_index *from,
    struct span architecture, size_t *count, struct fault *why)
{
	struct span index = from->bytes;
	struct deb822 stanza;
	struct package package;
	struct pin *pin;
	enum rb_err rc = RB_EINTERNAL;

	*count = 0;
	while ((rc = deb822_take(&index, "Packages", &stanza, why)) == RB_OK) {
		if ((rc = package_identify(&stanza, &package, why)) != RB_OK)
			return rc;
		pin = first_of_name(p, package.name);
		for (; pin != NULL && pin < p->list + p->n &&
		    span_equal(pin->name, package.name);
		    pin++) {
			if (!is_offered(pin, &package, architecture))
				continue;
			++*count;
			take_offer(pin, from->kind == PINS_BUILT, stanza.raw);
		}
	}
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

static enum rb_err
put_stanza(struct buf *out, struct span stanza)
{
	size_t start = out->len;
	enum rb_err rc = RB_OK;

	if (out->len != 0)
		rc = buf_put_byte(out, '\n');
	if (rc == RB_OK && (rc = buf_put(out, stanza)) != RB_OK)
		out->len = start;
	return rc;
}

/* All stanzas of packages that are not pinned. */
static enum rb_err
put_others(struct pins *p, struct span index, struct buf *out,
    struct fault *why)
{
	struct deb822 stanza;
	struct span name;
	enum rb_err rc = RB_EINTERNAL;

	while ((rc = deb822_take(&index, "Packages", &stanza, why)) == RB_OK) {
		if ((rc = deb822_text(&stanza, "Package", &name, why)) != RB_OK)
			return rc;
		if (first_of_name(p, name) == NULL &&
		    (rc = put_stanza(out, stanza.raw)) != RB_OK)
			return rc;
	}
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

static enum rb_err
put_missing(const struct pins *p, struct buf *out, uint32_t *n)
{
	const struct pin *pin;
	uint32_t named = 0;
	size_t i;
	enum rb_err rc = RB_OK;

	*n = 0;
	for (i = 0; i < p->n && rc == RB_OK; i++) {
		pin = &p->list[i];
		if (pin->is_found)
			continue;
		++*n;
		if (named + 1 < *n ||
		    out->len + pin->name.len + pin->version.len >
			PINS_NAMED_MAX)
			continue;
		named++;
		rc = buf_printf(out, "%s%.*s%s%.*s %.*s",
		    named == 1 ? "" : ", ", (int)pin->name.len,
		    (const char *)pin->name.p,
		    pin->architecture.len == 0 ? "" : ":",
		    (int)pin->architecture.len,
		    (const char *)pin->architecture.p, (int)pin->version.len,
		    (const char *)pin->version.p);
	}
	if (rc == RB_OK && named < *n)
		rc = buf_printf(out, "%s%u more", named == 0 ? "" : " and ",
		    *n - named);
	return rc;
}

void
pins_merged_clear(struct pins_merged *m)
{
	buf_clear(&m->index);
	buf_clear(&m->missing);
	*m = (struct pins_merged)PINS_MERGED_INIT;
}

static enum rb_err
put_pinned(const struct pins *p, struct pins_merged *out)
{
	const struct pin *pin;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < p->n && rc == RB_OK; i++) {
		pin = &p->list[i];
		if (!pin->is_found)
			continue;
		out->nbuilt += pin->is_built ? 1 : 0;
		rc = put_stanza(&out->index, pin->stanza);
	}
	return rc;
}

enum rb_err
pins_merge(struct pins *p, const struct pins_index *indices, size_t n,
    struct span architecture, struct pins_merged *out, struct fault *why)
{
	struct pins_merged m = PINS_MERGED_INIT;
	size_t i, count = 0, best = n, best_count = 0;
	enum rb_err rc = RB_EINTERNAL;

	for (i = 0; i < n; i++) {
		rc = look_through(p, &indices[i], architecture, &count, why);
		if (rc != RB_OK)
			return rc;
		if (indices[i].kind != PINS_BUILT &&
		    (best == n || count > best_count)) {
			best = i;
			best_count = count;
		}
	}
	if (best == n)
		return fault_set(why, RB_EINTERNAL, "pins: no base index");
	for (i = 0; i < n; i++)
		if (i == best || indices[i].kind == PINS_BUILT)
			if ((rc = put_others(p, indices[i].bytes, &m.index,
				 why)) != RB_OK)
				goto out;
	if ((rc = put_pinned(p, &m)) != RB_OK ||
	    (rc = put_missing(p, &m.missing, &m.nmissing)) != RB_OK)
		goto out;

	*out = m;
	m = (struct pins_merged)PINS_MERGED_INIT; /* now the caller's */
out:
	pins_merged_clear(&m);
	return rc;
}
