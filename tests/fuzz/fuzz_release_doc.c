/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/told/release_doc.h"

/* What is accepted is written out again as the very same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct release_doc d;
	struct buf out = BUF_INIT;

	release_doc_init(&d);
	if (release_doc_parse(span_of(p, len), &d) != RB_OK)
		return 0;
	if (release_doc_write(&d, &out) != RB_OK ||
	    !span_equal(buf_span(&out), span_of(p, len)))
		abort();
	buf_clear(&out);
	release_doc_clear(&d);
	return 0;
}
