/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/index_read.h"

/* index: of every repository that a trip begins with. */

enum rb_err
stage_index(struct trip *t)
{
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = index_read(t, &t->base)) != RB_OK)
		return rc;
	for (i = 0; i < t->nsuites; i++)
		if ((rc = index_read(t, &t->suites[i])) != RB_OK)
			return rc;
	return RB_OK;
}
