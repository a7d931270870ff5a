/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "common/base/buf.h"
#include "rebuilder/judge/git/git_refs.h"
#include "rebuilder/judge/git/git_tag.h"
#include "rebuilder/judge/tag_record.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/* What was read is sorted, each name once; as records it is the same. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct git_refs refs = GIT_REFS_INIT, again = GIT_REFS_INIT;
	struct buf once = BUF_INIT, twice = BUF_INIT;
	struct fault why = FAULT_INIT;
	size_t i;

	if (git_refs_parse(span_of(data, len), SPAN("main"), &refs, &why) !=
	    RB_OK)
		goto out;
	for (i = 0; i < refs.n; i++) {
		if (!git_ref_name_is_valid(refs.tags[i].name) ||
		    git_refs_find(&refs, refs.tags[i].name) != &refs.tags[i])
			abort();
	}
	if (git_refs_put(&refs, &once) != RB_OK ||
	    git_refs_take(buf_span(&once), &again) != RB_OK ||
	    git_refs_put(&again, &twice) != RB_OK ||
	    !span_equal(buf_span(&once), buf_span(&twice)))
		abort();
out:
	git_refs_clear(&refs);
	git_refs_clear(&again);
	buf_clear(&once);
	buf_clear(&twice);
	return 0;
}
