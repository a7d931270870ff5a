/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/attest/proof.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is read is written byte for byte. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len);
	struct proof p = PROOF_INIT;
	struct buf out = BUF_INIT;

	if (proof_parse(in, &p) != RB_OK)
		return 0;
	if (proof_write(&p, &out) != RB_OK || !span_equal(buf_span(&out), in))
		abort();
	buf_clear(&out);
	proof_clear(&p);
	return 0;
}
