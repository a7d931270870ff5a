/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/attest/bundle.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * What is read is written byte for byte, merging it twice adds nothing, and
 * every piece of evidence leads to a note that can be looked at.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len);
	struct bundle b = BUNDLE_INIT, twice = BUNDLE_INIT;
	struct buf out = BUF_INIT;
	struct checkpoint cp;
	struct fault why;
	size_t i;

	if (bundle_parse(in, &b, &why) != RB_OK)
		return 0;
	if (bundle_write(&b, &out) != RB_OK || !span_equal(buf_span(&out), in))
		abort();
	buf_reset(&out);
	if (bundle_merge(&twice, &b) != RB_OK ||
	    bundle_merge(&twice, &b) != RB_OK ||
	    bundle_write(&twice, &out) != RB_OK ||
	    twice.nevidence != b.nevidence || !span_equal(buf_span(&out), in))
		abort();
	for (i = 0; i < b.nevidence; i++) {
		if (b.evidence[i].checkpoint >= b.ncheckpoints ||
		    checkpoint_peek(buf_span(&b.checkpoints[b.evidence[i]
					    .checkpoint]),
			&cp) != RB_OK)
			abort();
	}
	buf_clear(&out);
	bundle_clear(&b);
	bundle_clear(&twice);
	return 0;
}
