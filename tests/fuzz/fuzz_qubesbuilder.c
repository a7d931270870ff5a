/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/qubesbuilder.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is read and written reads and writes the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct builder_place p = { SPAN("greeting"), SPAN("4.2.8"),
		SPAN("1"), SPAN("vm-bookworm") };
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct qubesbuilder q;
	struct fault why;

	if (qubesbuilder_parse(span_of(data, len), &p, &q, &why) != RB_OK)
		return 0;
	if (qubesbuilder_write(&q, p.distribution, &once) != RB_OK)
		abort();
	qubesbuilder_clear(&q);
	if (once.len <= BUILDER_FILE_MAX) {
		if (qubesbuilder_parse(buf_span(&once), &p, &q, &why) !=
			RB_OK ||
		    qubesbuilder_write(&q, p.distribution, &twice) != RB_OK ||
		    !span_equal(buf_span(&once), buf_span(&twice)))
			abort();
		qubesbuilder_clear(&q);
	}
	buf_clear(&once);
	buf_clear(&twice);
	return 0;
}
