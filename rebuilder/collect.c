/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/collect.h"

#include <stdlib.h>
#include <string.h>

#include "common/process/msg.h"
#include "rebuilder/said.h"

#define BATCH 512

/* Writes for the journal's table `used`, some at a time. */
struct batch {
	struct journal *j;
	struct journal_write list[BATCH];
	struct digest digests[BATCH];
	size_t n;
	struct buf uptime; /* owned */
};

static enum rb_err
batch_end(struct batch *b)
{
	enum rb_err rc = journal_write(b->j, b->list, b->n);

	if (rc == RB_OK)
		b->n = 0;
	return rc;
}

static enum rb_err
batch_add(struct batch *b, enum journal_deed deed, const struct digest *d)
{
	enum rb_err rc = RB_EINTERNAL;

	if (b->n == BATCH && (rc = batch_end(b)) != RB_OK)
		return rc;
	b->digests[b->n] = *d;
	b->list[b->n] = (struct journal_write){ deed, JOURNAL_USED,
		digest_span(&b->digests[b->n]), buf_span(&b->uptime) };
	b->n++;
	return RB_OK;
}

static enum rb_err
add_use(void *self, const struct digest *d)
{
	return batch_add(self, JOURNAL_PUT, d);
}

/* A file, and when it was used last. */
struct item {
	struct depot_file file;
	uint64_t used;
	bool is_known; /* the journal says when */
};

struct items {
	struct item *list; /* owned, by digest */
	size_t n, at;
	struct batch *batch;
};

/* Both are in the order of digests: one walk finds what belongs together. */
static enum rb_err
take_used(void *self, struct span key, struct span value)
{
	struct items *items = self;
	struct digest d;
	uint64_t used = 0;
	bool found = false;
	enum rb_err rc = RB_EINTERNAL;

	if (key.len != DIGEST_LEN || (rc = take_u64(&value, &used)) != RB_OK)
		return RB_OK; /* nobody's: it is overwritten or means nothing */
	memcpy(d.b, key.p, DIGEST_LEN);
	while (items->at < items->n &&
	    memcmp(items->list[items->at].file.digest.b, d.b, DIGEST_LEN) < 0)
		items->at++;
	while (items->at < items->n &&
	    digest_equal(&items->list[items->at].file.digest, &d)) {
		items->list[items->at].used = used;
		items->list[items->at].is_known = true;
		items->at++;
		found = true;
	}
	if (!found && items->batch->n < BATCH)
		return batch_add(items->batch, JOURNAL_REMOVE, &d);
	return RB_OK; /* the rest next time */
}

static enum rb_err
list_items(const struct depot *d, struct items *out)
{
	struct depot_file *files = NULL;
	size_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = depot_list(d, &files, &n)) != RB_OK)
		return rc;
	if ((out->list = calloc(n + 1, sizeof(*out->list))) == NULL) {
		free(files);
		return RB_ENOMEM;
	}
	for (i = 0; i < n; i++)
		out->list[i].file = files[i];
	out->n = n;
	free(files);
	return RB_OK;
}

static int
compare_items(const void *a, const void *b)
{
	uint64_t x = ((const struct item *)a)->used;
	uint64_t y = ((const struct item *)b)->used;

	return (x > y) - (x < y);
}

/* Whether something must still go; what is young goes only for want of room. */
static bool
must_go(const struct depot *d, const struct collect_policy *p,
    const struct item *item, uint64_t uptime, const struct collected *c)
{
	uint64_t left = UINT64_MAX;

	if (p->keep != 0 && uptime > item->used &&
	    uptime - item->used > p->keep)
		return true;
	if (p->size != 0 && c->bytes > p->size)
		return true;
	return p->free != 0 && depot_free_bytes(d, &left) == RB_OK &&
	    left < p->free;
}

static void
remove_some(const struct depot *d, struct journal *j,
    const struct collect_policy *p, const struct items *items, uint64_t uptime,
    struct collected *c)
{
	const struct item *item;
	size_t i;

	for (i = 0; i < items->n; i++) {
		item = &items->list[i];
		/* By age of use: after one that may stay, all may. */
		if (!must_go(d, p, item, uptime, c))
			return;
		if (said_is_pinned(j, &item->file.digest) ||
		    depot_remove(d, &item->file) != RB_OK)
			continue;
		c->files--;
		c->bytes -= item->file.size;
		c->removed_files++;
		c->removed_bytes += item->file.size;
	}
}

enum rb_err
collect(const struct depot *d, struct journal *j,
    const struct collect_policy *p, uint64_t uptime, struct collected *out)
{
	struct batch *batch = NULL;
	struct items items = { NULL, 0, 0, NULL };
	struct collected c = { 0, 0, 0, 0 };
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if ((batch = calloc(1, sizeof(*batch))) == NULL)
		return RB_ENOMEM;
	batch->j = j;
	items.batch = batch;
	if ((rc = put_u64(&batch->uptime, uptime)) != RB_OK ||
	    (rc = depot_take_uses(d, add_use, batch)) != RB_OK ||
	    (rc = batch_end(batch)) != RB_OK ||
	    (rc = list_items(d, &items)) != RB_OK ||
	    (rc = journal_each(j, JOURNAL_USED, SPAN(""), take_used, &items)) !=
		RB_OK ||
	    (rc = batch_end(batch)) != RB_OK)
		goto out;
	for (i = 0; i < items.n; i++) {
		c.files++;
		c.bytes += items.list[i].file.size;
		if (items.list[i].is_known)
			continue;
		/* Of before there was a record: its time begins now. */
		items.list[i].used = uptime;
		if ((rc = batch_add(batch, JOURNAL_PUT,
			 &items.list[i].file.digest)) != RB_OK)
			goto out;
	}
	if ((rc = batch_end(batch)) != RB_OK)
		goto out;
	if (items.n > 0)
		qsort(items.list, items.n, sizeof(*items.list), compare_items);
	remove_some(d, j, p, &items, uptime, &c);
	*out = c;
	rc = RB_OK;
out:
	buf_clear(&batch->uptime);
	free(batch);
	free(items.list);
	return rc;
}
