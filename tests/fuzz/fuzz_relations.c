/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/relations.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Each step takes something, and what it gives is a name. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len);
	struct relation r;
	size_t left = in.len;

	while (relation_take(&in, &r) == RB_OK) {
		if (in.len >= left || !package_name_is_valid(r.name))
			abort();
		left = in.len;
	}
	return 0;
}
