/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/listing.h"

#include <stdlib.h>
#include <string.h>

void
listing_clear(struct listing *l)
{
	size_t i;

	for (i = 0; i < l->n; i++) {
		free(l->list[i].name);
		free(l->list[i].version);
		free(l->list[i].arch);
		free(l->list[i].path);
	}
	free(l->list);
	l->list = NULL;
	l->n = 0;
}

struct listed *
listing_add(struct listing *l)
{
	struct listed *grown;

	/* Powers of two: room is needed exactly when n is one. */
	if ((l->n & (l->n - 1)) == 0) {
		grown = reallocarray(l->list, l->n == 0 ? 1 : 2 * l->n,
		    sizeof(*grown));
		if (grown == NULL)
			return NULL;
		l->list = grown;
	}
	memset(&l->list[l->n], 0, sizeof(l->list[0]));
	return &l->list[l->n++];
}

enum rb_err
listed_url(const struct listed *item, size_t place, char **out)
{
	if (item->from != NULL)
		return repository_url(item->from, place, item->path, out);
	if (place > 0)
		return RB_ENOTFOUND;
	return (*out = strdup(item->path)) == NULL ? RB_ENOMEM : RB_OK;
}

enum rb_err
listed_fault(const struct listed *item, struct fault *why, enum rb_err rc,
    const char *sentence)
{
	return fault_set(why, rc, "%s%s: %s",
	    item->from == NULL ? "" : item->from->uri, item->path, sentence);
}
