/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/built_index.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Whatever is claimed, the index is about our file, as it was measured. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct checksum file = { SPAN("a_1_all.deb"), 7, DIGEST_INIT };
	struct buf out = BUF_INIT, left_out = BUF_INIT;
	struct deb822 stanza;
	struct package p;
	struct span in;
	struct fault why;

	if (built_index_write(span_of(data, len), SPAN("a"), &file, 1, &out,
		&left_out, &why) != RB_OK)
		return 0;
	if (left_out.len != 0) {
		if (!span_equal_str(buf_span(&left_out), "a") || out.len != 0)
			abort();
		buf_clear(&left_out);
		return 0;
	}
	in = buf_span(&out);
	if (deb822_take(&in, "Packages", &stanza, &why) != RB_OK ||
	    in.len != 0 || package_read(&stanza, &p, &why) != RB_OK ||
	    !span_equal_str(p.name, "a") || p.file.size != 7 ||
	    !digest_equal(&p.file.digest, &file.digest) ||
	    deb822_find(&stanza, "Essential") != NULL)
		abort();
	buf_clear(&out);
	return 0;
}
