/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/attest/envelope.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is read is written byte for byte, and the parts lie inside. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len), rest = in;
	struct envelope e = ENVELOPE_INIT;
	struct envelope_parts parts;
	struct buf out = BUF_INIT;
	struct fault why;

	if (envelope_take(&rest, &parts) == RB_OK &&
	    (parts.whole.p != data || parts.whole.len + rest.len != len))
		abort();
	if (envelope_parse(in, &e, &why) != RB_OK)
		return 0;
	if (envelope_write(&e, &out) != RB_OK ||
	    !span_equal(buf_span(&out), in))
		abort();
	buf_clear(&out);
	envelope_clear(&e);
	return 0;
}
