/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CAP_MIN 64

void
buf_clear(struct buf *b)
{
	free(b->p);
	*b = (struct buf)BUF_INIT;
}

void
buf_wipe(struct buf *b)
{
	if (b->p != NULL)
		explicit_bzero(b->p, b->cap);
	buf_clear(b);
}

void
buf_reset(struct buf *b)
{
	b->len = 0;
}

enum rb_err
buf_reserve(struct buf *b, size_t more)
{
	size_t need, cap;
	uint8_t *p;

	if (more <= b->cap - b->len)
		return RB_OK;
	/* Half the address space: doubling below it cannot wrap. */
	if (more > SIZE_MAX / 2 - b->len)
		return RB_ENOMEM;
	need = b->len + more;
	cap = b->cap < CAP_MIN ? CAP_MIN : b->cap;
	while (cap < need)
		cap *= 2;
	p = realloc(b->p, cap);
	if (p == NULL)
		return RB_ENOMEM;
	b->p = p;
	b->cap = cap;
	return RB_OK;
}

enum rb_err
buf_put(struct buf *b, struct span s)
{
	enum rb_err rc = RB_EINTERNAL;

	if (s.len == 0)
		return RB_OK;
	if ((rc = buf_reserve(b, s.len)) != RB_OK)
		return rc;
	memcpy(b->p + b->len, s.p, s.len);
	b->len += s.len;
	return RB_OK;
}

enum rb_err
buf_put_str(struct buf *b, const char *s)
{
	return buf_put(b, span_of_str(s));
}

enum rb_err
buf_put_byte(struct buf *b, uint8_t byte)
{
	return buf_put(b, span_of(&byte, 1));
}

enum rb_err
buf_printf(struct buf *b, const char *fmt, ...)
{
	enum rb_err rc = RB_EINTERNAL;
	va_list args;
	int r;

	va_start(args, fmt);
	r = vsnprintf(NULL, 0, fmt, args);
	va_end(args);
	if (r < 0)
		return RB_EINTERNAL;
	/* vsnprintf wants room for its zero; it is not part of the bytes. */
	if ((rc = buf_reserve(b, (size_t)r + 1)) != RB_OK)
		return rc;
	va_start(args, fmt);
	(void)vsnprintf((char *)b->p + b->len, (size_t)r + 1, fmt, args);
	va_end(args);
	b->len += (size_t)r;
	return RB_OK;
}

struct span
buf_span(const struct buf *b)
{
	return span_of(b->p, b->len);
}

enum rb_err
str_dup_span(struct span s, char **out)
{
	char *copy;

	if (s.len != 0 && memchr(s.p, 0, s.len) != NULL)
		return RB_EFORMAT;
	if (s.len == SIZE_MAX)
		return RB_ENOMEM;
	copy = malloc(s.len + 1);
	if (copy == NULL)
		return RB_ENOMEM;
	if (s.len != 0)
		memcpy(copy, s.p, s.len);
	copy[s.len] = '\0';
	*out = copy;
	return RB_OK;
}
