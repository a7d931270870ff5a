/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/debversion.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static int
sign(int n)
{
	return (n > 0) - (n < 0);
}

/* Three versions, one a line: the order is one. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len), v[3];
	size_t i;

	for (i = 0; i < 3; i++) {
		if (span_take_until(&in, '\n', &v[i]) != RB_OK ||
		    !debversion_is_valid(v[i]))
			return 0;
	}
	for (i = 0; i < 3; i++) {
		struct span a = v[i], b = v[(i + 1) % 3], c = v[(i + 2) % 3];
		int ab = sign(debversion_compare(a, b));
		int bc = sign(debversion_compare(b, c));

		if (debversion_compare(a, a) != 0 ||
		    ab != -sign(debversion_compare(b, a)))
			abort();
		/* a <= b <= c, so a <= c, and equal only when all are. */
		if (ab <= 0 && bc <= 0 &&
		    sign(debversion_compare(a, c)) != (ab + bc < 0 ? -1 : 0))
			abort();
	}
	return 0;
}
