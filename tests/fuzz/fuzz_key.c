/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/keyring.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is taken begins as a key does; nothing stays of what is not. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct buf out = BUF_INIT, again = BUF_INIT;
	static struct key_names names;

	if (buf_put_byte(&out, 7) != RB_OK)
		abort();
	if (key_parse(span_of(data, len), &out) != RB_OK) {
		if (out.len != 1)
			abort();
		goto out;
	}
	/* Bare, it is the same key. */
	if (out.p[0] != 7 || out.len < 2 || out.len > len + 1 ||
	    key_parse(span_of(out.p + 1, out.len - 1), &again) != RB_OK ||
	    !span_equal(buf_span(&again), span_of(out.p + 1, out.len - 1)))
		abort();
	/* Whatever follows a key that has a name takes it from it. */
	if (key_name(buf_span(&again), &names) == RB_OK &&
	    (!fingerprint_is_valid(names.list[0]) ||
		buf_put(&again, span_of(out.p + 1, out.len - 1)) != RB_OK ||
		key_name(buf_span(&again), &names) == RB_OK))
		abort();
out:
	buf_clear(&out);
	buf_clear(&again);
	return 0;
}
