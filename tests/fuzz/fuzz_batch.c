/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Digests that were read, written one a line, are the body again. */
#include <stdlib.h>

#include "httpd/evidence.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct digest digests[EVIDENCE_DIGESTS_MAX];
	struct buf out = BUF_INIT;
	struct fault why;
	char hex[DIGEST_HEX_LEN + 1];
	size_t i, n = 0;

	if (batch_parse(span_of(data, len), digests, &n, &why) != RB_OK)
		return 0;
	for (i = 0; i < n; i++) {
		digest_hex(&digests[i], hex);
		if (buf_printf(&out, "%s\n", hex) != RB_OK)
			abort();
	}
	if (!span_equal(buf_span(&out), span_of(data, len)))
		abort();
	buf_clear(&out);
	return 0;
}
