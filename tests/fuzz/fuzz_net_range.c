/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/buf.h"
#include "rebuilder/net/net_range.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is parsed is written again byte for byte. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len);
	struct buf out = BUF_INIT;
	struct content_range r;

	if (content_range_parse(in, &r) != RB_OK)
		return 0;
	if (buf_put_str(&out, "bytes ") != RB_OK ||
	    (r.has_range ?
		    buf_printf(&out, "%llu-%llu/", (unsigned long long)r.first,
			(unsigned long long)r.last) :
		    buf_put_str(&out, "*/")) != RB_OK ||
	    (r.has_total ?
		    buf_printf(&out, "%llu", (unsigned long long)r.total) :
		    buf_put_str(&out, "*")) != RB_OK ||
	    !span_equal(buf_span(&out), in))
		abort();
	buf_clear(&out);
	return 0;
}
