/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/journal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/note.h"
#include "common/db/db.h"
#include "common/process/msg.h"

enum { META, MEMORY, ATTEMPT, NEWEST, OTHERS };
#define TABLES (OTHERS + JOURNAL_TABLES)

struct journal {
	struct db db;
};

static const char *const table_names[TABLES] = {
	[META] = "meta",
	[MEMORY] = "memory",
	[ATTEMPT] = "attempt",
	[NEWEST] = "newest",
	[OTHERS + JOURNAL_JOB] = "job",
	[OTHERS + JOURNAL_LEAF] = "leaf",
	[OTHERS + JOURNAL_FOUND] = "found",
	[OTHERS + JOURNAL_PINNED] = "pinned",
	[OTHERS + JOURNAL_USED] = "used",
	[OTHERS + JOURNAL_STATE] = "state",
};

static const struct db_plan plan = {
	.tables = table_names,
	.ntables = TABLES,
	.schema = 1,
	.what = "journal",
	.data_mode = 0600,
	.lock_mode = 0600,
	.unnamed = 1, /* it said so nowhere in the beginning */
};

/*
 * After a write that failed where LMDB cannot take it back, no handle of it
 * is good any more, and all that we know of the disk is in it: a new start
 * reads it again, and goes on with the jobs that are there.
 */
static enum rb_err
err_of(int r)
{
	if (r == MDB_PANIC) {
		note(NOTE_ERROR,
		    "the journal could not be written, as an earlier note "
		    "says: the rebuilder ends, to begin with what the disk "
		    "has");
		_exit(1);
	}
	return db_err(r, "journal");
}

enum rb_err
journal_open(const char *path, struct journal **out, struct fault *why)
{
	struct journal *j = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((j = calloc(1, sizeof(*j))) == NULL)
		return RB_ENOMEM;
	if ((rc = db_open(path, true, &plan, &j->db, why)) != RB_OK) {
		journal_close(&j);
		/* The directory, which init makes, and we can't. */
		return rc == RB_ENOTFOUND ? RB_EIO : rc;
	}
	*out = j;
	return RB_OK;
}

void
journal_close(struct journal **j)
{
	if (*j == NULL)
		return;
	db_close(&(*j)->db);
	free(*j);
	*j = NULL;
}

static enum rb_err
get(struct journal *j, MDB_dbi dbi, struct span key, size_t limit,
    struct buf *out)
{
	MDB_txn *txn = NULL;
	MDB_val k = db_val(key), v = { 0, NULL };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = err_of(mdb_txn_begin(j->db.env, NULL, MDB_RDONLY, &txn))) !=
	    RB_OK)
		goto out;
	if ((rc = err_of(mdb_get(txn, dbi, &k, &v))) != RB_OK)
		goto out;
	if (v.mv_size > limit) {
		rc = RB_ELIMIT;
		goto out;
	}
	rc = buf_put(out, db_span(v));
out:
	if (txn != NULL)
		mdb_txn_abort(txn);
	return rc;
}

static enum rb_err
begin(struct journal *j, MDB_txn **txn)
{
	return err_of(mdb_txn_begin(j->db.env, NULL, 0, txn));
}

/* What failed leaves all as it was. */
static enum rb_err
end(MDB_txn *txn, enum rb_err rc)
{
	if (rc == RB_OK)
		return err_of(mdb_txn_commit(txn));
	mdb_txn_abort(txn);
	return rc;
}

static enum rb_err
put(struct journal *j, MDB_dbi dbi, struct span key, struct span value)
{
	MDB_val k = db_val(key), v = db_val(value);
	MDB_txn *txn = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = begin(j, &txn)) != RB_OK)
		return rc;
	return end(txn, err_of(mdb_put(txn, dbi, &k, &v, 0)));
}

enum rb_err
journal_recall(struct journal *j, const struct digest *key, struct buf *out)
{
	return get(j, j->db.tables[MEMORY], digest_span(key), MEMORY_MAX, out);
}

enum rb_err
journal_remember(struct journal *j, const struct digest *key, struct span value)
{
	if (value.len > MEMORY_MAX)
		return RB_ELIMIT;
	return put(j, j->db.tables[MEMORY], digest_span(key), value);
}

