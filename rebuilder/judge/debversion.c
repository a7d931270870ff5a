/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/debversion.h"

#include <string.h>

#include "common/base/enc.h"

#define EPOCH_MAX 2147483647u

struct parts {
	struct span epoch, upstream, revision;
};

static bool
is_digit(uint8_t c)
{
	return c >= '0' && c <= '9';
}

static bool
is_letter(uint8_t c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

static bool
holds_only(struct span s, const char *marks)
{
	size_t i;

	for (i = 0; i < s.len; i++) {
		if (!is_digit(s.p[i]) && !is_letter(s.p[i]) &&
		    (s.p[i] == 0 || strchr(marks, s.p[i]) == NULL))
			return false;
	}
	return true;
}

/* The epoch ends at the first colon, the revision starts at the last "-". */
static struct parts
split(struct span v)
{
	struct parts parts = { SPAN_INIT, SPAN_INIT, SPAN_INIT };
	const uint8_t *colon = NULL, *hyphen;

	if (v.len != 0)
		colon = memchr(v.p, ':', v.len);
	if (colon != NULL) {
		parts.epoch = span_of(v.p, (size_t)(colon - v.p));
		v = span_of(colon + 1, v.len - parts.epoch.len - 1);
	}
	parts.upstream = v;
	hyphen = v.len == 0 ? NULL : memrchr(v.p, '-', v.len);
	if (hyphen != NULL) {
		parts.upstream.len = (size_t)(hyphen - v.p);
		parts.revision = span_of(hyphen + 1,
		    v.len - parts.upstream.len - 1);
	}
	return parts;
}

bool
debversion_is_valid(struct span v)
{
	struct parts parts;
	uint64_t epoch;

	if (v.len == 0 || v.len > DEBVERSION_MAX)
		return false;
	parts = split(v);
	if (v.p[0] == ':' || v.p[v.len - 1] == '-')
		return false;
	if (parts.epoch.len > 0 &&
	    dec_parse(parts.epoch, EPOCH_MAX, &epoch) != RB_OK)
		return false;
	/* Colons are allowed behind an epoch only; the first one ends it. */
	return parts.upstream.len > 0 && is_digit(parts.upstream.p[0]) &&
	    holds_only(parts.upstream, ".+-~:") &&
	    holds_only(parts.revision, ".+~");
}

/* "~" sorts before the end, the end before letters, letters before marks. */
static int
weight(struct span s, size_t i)
{
	if (i >= s.len || is_digit(s.p[i]))
		return 0;
	if (is_letter(s.p[i]))
		return s.p[i];
	return s.p[i] == '~' ? -1 : s.p[i] + 256;
}

static size_t
skip_zeros(struct span s, size_t i)
{
	while (i < s.len && s.p[i] == '0')
		i++;
	return i;
}

static size_t
count_digits(struct span s, size_t i)
{
	size_t n = 0;

	while (i + n < s.len && is_digit(s.p[i + n]))
		n++;
	return n;
}

/* In turn: a part without digits by weight, a part of digits by value. */
static int
compare_part(struct span a, struct span b)
{
	size_t i = 0, j = 0, n, m;
	int r;

	while (i < a.len || j < b.len) {
		while ((i < a.len && !is_digit(a.p[i])) ||
		    (j < b.len && !is_digit(b.p[j]))) {
			r = weight(a, i) - weight(b, j);
			if (r != 0)
				return r;
			i++;
			j++;
		}
		i = skip_zeros(a, i);
		j = skip_zeros(b, j);
		n = count_digits(a, i);
		m = count_digits(b, j);
		if (n != m)
			return n < m ? -1 : 1;
		if (n == 0) /* an absent part has no bytes to point at */
			continue;
		r = span_compare(span_of(a.p + i, n), span_of(b.p + j, n));
		if (r != 0)
			return r;
		i += n;
		j += m;
	}
	return 0;
}

int
debversion_compare(struct span a, struct span b)
{
	struct parts x = split(a), y = split(b);
	int r;

	if ((r = compare_part(x.epoch, y.epoch)) != 0)
		return r;
	if ((r = compare_part(x.upstream, y.upstream)) != 0)
		return r;
	return compare_part(x.revision, y.revision);
}

bool
debversion_is_binnmu(struct span v, struct span base)
{
	uint64_t number;

	if (!span_starts(v, base))
		return false;
	v = span_of(v.p + base.len, v.len - base.len);
	if (!span_starts(v, SPAN("+b")))
		return false;
	return dec_parse(span_of(v.p + 2, v.len - 2), UINT32_MAX, &number) ==
	    RB_OK &&
	    number > 0;
}
