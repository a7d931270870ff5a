/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/overrides.h"

#include <stdlib.h>

#include "rebuilder/judge/relations.h"

/* Of all components together. */
#define BUILT_STANZAS_MAX 65536
#define BUILT_NAMES_MAX 1048576

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
	bool is_withheld, is_struck; /* is_struck: some name that it provides */
	enum withheld_for reason;
};

/* A name that a candidate has. */
struct claim {
	struct span name;
	size_t by; /* the candidate's place in the index */
	bool is_provided, is_struck;
	bool is_published, is_published_own;
};

struct sieve {
	const struct overrides *rules;
	struct candidate *list; /* owned, as in the index */
	struct claim *claims; /* owned */
	size_t n, nclaims;
};

static void
sieve_clear(struct sieve *s)
{
	free(s->list);
	free(s->claims);
}

static void
withhold(struct sieve *s, size_t by, enum withheld_for reason)
{
	if (s->list[by].is_withheld)
		return;
	s->list[by].is_withheld = true;
	s->list[by].reason = reason;
}

/* It may not be offered by this name: not at all, when it is called so. */
static void
strike(struct sieve *s, struct claim *c, enum withheld_for reason)
{
	if (!c->is_provided)
		withhold(s, c->by, reason);
	c->is_struck = true;
	s->list[c->by].is_struck = true;
}

/* What is called so stands before what only provides it. */
static int
compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = span_compare(x->name, y->name);

	if (order != 0)
		return order;
	if (x->is_provided != y->is_provided)
		return x->is_provided ? 1 : -1;
	return (x->by > y->by) - (x->by < y->by);
}

static enum rb_err
add_claim(struct sieve *s, struct span name, bool is_provided,
    struct fault *why)
{
	struct claim *c;

	if (s->nclaims == BUILT_NAMES_MAX)
		return fault_set(why, RB_ELIMIT,
		    "packages of this node's own builds have over %d names",
		    BUILT_NAMES_MAX);
	c = &s->claims[s->nclaims++];
	*c = (struct claim){ name, s->n, is_provided, false, false, false };
	if (has(s->rules->base, s->rules->nbase, name))
		strike(s, c, WITHHELD_ARCHIVE);
	return RB_OK;
}

/* The names that a stanza provides, one after the other. */
static struct span
provided_by(const struct deb822 *stanza)
{
	const struct span *value = deb822_find(stanza, "Provides");

	return value == NULL ? (struct span)SPAN_INIT : *value;
}

static enum rb_err
read_one_built(struct sieve *s, const struct deb822 *stanza, struct fault *why)
{
	struct candidate *c = &s->list[s->n];
	struct span provides = provided_by(stanza);
	struct relation r;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = package_identify(stanza, &c->package, why)) != RB_OK)
		return rc;
	c->stanza = stanza->raw;
	rc = add_claim(s, c->package.name, false, why);
	while (rc == RB_OK && (rc = provided_take(&provides, &r)) == RB_OK)
		rc = add_claim(s, r.name, true, why);
	if (rc == RB_EFORMAT) {
		/* Nobody knows what it would be taken for. */
		withhold(s, s->n, WITHHELD_ARCHIVE);
		rc = RB_ENOTFOUND;
	}
	s->n++;
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

static enum rb_err
read_built(struct sieve *s, struct span built, struct fault *why)
{
	struct deb822 stanza;
	enum rb_err rc = RB_EINTERNAL;

	while ((rc = deb822_take(&built, "Packages", &stanza, why)) == RB_OK) {
		if (s->n == BUILT_STANZAS_MAX)
			return fault_set(why, RB_ELIMIT,
			    "over %d packages of this node's own builds",
			    BUILT_STANZAS_MAX);
		if ((rc = read_one_built(s, &stanza, why)) != RB_OK)
			return rc;
	}
	if (rc != RB_ENOTFOUND)
		return rc;
	qsort(s->claims, s->nclaims, sizeof(*s->claims), compare_claims);
	return RB_OK;
}

