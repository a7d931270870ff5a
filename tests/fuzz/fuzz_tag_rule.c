/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "rebuilder/judge/tag_rule.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

/*
 * Records from a judge that hostile bytes own: what gpgv did not call valid
 * never counts, and nothing is accepted without as many signers as it takes.
 * The first two bytes say where the statuses begin.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t len)
{
	struct span in = span_of(data, len), head, candidates;
	struct buf outcomes = BUF_INIT;
	struct tag_judgement j;
	struct tag_rule rule;
	bool accepted;

	if (span_take(&in, 2, &head) != RB_OK ||
	    span_take(&in, (size_t)head.p[0] << 8 | head.p[1], &candidates) !=
		RB_OK)
		return 0;
	memset(&rule, 0, sizeof(rule));
	rule.all = true;
	rule.commit_suffices = (len & 1) != 0;
	rule.asked = rule.accepted_version = SPAN("");
	rule.threshold = 1;
	rule.maintainers[0] = SPAN("0064428F455451B3EBE78A7F063938BA42CFA724");
	rule.nmaintainers = 1;
	if (tag_judge(&rule, candidates, in, &j, &outcomes) != RB_OK) {
		if (outcomes.len != 0)
			abort();
		goto out;
	}
	accepted = j.ruling == TAGS_ACCEPTED ||
	    j.ruling == TAGS_COMMIT_ACCEPTED;
	if (accepted != (j.nsigners == 1) || j.nsigners > 1)
		abort();
out:
	buf_clear(&outcomes);
	return 0;
}
