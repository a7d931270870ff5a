/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/pins.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* A pinned package stands in what was merged in that version alone. */
static void
check_merged(const struct pins *p, struct span merged)
{
	struct deb822 stanza;
	struct span name, version;
	size_t i;
	bool is_pinned, is_right;

	while (deb822_take(&merged, "Packages", &stanza, NULL) == RB_OK) {
		if (deb822_text(&stanza, "Package", &name, NULL) != RB_OK)
			abort();
		is_pinned = false;
		is_right = false;
		for (i = 0; i < p->n; i++) {
			if (!span_equal(p->list[i].name, name))
				continue;
			is_pinned = true;
			is_right |= deb822_text(&stanza, "Version", &version,
					NULL) == RB_OK &&
			    span_equal(p->list[i].version, version);
		}
		if (is_pinned && !is_right)
			abort();
	}
	if (merged.len != 0)
		abort();
}

/* Pins, an empty line, and an index that is cut into a base and an old one. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len), line, text;
	struct pins_index indices[2] = { { PINS_BASE, SPAN_INIT },
		{ PINS_OLD, SPAN_INIT } };
	struct pins_merged m = PINS_MERGED_INIT;
	struct pins p = PINS_INIT;
	struct fault why;

	do
		if (span_take_line(&in, &line) != RB_OK)
			return 0;
	while (line.len != 0);
	text = span_of(data, len - in.len - 1);
	if (pins_parse(text, &p, &why) != RB_OK)
		return 0;
	indices[0].bytes = span_of(in.p, in.len / 2);
	indices[1].bytes = span_of(in.p + in.len / 2, in.len - in.len / 2);
	if (pins_merge(&p, indices, 2, SPAN("amd64"), &m, &why) == RB_OK) {
		check_merged(&p, buf_span(&m.index));
		if ((m.nmissing == 0) != (m.missing.len == 0) ||
		    m.missing.len > PINS_NAMED_MAX + 400 || m.nbuilt != 0)
			abort();
	}
	pins_clear(&p);
	pins_merged_clear(&m);
	return 0;
}
