/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "updater/policy.h"

#include <stdlib.h>
#include <string.h>

void
policy_clear(struct policy *p)
{
	static const struct policy none = POLICY_INIT;
	size_t i;

	for (i = 0; i < p->nnodes; i++)
		free(p->nodes[i].url);
	free(p->nodes);
	for (i = 0; i < p->noperators; i++)
		free(p->operators[i].name);
	free(p->operators);
	for (i = 0; i < p->nrepositories; i++)
		free(p->repositories[i]);
	free(p->repositories);
	*p = none;
}

const struct policy_node *
policy_find_node(const struct policy *p, const char *origin)
{
	size_t i;

	for (i = 0; i < p->nnodes; i++)
		if (strcmp(p->nodes[i].key.name, origin) == 0)
			return &p->nodes[i];
	return NULL;
}

static enum rb_err
write_node(const struct policy_node *node, struct buf *out)
{
	enum rb_err rc;

	if ((rc = buf_put_str(out, "node ")) != RB_OK)
		return rc;
	if ((rc = vkey_write(&node->key, out)) != RB_OK)
		return rc;
	return buf_printf(out, " %s\n", node->url);
}

static enum rb_err
write_operator(const struct policy *p, size_t operator_, struct buf *out)
{
	enum rb_err rc;
	size_t i;

	if ((rc = buf_printf(out, "operator %s",
		 p->operators[operator_].name)) != RB_OK)
		return rc;
	for (i = 0; i < p->nnodes; i++) {
		if (p->nodes[i].operator_ != operator_)
			continue;
		if ((rc = buf_printf(out, " %s", p->nodes[i].key.name)) !=
		    RB_OK)
			return rc;
	}
	return buf_put_byte(out, '\n');
}

enum rb_err
policy_write(const struct policy *p, struct buf *out)
{
	struct buf b = BUF_INIT;
	enum rb_err rc;
	size_t i;

	if ((rc = buf_put_str(&b, "policy 1\n")) != RB_OK)
		goto out;
	for (i = 0; i < p->nnodes; i++)
		if ((rc = write_node(&p->nodes[i], &b)) != RB_OK)
			goto out;
	for (i = 0; i < p->noperators; i++)
		if ((rc = write_operator(p, i, &b)) != RB_OK)
			goto out;
	if ((rc = buf_printf(&b, "require %zu\n", p->require)) != RB_OK)
		goto out;
	for (i = 0; i < p->nrepositories; i++)
		if ((rc = buf_printf(&b, "repository %s\n",
			 p->repositories[i])) != RB_OK)
			goto out;
	rc = buf_put(out, buf_span(&b));
out:
	buf_clear(&b);
	return rc;
}
