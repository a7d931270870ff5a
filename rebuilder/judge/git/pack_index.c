/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/judge/git/pack_index.h"

#include <stdlib.h>
#include <string.h>

#define RECORD_LEN (GIT_ID_LEN + 8)

void
pack_index_clear(struct pack_index *i)
{
	free(i->list);
	*i = (struct pack_index)PACK_INDEX_INIT;
}

enum rb_err
pack_index_find(const struct pack_index *i, const struct git_id *id,
    uint64_t *offset)
{
	size_t low = 0, high = i->n, middle;
	int r;

	while (low < high) {
		middle = low + (high - low) / 2;
		r = memcmp(i->list[middle].id.b, id->b, GIT_ID_LEN);
		if (r == 0) {
			*offset = i->list[middle].offset;
			return RB_OK;
		}
		if (r < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return RB_ENOTFOUND;
}

static void
number_write(uint64_t n, uint8_t *out, size_t len)
{
	size_t i;

	for (i = 0; i < len; i++)
		out[i] = (uint8_t)(n >> (8 * (len - 1 - i)));
}

static uint64_t
number_read(struct span in)
{
	uint64_t n = 0;
	size_t i;

	for (i = 0; i < in.len; i++)
		n = n << 8 | in.p[i];
	return n;
}

enum rb_err
pack_index_put(const struct pack_index *index, struct buf *out)
{
	uint8_t head[4], offset[8];
	size_t i, len = out->len;
	enum rb_err rc;

	number_write(index->n, head, sizeof(head));
	if ((rc = buf_put(out, span_of(head, sizeof(head)))) != RB_OK)
		return rc;
	for (i = 0; i < index->n && rc == RB_OK; i++) {
		number_write(index->list[i].offset, offset, sizeof(offset));
		if ((rc = buf_put(out, git_id_span(&index->list[i].id))) ==
		    RB_OK)
			rc = buf_put(out, span_of(offset, sizeof(offset)));
	}
	if (rc != RB_OK)
		out->len = len;
	return rc;
}

enum rb_err
pack_index_take(struct span in, struct pack_index *out)
{
	struct pack_index index = PACK_INDEX_INIT;
	struct span field;
	uint64_t n;
	enum rb_err rc = RB_EINTERNAL;
	size_t i;

	if ((rc = span_take(&in, 4, &field)) != RB_OK)
		return rc;
	n = number_read(field);
	if (n > PACK_OBJECTS_MAX)
		return RB_ELIMIT;
	if (in.len != n * RECORD_LEN)
		return RB_EFORMAT;
	index.list = calloc((size_t)n + 1, sizeof(*index.list));
	if (index.list == NULL)
		return RB_ENOMEM;
	index.n = (size_t)n;
	for (i = 0; i < index.n; i++) {
		if ((rc = span_take(&in, GIT_ID_LEN, &field)) != RB_OK)
			goto out;
		memcpy(index.list[i].id.b, field.p, GIT_ID_LEN);
		if ((rc = span_take(&in, 8, &field)) != RB_OK)
			goto out;
		index.list[i].offset = number_read(field);
		if (i > 0 &&
		    memcmp(index.list[i - 1].id.b, index.list[i].id.b,
			GIT_ID_LEN) >= 0) {
			rc = RB_EFORMAT;
			goto out;
		}
	}

	*out = index;
	index = (struct pack_index)PACK_INDEX_INIT; /* now the caller's */
	rc = RB_OK;
out:
	pack_index_clear(&index);
	return rc;
}
