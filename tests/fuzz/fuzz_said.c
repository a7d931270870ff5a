/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/said.h"

/* What is accepted is written out again as the very same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct said s;
	struct buf out = BUF_INIT;

	said_init(&s);
	if (said_take(span_of(p, len), &s) != RB_OK)
		return 0;
	if (said_put(&out, &s) != RB_OK ||
	    !span_equal(buf_span(&out), span_of(p, len)))
		abort();
	buf_clear(&out);
	said_clear(&s);
	return 0;
}
