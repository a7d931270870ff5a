/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/attest/statement.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is read is written byte for byte, and a `reproduced` is one. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len);
	struct buf out = BUF_INIT;
	struct statement s;
	struct fault why;

	if (statement_parse(in, &s, &why) != RB_OK)
		return 0;
	if (statement_write(&s, &out, &why) != RB_OK ||
	    !span_equal(buf_span(&out), in))
		abort();
	if (s.verdict == VERDICT_REPRODUCED &&
	    (s.reason != NULL || !s.rebuilt.sha256.is_set ||
		s.rebuilt.compared == COMPARED_NOT ||
		s.rebuilt.size != s.published.size ||
		!digest_equal(&s.rebuilt.sha256.value, &s.published.sha256)))
		abort();
	buf_clear(&out);
	statement_clear(&s);
	return 0;
}
