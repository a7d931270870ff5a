/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/attest/key.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Both spellings of keys: what is read is written byte for byte. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len);
	struct buf out = BUF_INIT;
	struct key *k = NULL;
	struct vkey v;

	if (vkey_parse(in, &v) == RB_OK &&
	    (vkey_write(&v, &out) != RB_OK || !span_equal(buf_span(&out), in)))
		abort();
	buf_reset(&out);
	if (key_read(in, &k) == RB_OK &&
	    (key_write(k, &out) != RB_OK || !span_equal(buf_span(&out), in)))
		abort();
	key_free(&k);
	buf_wipe(&out);
	return 0;
}
