/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/span.h"

#include <string.h>

struct span
span_of(const void *p, size_t len)
{
	return (struct span){ p, len };
}

struct span
span_of_str(const char *s)
{
	return span_of(s, strlen(s));
}

bool
span_equal(struct span a, struct span b)
{
	/* memcmp must not see the NULL of an empty span. */
	return a.len == b.len && (a.len == 0 || memcmp(a.p, b.p, a.len) == 0);
}

bool
span_equal_str(struct span a, const char *s)
{
	return span_equal(a, span_of_str(s));
}

bool
span_starts(struct span s, struct span prefix)
{
	return s.len >= prefix.len &&
	    span_equal(span_of(s.p, prefix.len), prefix);
}

int
span_compare(struct span a, struct span b)
{
	size_t len = a.len < b.len ? a.len : b.len;
	int r = len == 0 ? 0 : memcmp(a.p, b.p, len);

	if (r != 0)
		return r;
	return (a.len > b.len) - (a.len < b.len);
}

/* Cuts off `len` bytes, of which there are enough, and `sep` more. */
static void
cut(struct span *in, size_t len, size_t sep, struct span *out)
{
	*out = span_of(in->p, len);
	if (len + sep != 0)
		in->p += len + sep;
	in->len -= len + sep;
}

enum rb_err
span_take(struct span *in, size_t len, struct span *out)
{
	if (in->len < len)
		return RB_EFORMAT;
	cut(in, len, 0, out);
	return RB_OK;
}

enum rb_err
span_take_line(struct span *in, struct span *line)
{
	const uint8_t *end;

	end = in->len == 0 ? NULL : memchr(in->p, '\n', in->len);
	if (end == NULL)
		return RB_EFORMAT;
	cut(in, (size_t)(end - in->p), 1, line);
	return RB_OK;
}

enum rb_err
span_take_until(struct span *in, uint8_t sep, struct span *out)
{
	const uint8_t *end;

	if (in->len == 0)
		return RB_EFORMAT;
	end = memchr(in->p, sep, in->len);
	if (end == NULL)
		cut(in, in->len, 0, out);
	else
		cut(in, (size_t)(end - in->p), 1, out);
	return RB_OK;
}
