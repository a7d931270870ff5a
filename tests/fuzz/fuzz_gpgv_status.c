/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/gpgv_status.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static const char *const forbidden[] = { "BADSIG", "REVKEYSIG", "ERROR",
	"NODATA", "FAILURE" };

/* A user id may hold any word, but never starts a line. */
static size_t
count_lines(struct span in, const char *word)
{
	struct span line;
	size_t n = 0;

	while (span_take_line(&in, &line) == RB_OK) {
		if (!span_starts(line, SPAN("[GNUPG:] ")))
			continue;
		line = span_of(line.p + 9, line.len - 9);
		n += span_starts(line, span_of_str(word));
	}
	return n;
}

/*
 * Whatever is taken holds a good and valid signature for each that counts,
 * and no word that forbids.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len);
	struct gpgv_status s;
	struct fault why;
	size_t i;

	if (gpgv_status_read(in, 0, &s, &why) != RB_OK)
		return 0;
	if (s.nvalid == 0 || s.nvalid > s.nsignatures ||
	    s.nsignatures != count_lines(in, "NEWSIG") ||
	    s.nvalid > count_lines(in, "GOODSIG") ||
	    s.nvalid > count_lines(in, "VALIDSIG"))
		abort();
	for (i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++) {
		if (count_lines(in, forbidden[i]) != 0)
			abort();
	}
	return 0;
}
