/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/job.h"

/* What is accepted is written out again as the very same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct job_record r;
	struct span in = span_of(p, len);
	struct buf out = BUF_INIT;

	job_record_init(&r);
	if (job_record_take(&in, &r) != RB_OK)
		return 0;
	if (job_record_put(&out, &r) != RB_OK ||
	    !span_equal(buf_span(&out), span_of(p, len - in.len)))
		abort();
	buf_clear(&out);
	job_record_clear(&r);
	return 0;
}
