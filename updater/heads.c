/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/heads.h"

bool
rc_is_ours(enum rb_err rc)
{
	return rc == RB_ENOMEM || rc == RB_EIO || rc == RB_EINTERNAL;
}

static enum rb_err
open_head(const struct policy *policy, struct span note, struct head *out)
{
	const struct policy_node *node;
	struct head head = { .node = HEAD_STRANGER, .is_signed = false };
	enum rb_err rc;

	rc = checkpoint_peek(note, &head.cp);
	if (rc_is_ours(rc))
		return rc;
	if (rc != RB_OK ||
	    (node = policy_find_node(policy, head.cp.origin)) == NULL) {
		*out = head;
		return RB_OK;
	}
	head.node = (size_t)(node - policy->nodes);
	rc = checkpoint_open(note, &node->key, &head.cp);
	if (rc_is_ours(rc))
		return rc;
	head.is_signed = rc == RB_OK;
	*out = head;
	return RB_OK;
}

/* Only what the node itself signed can convict it. */
static void
find_forks(const struct head *heads, size_t n, struct node_report *reports)
{
	const struct head *a, *b;
	struct node_report *report;
	size_t i, k;

	for (i = 0; i < n; i++) {
		a = &heads[i];
		if (a->node == HEAD_STRANGER || !a->is_signed)
			continue;
		for (k = 0; k < i; k++) {
			b = &heads[k];
			if (b->node != a->node || !b->is_signed ||
			    b->cp.size != a->cp.size ||
			    digest_equal(&b->cp.root, &a->cp.root))
				continue;
			report = &reports[a->node];
			report->is_forked = true;
			report->size = a->cp.size;
			report->roots[0] = b->cp.root;
			report->roots[1] = a->cp.root;
		}
	}
}

enum rb_err
heads_open(const struct policy *policy, const struct bundle *bundle,
    struct head *heads, struct node_report *reports)
{
	enum rb_err rc;
	size_t i;

	for (i = 0; i < bundle->ncheckpoints; i++)
		if ((rc = open_head(policy, buf_span(&bundle->checkpoints[i]),
			 &heads[i])) != RB_OK)
			return rc;
	find_forks(heads, bundle->ncheckpoints, reports);
	return RB_OK;
}