/* The first claim of a name, and behind the last one; sorted. */
static struct claim *
first_of_name(const struct sieve *s, struct span name, struct claim **end)
{
	size_t low = 0, high = s->nclaims, middle;

	while (low < high) {
		middle = low + (high - low) / 2;
		if (span_compare(s->claims[middle].name, name) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	while (high < s->nclaims && span_equal(s->claims[high].name, name))
		high++;
	*end = s->claims + high;
	return s->claims + low;
}

static bool
is_of(const struct sieve *s, const struct claim *c, struct span source)
{
	return span_equal(s->list[c->by].package.source, source);
}

/* The archive has this name from that source package. */
static void
strike_of_archive(struct sieve *s, struct span name, struct span source)
{
	struct claim *end, *c = first_of_name(s, name, &end);

	for (; c < end; c++)
		if (!is_of(s, c, source) ||
		    !has(s->rules->sources, s->rules->nsources, source))
			strike(s, c, WITHHELD_ARCHIVE);
}

static enum rb_err
read_archive(struct sieve *s, struct span archive, struct fault *why)
{
	struct deb822 stanza;
	struct relation r;
	struct package p;
	struct span provides;
	enum rb_err rc = RB_EINTERNAL;

	while (
	    (rc = deb822_take(&archive, "Packages", &stanza, why)) == RB_OK) {
		if ((rc = package_identify(&stanza, &p, why)) != RB_OK)
			return rc;
		strike_of_archive(s, p.name, p.source);
		provides = provided_by(&stanza);
		while ((rc = provided_take(&provides, &r)) == RB_OK)
			strike_of_archive(s, r.name, p.source);
		if (rc != RB_ENOTFOUND)
			return fault_set(why, rc,
			    "Packages: what package '%.*s' provides cannot be "
			    "read",
			    (int)p.name.len, (const char *)p.name.p);
	}
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

/* By that source; who provides a name may not be called so for that. */
static void
note_published(struct sieve *s, struct span name, struct span source,
    bool is_provided)
{
	struct claim *end, *c = first_of_name(s, name, &end);

	for (; c < end; c++) {
		c->is_published = true;
		if (is_of(s, c, source) && (!is_provided || c->is_provided))
			c->is_published_own = true;
	}
}

static enum rb_err
read_published(struct sieve *s, struct span published, struct fault *why)
{
	struct deb822 stanza;
	struct relation r;
	struct package p;
	struct span provides;
	enum rb_err rc = RB_EINTERNAL;

	while (
	    (rc = deb822_take(&published, "Packages", &stanza, why)) == RB_OK) {
		if ((rc = package_identify(&stanza, &p, why)) != RB_OK)
			return rc;
		note_published(s, p.name, p.source, false);
		provides = provided_by(&stanza);
		while ((rc = provided_take(&provides, &r)) == RB_OK)
			note_published(s, r.name, p.source, true);
		if (rc != RB_ENOTFOUND)
			return fault_set(why, rc,
			    "Packages: what package '%.*s' provides cannot be "
			    "read",
			    (int)p.name.len, (const char *)p.name.p);
	}
	return rc == RB_ENOTFOUND ? RB_OK : rc;
}

static void
strike_of_published(struct sieve *s)
{
	struct claim *c;

	for (c = s->claims; c < s->claims + s->nclaims; c++)
		if (c->is_published && !c->is_published_own)
			strike(s, c, WITHHELD_PUBLISHED);
}

/* Of two sources that may offer a package of one name, the first does. */
static void
strike_second_sources(struct sieve *s)
{
	const struct claim *first = NULL;
	struct claim *c;

	for (c = s->claims; c < s->claims + s->nclaims; c++) {
		if (s->list[c->by].is_withheld)
			continue;
		if (first != NULL && span_equal(c->name, first->name)) {
			if (!is_of(s, c, s->list[first->by].package.source))
				strike(s, c, WITHHELD_SECOND);
		} else if (!c->is_provided) {
			first = c;
		}
	}
}

static bool
is_struck(const struct sieve *s, size_t by, struct span name)
{
	struct claim *end, *c = first_of_name(s, name, &end);

	for (; c < end; c++)
		if (c->by == by && c->is_struck)
			return true;
	return false;
}

/* The field without the names that were struck; none is left out if all are. */
static enum rb_err
put_provides(const struct sieve *s, size_t by, struct span value,
    struct buf *out)
{
	const char *before = "Provides: ";
	struct relation r;
	enum rb_err rc = RB_EINTERNAL;

	while ((rc = provided_take(&value, &r)) == RB_OK) {
		if (is_struck(s, by, r.name))
			continue;
		rc = buf_printf(out, "%s%.*s", before, (int)r.name.len,
		    (const char *)r.name.p);
		if (rc == RB_OK && r.version.len != 0)
			rc = buf_printf(out, " (= %.*s)", (int)r.version.len,
			    (const char *)r.version.p);
		if (rc != RB_OK)
			return rc;
		before = ", ";
	}
	if (rc != RB_ENOTFOUND)
		return rc;
	return before[0] == ',' ? buf_put_byte(out, '\n') : RB_OK;
}

static enum rb_err
put_rest(const struct sieve *s, size_t by, struct buf *out)
{
	struct span in = s->list[by].stanza;
	const struct deb822_field *f;
	struct deb822 stanza;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	rc = deb822_take(&in, "Packages", &stanza, NULL);
	for (i = 0; rc == RB_OK && i < stanza.n; i++) {
		f = &stanza.fields[i];
		rc = span_equal_str(f->name, "Provides") ?
		    put_provides(s, by, f->value, out) :
		    buf_printf(out, "%.*s:%.*s\n", (int)f->name.len,
			(const char *)f->name.p, (int)f->value.len,
			(const char *)f->value.p);
	}
	return rc;
}

static enum rb_err
put_stanza(const struct sieve *s, size_t by, struct buf *out)
{
	enum rb_err rc = RB_OK;

	if (out->len != 0)
		rc = buf_put_byte(out, '\n');
	if (rc != RB_OK)
		return rc;
	return s->list[by].is_struck ? put_rest(s, by, out) :
				       buf_put(out, s->list[by].stanza);
}

static enum rb_err
put_word(const struct candidate *c, struct buf *out, uint32_t *named)
{
	const struct span name = c->package.name, source = c->package.source;
	enum rb_err rc = RB_EINTERNAL;

	if (out->len + name.len + source.len > OVERRIDES_NAMED_MAX)
		return RB_OK;
	++*named;
	rc = buf_printf(out, "%s%.*s", out->len == 0 ? "" : ", ", (int)name.len,
	    (const char *)name.p);
	if (rc == RB_OK && c->reason == WITHHELD_SECOND)
		rc = buf_printf(out, " of %.*s", (int)source.len,
		    (const char *)source.p);
	return rc;
}

static enum rb_err
put_all(const struct sieve *s, struct sifted *out)
{
	uint32_t named[WITHHELD_REASONS] = { 0 }, n;
	const struct candidate *c;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < s->n && rc == RB_OK; i++) {
		c = &s->list[i];
		if (!c->is_withheld) {
			rc = put_stanza(s, i, &out->offered);
			continue;
		}
		out->withheld[c->reason].n++;
		rc = put_word(c, &out->withheld[c->reason].names,
		    &named[c->reason]);
	}
	for (i = 0; i < WITHHELD_REASONS && rc == RB_OK; i++) {
		n = out->withheld[i].n;
		if (named[i] < n)
			rc = buf_printf(&out->withheld[i].names, "%s%u more",
			    named[i] == 0 ? "" : " and ", n - named[i]);
	}
	return rc;
}

void
sifted_clear(struct sifted *s)
{
	size_t i;

	buf_clear(&s->offered);
	for (i = 0; i < WITHHELD_REASONS; i++)
		buf_clear(&s->withheld[i].names);
	*s = (struct sifted)SIFTED_INIT;
}

enum rb_err
overrides_sift(const struct overrides *o, struct span built,
    struct span archive, const struct span *published, size_t npublished,
    struct sifted *out, struct fault *why)
{
	struct sieve s = { o, NULL, NULL, 0, 0 };
	struct sifted sifted = SIFTED_INIT;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	s.list = calloc(BUILT_STANZAS_MAX, sizeof(*s.list));
	s.claims = calloc(BUILT_NAMES_MAX, sizeof(*s.claims));
	if (s.list == NULL || s.claims == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	if ((rc = read_built(&s, built, why)) != RB_OK ||
	    (rc = read_archive(&s, archive, why)) != RB_OK)
		goto out;
	for (i = 0; i < npublished; i++)
		if ((rc = read_published(&s, published[i], why)) != RB_OK)
			goto out;
	strike_of_published(&s);
	strike_second_sources(&s);
	if ((rc = put_all(&s, &sifted)) != RB_OK)
		goto out;

	*out = sifted;
	sifted = (struct sifted)SIFTED_INIT; /* now the caller's */
	rc = RB_OK;
out:
	sieve_clear(&s);
	sifted_clear(&sifted);
	return rc;
}
