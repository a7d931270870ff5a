/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/attest/list.h"

#include <stdlib.h>

void *
list_grow(void *items, size_t n, size_t size)
{
	/* Full exactly at each power of two: no capacity to keep. */
	if ((n & (n - 1)) != 0)
		return items;
	return reallocarray(items, n == 0 ? 1 : 2 * n, size);
}
