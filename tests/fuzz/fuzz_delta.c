/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/git/delta.h"

#define BASE_LEN 100
#define MAX 5000

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Nothing stays of one that failed, and none makes more than it may. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static uint8_t base[BASE_LEN];
	struct buf out = BUF_INIT;
	size_t i;

	for (i = 0; i < BASE_LEN; i++)
		base[i] = (uint8_t)i;
	if (buf_put_byte(&out, 7) != RB_OK)
		abort();
	if (delta_apply(span_of(base, BASE_LEN), span_of(data, len), MAX,
		&out) == RB_OK ?
		out.len > MAX + 1 :
		out.len != 1)
		abort();
	if (out.p[0] != 7)
		abort();
	buf_clear(&out);
	return 0;
}
