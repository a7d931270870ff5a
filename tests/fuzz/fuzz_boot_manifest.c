/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/machine/boot_manifest.h"

/* What is accepted is written out again as the very same bytes. */
int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct boot_manifest m = BOOT_MANIFEST_INIT;
	struct buf out = BUF_INIT;
	struct fault why = FAULT_INIT;

	if (boot_manifest_parse(span_of(p, len), &m, &why) != RB_OK)
		return 0;
	if (boot_manifest_write(&m, &out) != RB_OK ||
	    !span_equal(buf_span(&out), span_of(p, len)))
		abort();
	buf_clear(&out);
	return 0;
}
