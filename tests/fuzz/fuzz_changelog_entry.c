/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "common/base/buf.h"
#include "rebuilder/judge/changelog_entry.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * What is taken names the source and the version at its very beginning, has
 * no line that begins another entry, and is no entry of anything else.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	const struct span text = span_of(data, len);
	struct fault why;
	size_t i;

	if (changelog_entry_check(text, SPAN("a"), SPAN("1+b1"), &why) != RB_OK)
		return 0;
	if (!span_starts(text, SPAN("a (1+b1) ")) ||
	    len > CHANGELOG_ENTRY_MAX || data[len - 1] != '\n' ||
	    memmem(data, len, "binary-only=yes", 15) == NULL)
		abort();
	for (i = 1; i < len; i++)
		if (data[i - 1] == '\n' && data[i] != '\n' && data[i] != ' ')
			abort();
	if (changelog_entry_check(text, SPAN("b"), SPAN("1+b1"), &why) !=
		RB_EREFUSED ||
	    changelog_entry_check(text, SPAN("a"), SPAN("1+b2"), &why) !=
		RB_EREFUSED)
		abort();
	return 0;
}
