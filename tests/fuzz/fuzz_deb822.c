/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/deb822.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is taken is written again byte for byte. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len), value, line;
	struct buf out = BUF_INIT;
	struct deb822 stanza;
	struct fault why;
	size_t i;

	while (deb822_take(&in, "Test", &stanza, &why) == RB_OK) {
		buf_reset(&out);
		if (deb822_write(&stanza, &out) != RB_OK ||
		    !span_equal(buf_span(&out), stanza.raw))
			abort();
		for (i = 0; i < stanza.n; i++) {
			value = stanza.fields[i].value;
			while (deb822_line_take(&value, &line) == RB_OK)
				continue;
		}
	}
	buf_clear(&out);
	return 0;
}
