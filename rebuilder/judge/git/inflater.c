/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/inflater.h"

#include <limits.h>
#include <stdlib.h>

#define ZLIB_CONST /* it does not write to its input */
#include <zlib.h>

struct inflater {
	z_stream z;
};

enum rb_err
inflater_new(struct inflater **out)
{
	struct inflater *i = calloc(1, sizeof(*i));

	if (i == NULL)
		return RB_ENOMEM;
	if (inflateInit(&i->z) != Z_OK) {
		free(i);
		return RB_ENOMEM;
	}
	*out = i;
	return RB_OK;
}

void
inflater_free(struct inflater **i)
{
	if (*i == NULL)
		return;
	(void)inflateEnd(&(*i)->z);
	free(*i);
	*i = NULL;
}

static unsigned int
at_most(size_t len)
{
	return len < UINT_MAX ? (unsigned int)len : UINT_MAX;
}

enum rb_err
inflater_take(struct inflater *i, struct span *in, uint8_t *out, size_t len)
{
	struct span rest = *in;
	size_t have = 0;
	uint8_t more = 0; /* a stream that is too long writes here */
	int r;

	if (inflateReset(&i->z) != Z_OK)
		return RB_EINTERNAL;
	do {
		i->z.next_in = rest.p;
		i->z.avail_in = at_most(rest.len);
		i->z.next_out = have < len ? out + have : &more;
		i->z.avail_out = have < len ? at_most(len - have) : 1;
		r = inflate(&i->z, Z_NO_FLUSH);
		if (r == Z_MEM_ERROR)
			return RB_ENOMEM;
		if (r != Z_OK && r != Z_STREAM_END)
			return RB_EFORMAT;
		if (have == len && i->z.avail_out == 0)
			return RB_ELIMIT;
		rest = span_of(i->z.next_in,
		    rest.len - (size_t)(i->z.next_in - rest.p));
		if (have < len)
			have = (size_t)(i->z.next_out - out);
	} while (r != Z_STREAM_END);
	if (have != len)
		return RB_EFORMAT;
	*in = rest;
	return RB_OK;
}
