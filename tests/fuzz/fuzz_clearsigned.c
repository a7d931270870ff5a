/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "rebuilder/judge/clearsigned.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void
put(struct buf *out, struct span s)
{
	if (buf_put(out, s) != RB_OK)
		abort();
}

/* The text as it must stand in the armour, and the line behind it. */
static void
escape(struct span text, struct buf *out)
{
	struct span line;

	while (span_take_line(&text, &line) == RB_OK) {
		if (span_starts(line, SPAN("-")))
			put(out, SPAN("- "));
		put(out, line);
		put(out, SPAN("\n"));
	}
	put(out, SPAN("-----BEGIN PGP SIGNATURE-----\n"));
}

/* Input: a text, a zero, a file; what is accepted holds that text once. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const uint8_t *zero = len == 0 ? NULL : memchr(data, 0, len), *at;
	struct span text, whole;
	struct buf wanted = BUF_INIT;
	struct fault why;

	if (zero == NULL)
		return 0;
	text = span_of(data, (size_t)(zero - data));
	whole = span_of(zero + 1, len - text.len - 1);
	if (clearsigned_check(whole, text, &why) != RB_OK)
		return 0;
	escape(text, &wanted);
	at = memmem(whole.p, whole.len, "\n\n", 2);
	if (at == NULL ||
	    !span_starts(whole, SPAN("-----BEGIN PGP SIGNED MESSAGE-----\n")))
		abort();
	whole = span_of(at + 2, whole.len - (size_t)(at + 2 - whole.p));
	if (!span_starts(whole, buf_span(&wanted)) ||
	    whole.p[whole.len - 1] != '\n')
		abort();
	buf_clear(&wanted);
	return 0;
}
