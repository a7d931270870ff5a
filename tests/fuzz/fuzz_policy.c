/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>

#include "updater/policy.h"

int LLVMFuzzerTestOneInput(const uint8_t *p, size_t len);

static void
must(bool claim)
{
	if (!claim)
		abort();
}

/*
 * A policy that parses can accept and can refuse, and is written in one
 * spelling that parses to the same.
 */
int
LLVMFuzzerTestOneInput(const uint8_t *p, size_t len)
{
	struct policy policy = POLICY_INIT, again = POLICY_INIT;
	struct buf first = BUF_INIT, second = BUF_INIT;
	struct fault why = FAULT_INIT;

	if (policy_parse(span_of(p, len), &policy, &why) != RB_OK) {
		must(why.text[0] != '\0');
		must(policy.nodes == NULL);
		return 0;
	}
	must(policy.require >= 1 && policy.require <= policy.noperators);
	must(policy.noperators <= policy.nnodes);
	must(policy_write(&policy, &first) == RB_OK);
	/* A long line of operators may be written longer than it was read. */
	if (first.len <= POLICY_MAX) {
		must(policy_parse(buf_span(&first), &again, &why) == RB_OK);
		must(policy_write(&again, &second) == RB_OK);
		must(span_equal(buf_span(&first), buf_span(&second)));
	}
	policy_clear(&policy);
	policy_clear(&again);
	buf_clear(&first);
	buf_clear(&second);
	return 0;
}
