/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/deb822.h"
#include "rebuilder/judge/release.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static struct digest zero;

/* Every line becomes one entry, found by its path, and again that line. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len), lines, line;
	struct release r = RELEASE_INIT;
	const struct checksum *found;
	struct checksum sum;
	struct deb822 stanza;
	struct fault why;
	size_t n = 0;

	if (release_parse(in, &r, &why) != RB_OK)
		return 0;
	if (deb822_take(&in, "Release", &stanza, NULL) != RB_OK ||
	    deb822_find(&stanza, "SHA256") == NULL)
		abort();
	lines = *deb822_find(&stanza, "SHA256");
	while (deb822_line_take(&lines, &line) == RB_OK) {
		sum.digest = zero;
		if (checksum_parse(line, &sum) != RB_OK)
			abort();
		found = release_find(&r, sum.path);
		if (found == NULL || found->size != sum.size ||
		    !digest_equal(&found->digest, &sum.digest))
			abort();
		n++;
	}
	if (n != r.n)
		abort();
	release_clear(&r);
	return 0;
}
