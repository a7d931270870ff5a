/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "httpd/tile.h"

#define TILE_HEIGHT 8
#define ENTRY_MAX 0xffff /* tlog-tiles: the length has 16 bits */

/* One behind the last hash of the tile, on the tile's own level. */
static uint64_t
tile_end(const struct route *r)
{
	/* ROUTE_TILE_MAX leaves room for this. */
	return r->index * ROUTE_TILE_WIDTH + r->width;
}

enum rb_err
tile_hashes(const struct view *v, const struct route *r, struct buf *out)
{
	const unsigned int height = r->level * TILE_HEIGHT;
	uint64_t i, end = tile_end(r);
	struct digest hash;
	enum rb_err rc;

	/* Complete subtrees of this height below the checkpoint. */
	if (end > v->head.size >> height)
		return RB_ENOTFOUND;
	for (i = end - r->width; i < end; i++) {
		if ((rc = store_hash(v->txn, height, i, &hash)) != RB_OK)
			return rc;
		if ((rc = buf_put(out, digest_span(&hash))) != RB_OK)
			return rc;
	}
	return RB_OK;
}

enum rb_err
tile_entries(const struct view *v, const struct route *r, struct buf *out)
{
	uint64_t i, end = tile_end(r);
	struct span leaf;
	enum rb_err rc;

	if (end > v->head.size)
		return RB_ENOTFOUND;
	for (i = end - r->width; i < end; i++) {
		if ((rc = view_leaf(v, i, &leaf, NULL)) != RB_OK)
			return rc;
		if (leaf.len > ENTRY_MAX)
			return RB_EINTERNAL; /* ENVELOPE_MAX is below */
		if ((rc = buf_put_byte(out, (uint8_t)(leaf.len >> 8))) != RB_OK)
			return rc;
		if ((rc = buf_put_byte(out, (uint8_t)leaf.len)) != RB_OK)
			return rc;
		if ((rc = buf_put(out, leaf)) != RB_OK)
			return rc;
	}
	return RB_OK;
}
