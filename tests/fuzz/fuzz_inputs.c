/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/attest/inputs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is read is written byte for byte, also when it came in reverse. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len);
	struct inputs a = INPUTS_INIT, b = INPUTS_INIT;
	struct buf out = BUF_INIT;
	struct fault why;
	size_t i;

	if (inputs_parse(in, &a, &why) != RB_OK)
		return 0;
	for (i = a.n; i-- > 0;) {
		if (inputs_add(&b, a.list[i].kind, a.list[i].name,
			a.list[i].version, a.list[i].arch, a.list[i].origin,
			a.list[i].size, &a.list[i].sha256) != RB_OK)
			abort();
	}
	if (inputs_write(&a, &out) != RB_OK || !span_equal(buf_span(&out), in))
		abort();
	buf_reset(&out);
	if (inputs_write(&b, &out) != RB_OK || !span_equal(buf_span(&out), in))
		abort();
	buf_clear(&out);
	inputs_clear(&a);
	inputs_clear(&b);
	return 0;
}
