/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "rebuilder/judge/git/git_tree.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Parse then write gives the same bytes; no entry is a path. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len), rest = in;
	struct fault why = FAULT_INIT;
	struct git_tree_entry e;
	struct buf b = BUF_INIT;

	if (git_tree_check(in, &why) != RB_OK)
		return 0;
	while (git_tree_take(&rest, &e) == RB_OK) {
		if (memchr(e.name.p, '/', e.name.len) != NULL ||
		    span_equal_str(e.name, "..") ||
		    buf_printf(&b, "%o ", (unsigned int)e.mode) != RB_OK ||
		    buf_put(&b, e.name) != RB_OK ||
		    buf_put_byte(&b, 0) != RB_OK ||
		    buf_put(&b, git_id_span(&e.id)) != RB_OK)
			abort();
	}
	if (!span_equal(buf_span(&b), in))
		abort();
	buf_clear(&b);
	return 0;
}
