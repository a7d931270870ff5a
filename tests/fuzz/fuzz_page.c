/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whatever the text: no markup comes out, and what comes out, taken back to
 * text, is written the same again.
 */
#include <stdlib.h>
#include <string.h>

#include "httpd/page.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const struct {
	const char *entity, *text;
} entities[] = {
	{ "&amp;", "&" },
	{ "&lt;", "<" },
	{ "&gt;", ">" },
	{ "&quot;", "\"" },
	{ "&#39;", "'" },
};

static void
unescape(struct span in, struct buf *out)
{
	size_t i;

	while (in.len > 0) {
		if (memchr("<>\"'", in.p[0], 4) != NULL)
			abort();
		if (in.p[0] != '&') {
			if (buf_put_byte(out, in.p[0]) != RB_OK)
				abort();
			in = span_of(in.p + 1, in.len - 1);
			continue;
		}
		for (i = 0; i < 5; i++) {
			if (span_starts(in, span_of_str(entities[i].entity)))
				break;
		}
		if (i == 5 || buf_put_str(out, entities[i].text) != RB_OK)
			abort();
		in = span_of(in.p + strlen(entities[i].entity),
		    in.len - strlen(entities[i].entity));
	}
	if (buf_put_byte(out, 0) != RB_OK)
		abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct page once = PAGE_INIT, twice = PAGE_INIT;
	struct buf text = BUF_INIT;
	char *in = malloc(len + 1);

	if (in == NULL)
		abort();
	memcpy(in, data, len);
	in[len] = '\0';
	page_text(&once, in);
	unescape(buf_span(&once.out), &text);
	page_text(&twice, (const char *)text.p);
	if (once.rc != RB_OK || twice.rc != RB_OK ||
	    !span_equal(buf_span(&once.out), buf_span(&twice.out)))
		abort();
	page_clear(&once);
	page_clear(&twice);
	buf_clear(&text);
	free(in);
	return 0;
}
