/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/gitmodules.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * An address that is found is http or https, and one word; written as a
 * .gitmodules of its own it is found again.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct span path = SPAN("lib");
	const struct span base = SPAN("https://git.example/Org/component");
	struct buf url = BUF_INIT, text = BUF_INIT, again = BUF_INIT;
	struct fault why;
	size_t i;

	if (gitmodules_url(span_of(data, len), path, base, &url, &why) != RB_OK)
		goto out;
	if (!span_starts(buf_span(&url), SPAN("https://")) &&
	    !span_starts(buf_span(&url), SPAN("http://")))
		abort();
	for (i = 0; i < url.len; i++)
		if (url.p[i] <= ' ' || url.p[i] > '~')
			abort();
	if (buf_printf(&text, "[submodule \"x\"]\npath = lib\nurl = %.*s\n",
		(int)url.len, (const char *)url.p) != RB_OK ||
	    (text.len <= GITMODULES_MAX &&
		(gitmodules_url(buf_span(&text), path, base, &again, &why) !=
			RB_OK ||
		    !span_equal(buf_span(&url), buf_span(&again)))))
		abort();
out:
	buf_clear(&url);
	buf_clear(&text);
	buf_clear(&again);
	return 0;
}
