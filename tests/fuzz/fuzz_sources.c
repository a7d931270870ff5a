/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "rebuilder/judge/sources.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What is found is what a stanza of its own reads as, name by name. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	static struct source s, found;
	struct span in = span_of(data, len), rest = in;
	struct deb822 stanza;
	struct fault why;
	size_t i;

	while (deb822_take(&rest, "Sources", &stanza, &why) == RB_OK) {
		if (source_read(&stanza, &s, &why) != RB_OK)
			continue;
		if (s.nfiles == 0 || s.dsc.len == 0)
			abort();
		for (i = 0; i < s.nfiles; i++) {
			if (!archive_path_is_plain(s.files[i].path))
				abort();
		}
		if (sources_find(in, s.name, s.version, &found, &why) ==
			RB_OK &&
		    (!span_equal(found.name, s.name) ||
			!span_equal(found.version, s.version) ||
			found.nfiles != s.nfiles ||
			!span_equal(found.stanza, s.stanza)))
			abort();
	}
	return 0;
}