static enum rb_err
get_number(struct journal *j, MDB_dbi dbi, struct span key, uint64_t *out)
{
	struct buf value = BUF_INIT;
	struct span rest;
	uint64_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	rc = get(j, dbi, key, sizeof(n), &value);
	if (rc == RB_ENOTFOUND) {
		rc = RB_OK;
	} else if (rc == RB_OK) {
		rest = buf_span(&value);
		rc = take_u64(&rest, &n);
	}
	if (rc == RB_OK)
		*out = n;
	buf_clear(&value);
	return rc;
}

/* 0 when there is none. */
static enum rb_err
read_in(MDB_txn *txn, MDB_dbi dbi, MDB_val *k, uint64_t *out)
{
	struct span old;
	MDB_val v = { 0, NULL };
	enum rb_err rc = RB_EINTERNAL;

	*out = 0;
	if ((rc = err_of(mdb_get(txn, dbi, k, &v))) != RB_OK)
		return rc == RB_ENOTFOUND ? RB_OK : rc;
	old = db_span(v);
	return take_u64(&old, out);
}

static enum rb_err
write_in(MDB_txn *txn, MDB_dbi dbi, MDB_val *k, uint64_t n)
{
	struct buf value = BUF_INIT;
	MDB_val v;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = put_u64(&value, n)) == RB_OK) {
		v = db_val(buf_span(&value));
		rc = err_of(mdb_put(txn, dbi, k, &v, 0));
	}
	buf_clear(&value);
	return rc;
}

enum rb_err
journal_attempt(struct journal *j, const struct digest *published,
    uint64_t *out)
{
	MDB_dbi dbi = j->db.tables[ATTEMPT];
	MDB_val k = db_val(digest_span(published));
	MDB_txn *txn = NULL;
	uint64_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = begin(j, &txn)) != RB_OK)
		return rc;
	if ((rc = read_in(txn, dbi, &k, &n)) == RB_OK)
		rc = write_in(txn, dbi, &k, ++n);
	if ((rc = end(txn, rc)) == RB_OK)
		*out = n;
	return rc;
}

enum rb_err
journal_newest(struct journal *j, const char *name, int64_t *out)
{
	uint64_t n = 0;
	enum rb_err rc = RB_EINTERNAL;

	rc = get_number(j, j->db.tables[NEWEST], span_of_str(name), &n);
	if (rc != RB_OK)
		return rc;
	if (n > INT64_MAX)
		return RB_EFORMAT;
	*out = (int64_t)n;
	return RB_OK;
}

enum rb_err
journal_saw(struct journal *j, const char *name, int64_t date)
{
	MDB_dbi dbi = j->db.tables[NEWEST];
	MDB_val k = db_val(span_of_str(name));
	MDB_txn *txn = NULL;
	uint64_t newest = 0;
	enum rb_err rc = RB_EINTERNAL;

	if (date < 0)
		return RB_ESTALE;
	/* Together: another thread may be about to see a newer one. */
	if ((rc = begin(j, &txn)) != RB_OK)
		return rc;
	rc = read_in(txn, dbi, &k, &newest);
	if (rc == RB_OK && (uint64_t)date < newest)
		rc = RB_ESTALE;
	if (rc == RB_OK && (uint64_t)date > newest)
		rc = write_in(txn, dbi, &k, (uint64_t)date);
	return end(txn, rc);
}

static enum rb_err
count_in(MDB_txn *txn, MDB_dbi dbi, MDB_val *k, struct span more)
{
	uint64_t n = 0, add = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u64(&more, &add)) != RB_OK ||
	    (rc = read_in(txn, dbi, k, &n)) != RB_OK)
		return rc;
	return write_in(txn, dbi, k, n + add);
}

static enum rb_err
add_in(MDB_txn *txn, MDB_dbi dbi, MDB_val *k, MDB_val *v)
{
	int rc = mdb_put(txn, dbi, k, v, MDB_NOOVERWRITE);

	return rc == MDB_KEYEXIST ? RB_OK : err_of(rc);
}

static enum rb_err
write_one(struct journal *j, MDB_txn *txn, const struct journal_write *w)
{
	MDB_val k = db_val(w->key), v = db_val(w->value);
	MDB_dbi dbi = j->db.tables[OTHERS + w->table];
	enum rb_err rc = RB_EINTERNAL;

	switch (w->deed) {
	case JOURNAL_PUT:
		return err_of(mdb_put(txn, dbi, &k, &v, 0));
	case JOURNAL_ADD:
		return add_in(txn, dbi, &k, &v);
	case JOURNAL_REMOVE:
		rc = err_of(mdb_del(txn, dbi, &k, NULL));
		return rc == RB_ENOTFOUND ? RB_OK : rc;
	case JOURNAL_COUNT:
		return count_in(txn, dbi, &k, w->value);
	}
	return rc;
}

