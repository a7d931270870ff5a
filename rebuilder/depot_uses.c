/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/depot_uses.h"

#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096

struct use {
	struct digest digest;
	uint64_t mark;
	bool is_told;
	struct use *next; /* owned */
};

struct uses {
	uint64_t mark; /* the highest */
	uint64_t trips[USES_MAX];
	size_t ntrips;
	struct use *buckets[BUCKETS]; /* owned */
};

enum rb_err
uses_new(struct uses **out)
{
	*out = calloc(1, sizeof(**out));
	return *out == NULL ? RB_ENOMEM : RB_OK;
}

void
uses_free(struct uses **u)
{
	struct use *use;
	size_t i;

	if (*u == NULL)
		return;
	for (i = 0; i < BUCKETS; i++)
		while ((use = (*u)->buckets[i]) != NULL) {
			(*u)->buckets[i] = use->next;
			free(use);
		}
	free(*u);
	*u = NULL;
}

enum rb_err
uses_enter(struct uses *u, uint64_t *mark)
{
	if (u->ntrips == USES_MAX)
		return RB_ELIMIT;
	*mark = ++u->mark;
	u->trips[u->ntrips++] = *mark;
	return RB_OK;
}

void
uses_leave(struct uses *u, uint64_t mark)
{
	size_t i;

	for (i = 0; i < u->ntrips; i++)
		if (u->trips[i] == mark) {
			u->trips[i] = u->trips[--u->ntrips];
			return;
		}
}

static size_t
bucket_of(const struct digest *d)
{
	return ((size_t)d->b[0] << 8 | d->b[1]) % BUCKETS;
}

static struct use *
find(const struct uses *u, const struct digest *d)
{
	struct use *use = u->buckets[bucket_of(d)];

	while (use != NULL && !digest_equal(&use->digest, d))
		use = use->next;
	return use;
}

enum rb_err
uses_touch(struct uses *u, const struct digest *d)
{
	struct use *use = find(u, d);

	if (use == NULL) {
		if ((use = calloc(1, sizeof(*use))) == NULL)
			return RB_ENOMEM;
		use->digest = *d;
		use->next = u->buckets[bucket_of(d)];
		u->buckets[bucket_of(d)] = use;
	}
	use->mark = u->mark;
	use->is_told = false;
	return RB_OK;
}

/* Of the trip that runs longest; without one nothing is in use. */
static uint64_t
oldest(const struct uses *u)
{
	uint64_t mark = UINT64_MAX;
	size_t i;

	for (i = 0; i < u->ntrips; i++)
		if (u->trips[i] < mark)
			mark = u->trips[i];
	return mark;
}

bool
uses_has(const struct uses *u, const struct digest *d)
{
	const struct use *use = find(u, d);

	return use != NULL && use->mark >= oldest(u);
}

enum rb_err
uses_take(struct uses *u,
    enum rb_err (*each)(void *self, const struct digest *d), void *self)
{
	const uint64_t mark = oldest(u);
	struct use **at, *use;
	size_t i;
	enum rb_err rc = RB_OK;

	for (i = 0; i < BUCKETS; i++) {
		at = &u->buckets[i];
		while ((use = *at) != NULL) {
			if (!use->is_told) {
				rc = each(self, &use->digest);
				if (rc != RB_OK)
					return rc;
				use->is_told = true;
			}
			if (use->mark >= mark) {
				at = &use->next;
				continue;
			}
			*at = use->next;
			free(use);
		}
	}
	return RB_OK;
}
