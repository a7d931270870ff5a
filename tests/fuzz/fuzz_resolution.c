/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/resolution.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is parsed is written again byte for byte. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct resolution r = RESOLUTION_INIT;
	struct span in = span_of(data, len);
	struct buf out = BUF_INIT;
	struct fault why;

	if (resolution_parse(in, &r, &why) != RB_OK)
		return 0;
	if (resolution_write(&r, &out) != RB_OK ||
	    !span_equal(buf_span(&out), in))
		abort();
	resolution_clear(&r);
	buf_clear(&out);
	return 0;
}
