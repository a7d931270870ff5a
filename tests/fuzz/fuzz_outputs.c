/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdio.h>
#include <stdlib.h>

#include "common/base/file.h"
#include "rebuilder/judge/outputs.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is read, written again with the bytes it points at, is the stream. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct outputs o = OUTPUTS_INIT;
	struct span in = span_of(data, len);
	struct buf out = BUF_INIT;
	struct fault why;
	int fd = -1;
	size_t i;

	if (memory_file("stream", in, &fd) != RB_OK)
		abort();
	if (outputs_read(fd, len, &o, &why) != RB_OK)
		goto out;
	if (buf_put_str(&out, "output 1\n") != RB_OK)
		abort();
	for (i = 0; i < o.n; i++) {
		if (buf_printf(&out, "file %s %llu\n", o.files[i].name,
			(unsigned long long)o.files[i].len) != RB_OK ||
		    o.files[i].offset != out.len ||
		    buf_put(&out,
			span_of(data + o.files[i].offset,
			    (size_t)o.files[i].len)) != RB_OK)
			abort();
	}
	if (buf_printf(&out, "end %u\n", o.status) != RB_OK ||
	    !span_equal(buf_span(&out), in))
		abort();
out:
	fd_close(&fd);
	outputs_clear(&o);
	buf_clear(&out);
	return 0;
}
