/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/store/inside.h"

static bool
bits_equal(const uint8_t *a, const uint8_t *b, unsigned int bits)
{
	unsigned int rest = bits % 8;

	if (memcmp(a, b, bits / 8) != 0)
		return false;
	return rest == 0 || (a[bits / 8] ^ b[bits / 8]) >> (8 - rest) == 0;
}

/* The first key that any digest with these bits can have. */
static void
put_first_key(uint8_t key[FIND_KEY_LEN], const struct digest *d,
    unsigned int bits)
{
	memset(key, 0, FIND_KEY_LEN);
	memcpy(key, d->b, bits / 8);
	if (bits % 8 != 0)
		key[bits / 8] = (uint8_t)(d->b[bits / 8] &
		    (0xff << (8 - bits % 8)));
}

static enum rb_err
find(struct store_txn *t, int table, const struct digest *d, unsigned int bits,
    uint64_t *indexes, size_t max, size_t *n)
{
	uint8_t first[FIND_KEY_LEN];
	MDB_cursor *cursor = NULL;
	MDB_val key, value;
	size_t count = 0;
	enum rb_err rc = RB_EINTERNAL;
	int r;

	if (bits > 8 * DIGEST_LEN)
		return RB_ELIMIT;
	r = mdb_cursor_open(t->txn, t->store->db.tables[table], &cursor);
	if (r != 0)
		return db_err(r, "find");
	put_first_key(first, d, bits);
	key = db_val(span_of(first, sizeof(first)));
	r = mdb_cursor_get(cursor, &key, &value, MDB_SET_RANGE);
	for (; r == 0 && count < max; count++) {
		struct span k = db_span(key);

		if (k.len != FIND_KEY_LEN) {
			rc = RB_EFORMAT;
			goto out;
		}
		if (!bits_equal(k.p, d->b, bits))
			break;
		indexes[count] = db_take_u64(k.p + DIGEST_LEN);
		r = mdb_cursor_get(cursor, &key, &value, MDB_NEXT);
	}
	if (r != 0 && r != MDB_NOTFOUND) {
		rc = db_err(r, "find");
		goto out;
	}

	*n = count;
	rc = RB_OK;
out:
	mdb_cursor_close(cursor);
	return rc;
}

enum rb_err
store_find_prefix(struct store_txn *t, const struct digest *d,
    unsigned int bits, uint64_t *indexes, size_t max, size_t *n)
{
	return find(t, DIGEST, d, bits, indexes, max, n);
}

enum rb_err
store_find_package(struct store_txn *t, const struct digest *key,
    unsigned int bits, uint64_t *indexes, size_t max, size_t *n)
{
	return find(t, PACKAGE, key, bits, indexes, max, n);
}

enum rb_err
store_package_key(const char *repository, const char *name, const char *version,
    const char *arch, struct digest *out)
{
	const char *const parts[] = { repository, name, version, arch };
	struct buf b = BUF_INIT;
	enum rb_err rc = RB_OK;
	size_t i;

	for (i = 0; i < 4 && rc == RB_OK; i++) {
		if (i > 0)
			rc = buf_put_byte(&b, 0);
		if (rc == RB_OK)
			rc = buf_put_str(&b, parts[i]);
	}
	if (rc == RB_OK)
		rc = digest_of(buf_span(&b), out);
	buf_clear(&b);
	return rc;
}