enum rb_err
journal_write(struct journal *j, const struct journal_write *list, size_t n)
{
	MDB_txn *txn = NULL;
	size_t i;
	enum rb_err rc = RB_EINTERNAL;

	if (n == 0)
		return RB_OK;
	if ((rc = begin(j, &txn)) != RB_OK)
		return rc;
	for (i = 0; i < n && rc == RB_OK; i++)
		rc = write_one(j, txn, &list[i]);
	return end(txn, rc);
}

enum rb_err
journal_read(struct journal *j, enum journal_table table, struct span key,
    size_t max, struct buf *out)
{
	return get(j, j->db.tables[OTHERS + table], key, max, out);
}

enum rb_err
journal_number(struct journal *j, enum journal_table table, struct span key,
    uint64_t *out)
{
	return get_number(j, j->db.tables[OTHERS + table], key, out);
}

/* The first entry at or behind the prefix; empty: the first of all. */
static enum rb_err
seek(MDB_cursor *cursor, struct span prefix, MDB_val *k, MDB_val *v)
{
	*k = db_val(prefix);
	return err_of(mdb_cursor_get(cursor, k, v,
	    prefix.len == 0 ? MDB_FIRST : MDB_SET_RANGE));
}

enum rb_err
journal_each(struct journal *j, enum journal_table table, struct span prefix,
    enum rb_err (*each)(void *self, struct span key, struct span value),
    void *self)
{
	MDB_txn *txn = NULL;
	MDB_cursor *cursor = NULL;
	MDB_val k = { 0, NULL }, v = { 0, NULL };
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = err_of(mdb_txn_begin(j->db.env, NULL, MDB_RDONLY, &txn))) !=
		RB_OK ||
	    (rc = err_of(mdb_cursor_open(txn, j->db.tables[OTHERS + table],
		 &cursor))) != RB_OK)
		goto out;
	rc = seek(cursor, prefix, &k, &v);
	while (rc == RB_OK && span_starts(db_span(k), prefix)) {
		rc = each(self, db_span(k), db_span(v));
		if (rc != RB_OK)
			goto out;
		rc = err_of(mdb_cursor_get(cursor, &k, &v, MDB_NEXT));
	}
	if (rc == RB_ENOTFOUND)
		rc = RB_OK;
out:
	if (cursor != NULL)
		mdb_cursor_close(cursor);
	if (txn != NULL)
		mdb_txn_abort(txn);
	return rc;
}

enum rb_err
journal_last(struct journal *j, enum journal_table table, struct span prefix,
    struct buf *key)
{
	uint8_t behind[JOURNAL_KEY_MAX];
	MDB_txn *txn = NULL;
	MDB_cursor *cursor = NULL;
	MDB_val k = { 0, NULL }, v = { 0, NULL };
	enum rb_err rc = RB_EINTERNAL;

	/* Behind every key that continues the prefix by a number. */
	if (prefix.len > sizeof(behind) - sizeof(uint64_t) - 1)
		return RB_ELIMIT;
	memset(behind, 0xff, sizeof(behind));
	if (prefix.len > 0)
		memcpy(behind, prefix.p, prefix.len);
	if ((rc = err_of(mdb_txn_begin(j->db.env, NULL, MDB_RDONLY, &txn))) !=
		RB_OK ||
	    (rc = err_of(mdb_cursor_open(txn, j->db.tables[OTHERS + table],
		 &cursor))) != RB_OK)
		goto out;
	rc = seek(cursor, span_of(behind, prefix.len + sizeof(uint64_t) + 1),
	    &k, &v);
	if (rc == RB_OK || rc == RB_ENOTFOUND)
		rc = err_of(mdb_cursor_get(cursor, &k, &v,
		    rc == RB_OK ? MDB_PREV : MDB_LAST));
	if (rc != RB_OK)
		goto out;
	rc = RB_ENOTFOUND;
	if (span_starts(db_span(k), prefix))
		rc = buf_put(key, db_span(k));
out:
	if (cursor != NULL)
		mdb_cursor_close(cursor);
	if (txn != NULL)
		mdb_txn_abort(txn);
	return rc;
}
