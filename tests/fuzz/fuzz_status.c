/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/told/status.h"

/* What is accepted is written out again as the very same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct status s;
	struct buf out = BUF_INIT;

	if (status_parse(span_of(p, len), &s) != RB_OK)
		return 0;
	if (status_write(&s, &out) != RB_OK ||
	    !span_equal(buf_span(&out), span_of(p, len)))
		abort();
	buf_clear(&out);
	return 0;
}
