/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/overrides.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* Nothing that is offered has a name of the base system. */
static void
check_offered(const struct overrides *o, struct span offered)
{
	struct deb822 stanza;
	struct span name;
	size_t i;

	while (deb822_take(&offered, "Packages", &stanza, NULL) == RB_OK) {
		if (deb822_text(&stanza, "Package", &name, NULL) != RB_OK)
			abort();
		for (i = 0; i < o->nbase; i++)
			if (span_equal(o->base[i], name))
				abort();
	}
	if (offered.len != 0)
		abort();
}

/* Rules, an empty line, and an index, cut into ours and the archive's. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len), line, built, archive;
	struct buf out = BUF_INIT, again = BUF_INIT, words = BUF_INIT;
	struct overrides o = OVERRIDES_INIT;
	struct fault why;
	uint32_t n = 0;

	do
		if (span_take_line(&in, &line) != RB_OK)
			return 0;
	while (line.len != 0);
	if (overrides_parse(span_of(data, len - in.len - 1), &o, &why) != RB_OK)
		return 0;
	built = span_of(in.p, in.len / 2);
	archive = span_of(in.p + in.len / 2, in.len - in.len / 2);
	if (overrides_sift(&o, built, archive, &out, &words, &n, &why) ==
	    RB_OK) {
		check_offered(&o, buf_span(&out));
		if ((n == 0) != (words.len == 0) ||
		    words.len > OVERRIDES_NAMED_MAX + 40)
			abort();
		/* What passed once passes again. */
		buf_reset(&words);
		if (overrides_sift(&o, buf_span(&out), archive, &again, &words,
			&n, &why) != RB_OK ||
		    n != 0 || !span_equal(buf_span(&out), buf_span(&again)))
			abort();
	}
	overrides_clear(&o);
	buf_clear(&out);
	buf_clear(&again);
	buf_clear(&words);
	return 0;
}
