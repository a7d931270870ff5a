/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attestor/truth.h"

#include <stdlib.h>

#include "common/db/db.h"

enum { META, LEAF, STATEMENT, BLOB, TABLES };

static const char *const tables[TABLES] = {
	[META] = "meta",
	[LEAF] = "leaf",
	[STATEMENT] = "statement",
	[BLOB] = "blob",
};

static const struct db_plan plan = {
	.tables = tables,
	.ntables = TABLES,
	.schema = 1,
	.what = "attestor's truth",
	.data_mode = 0600,
	.lock_mode = 0600,
};

#define VKEY_KEY SPAN("vkey")
#define CHECKPOINT_KEY SPAN("checkpoint")
#define PENDING_KEY SPAN("pending")

struct truth {
	struct db db;
};

enum rb_err
truth_open(const char *directory, struct truth **out, struct fault *why)
{
	struct truth *t = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((t = calloc(1, sizeof(*t))) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	if ((rc = db_open(directory, true, &plan, &t->db, why)) != RB_OK)
		goto out;

	*out = t;
	t = NULL; /* now the caller's */
	rc = RB_OK;
out:
	truth_close(&t);
	return rc;
}

void
truth_close(struct truth **t)
{
	if (*t == NULL)
		return;
	db_close(&(*t)->db);
	free(*t);
	*t = NULL;
}

static enum rb_err
begin(struct truth *t, bool writes, MDB_txn **out)
{
	return db_err(mdb_txn_begin(t->db.env, NULL, writes ? 0 : MDB_RDONLY,
			  out),
	    "begin");
}

/* Durable, or as if nothing had happened. */
static enum rb_err
end(MDB_txn *txn, enum rb_err rc)
{
	if (rc == RB_OK)
		return db_err(mdb_txn_commit(txn), "commit");
	mdb_txn_abort(txn);
	return rc;
}

/* One look-up; what it found is copied to `out` unless that is NULL. */
static enum rb_err
look_up(struct truth *t, int table, struct span key, struct buf *out)
{
	struct span found = SPAN_INIT;
	struct buf copy = BUF_INIT;
	MDB_txn *txn = NULL;
	enum rb_err rc;

	if ((rc = begin(t, false, &txn)) != RB_OK)
		return rc;
	rc = db_get(txn, t->db.tables[table], key, &found);
	if (rc == RB_OK && out != NULL &&
	    (rc = buf_put(&copy, found)) == RB_OK) {
		buf_clear(out);
		*out = copy;
		copy = (struct buf)BUF_INIT; /* now the caller's */
	}
	mdb_txn_abort(txn);
	buf_clear(&copy);
	return rc;
}

enum rb_err
truth_leaf(struct truth *t, uint64_t index, struct buf *envelope)
{
	uint8_t key[DB_U64_LEN];

	db_put_u64(key, index);
	return look_up(t, LEAF, span_of(key, sizeof(key)), envelope);
}

enum rb_err
truth_find(struct truth *t, const struct digest *statement, uint64_t *index)
{
	struct buf found = BUF_INIT;
	enum rb_err rc;

	rc = look_up(t, STATEMENT, digest_span(statement), &found);
	if (rc == RB_OK && found.len != DB_U64_LEN)
		rc = RB_EFORMAT;
	if (rc == RB_OK)
		*index = db_take_u64(found.p);
	buf_clear(&found);
	return rc;
}

enum rb_err
truth_blob(struct truth *t, const struct digest *d, struct buf *out)
{
	return look_up(t, BLOB, digest_span(d), out);
}

enum rb_err
truth_has_blob(struct truth *t, const struct digest *d)
{
	return look_up(t, BLOB, digest_span(d), NULL);
}

enum rb_err
truth_checkpoint(struct truth *t, struct buf *note)
{
	return look_up(t, META, CHECKPOINT_KEY, note);
}

enum rb_err
truth_pending(struct truth *t, struct buf *statement)
{
	return look_up(t, META, PENDING_KEY, statement);
}

static enum rb_err
count_leaves(struct truth *t, MDB_txn *txn, uint64_t *leaves)
{
	MDB_stat st;
	enum rb_err rc;

	rc = db_err(mdb_stat(txn, t->db.tables[LEAF], &st), "stat");
	if (rc == RB_OK)
		*leaves = st.ms_entries;
	return rc;
}

enum rb_err
truth_size(struct truth *t, uint64_t *leaves)
{
	MDB_txn *txn = NULL;
	enum rb_err rc;

	if ((rc = begin(t, false, &txn)) != RB_OK)
		return rc;
	rc = count_leaves(t, txn, leaves);
	mdb_txn_abort(txn);
	return rc;
}

enum rb_err
truth_bind(struct truth *t, struct span vkey)
{
	struct span bound = SPAN_INIT;
	MDB_txn *txn = NULL;
	enum rb_err rc;

	if ((rc = begin(t, true, &txn)) != RB_OK)
		return rc;
	rc = db_get(txn, t->db.tables[META], VKEY_KEY, &bound);
	if (rc == RB_ENOTFOUND)
		rc = db_put(txn, t->db.tables[META], VKEY_KEY, vkey, 0);
	else if (rc == RB_OK && !span_equal(bound, vkey))
		rc = RB_EREFUSED;
	return end(txn, rc);
}

static enum rb_err
journal(struct truth *t, MDB_txn *txn, struct span statement,
    const struct truth_blob *blobs, size_t n)
{
	enum rb_err rc;
	size_t i;

	rc = db_put(txn, t->db.tables[META], PENDING_KEY, statement,
	    MDB_NOOVERWRITE);
	for (i = 0; i < n && rc == RB_OK; i++) {
		rc = db_put(txn, t->db.tables[BLOB],
		    digest_span(&blobs[i].digest), buf_span(&blobs[i].bytes),
		    MDB_NOOVERWRITE);
		/* Its name is its digest: what is there is the same. */
		if (rc == RB_EREFUSED)
			rc = RB_OK;
	}
	return rc;
}

enum rb_err
truth_journal(struct truth *t, struct span statement,
    const struct truth_blob *blobs, size_t n)
{
	MDB_txn *txn = NULL;
	enum rb_err rc;

	if ((rc = begin(t, true, &txn)) != RB_OK)
		return rc;
	return end(txn, journal(t, txn, statement, blobs, n));
}

static enum rb_err
forget_pending(struct truth *t, MDB_txn *txn)
{
	MDB_val key = db_val(PENDING_KEY);

	return db_err(mdb_del(txn, t->db.tables[META], &key, NULL), "remove");
}

enum rb_err
truth_forget(struct truth *t)
{
	MDB_txn *txn = NULL;
	enum rb_err rc;

	if ((rc = begin(t, true, &txn)) != RB_OK)
		return rc;
	return end(txn, forget_pending(t, txn));
}

static enum rb_err
commit(struct truth *t, MDB_txn *txn, uint64_t index, struct span envelope,
    struct span note)
{
	struct span pending = SPAN_INIT;
	struct digest statement = DIGEST_INIT;
	uint8_t key[DB_U64_LEN];
	uint64_t size = 0;
	enum rb_err rc;

	if ((rc = count_leaves(t, txn, &size)) != RB_OK)
		return rc;
	if (index != size)
		return RB_EREFUSED;
	if ((rc = db_get(txn, t->db.tables[META], PENDING_KEY, &pending)) !=
	    RB_OK)
		return rc;
	if ((rc = digest_of(pending, &statement)) != RB_OK)
		return rc;
	db_put_u64(key, index);
	if ((rc = db_put(txn, t->db.tables[LEAF], span_of(key, sizeof(key)),
		 envelope, MDB_APPEND)) != RB_OK)
		return rc;
	if ((rc = db_put(txn, t->db.tables[STATEMENT], digest_span(&statement),
		 span_of(key, sizeof(key)), MDB_NOOVERWRITE)) != RB_OK)
		return rc;
	if ((rc = db_put(txn, t->db.tables[META], CHECKPOINT_KEY, note, 0)) !=
	    RB_OK)
		return rc;
	return forget_pending(t, txn);
}

enum rb_err
truth_commit(struct truth *t, uint64_t index, struct span envelope,
    struct span note)
{
	MDB_txn *txn = NULL;
	enum rb_err rc;

	if ((rc = begin(t, true, &txn)) != RB_OK)
		return rc;
	return end(txn, commit(t, txn, index, envelope, note));
}
