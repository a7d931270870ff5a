/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/db/db.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/file.h"
#include "common/base/note.h"

#define DATA_NAME "data.mdb" /* of LMDB's choosing */
#define NEW_NAME "new.mdb"

void
db_put_u64(uint8_t out[DB_U64_LEN], uint64_t v)
{
	size_t i;

	for (i = 0; i < DB_U64_LEN; i++)
		out[i] = (uint8_t)(v >> (8 * (DB_U64_LEN - 1 - i)));
}

uint64_t
db_take_u64(const uint8_t in[DB_U64_LEN])
{
	uint64_t v = 0;
	size_t i;

	for (i = 0; i < DB_U64_LEN; i++)
		v = v << 8 | in[i];
	return v;
}

MDB_val
db_val(struct span s)
{
	MDB_val v = { s.len, NULL };

	memcpy(&v.mv_data, &s.p, sizeof(v.mv_data));
	return v;
}

struct span
db_span(MDB_val v)
{
	return span_of(v.mv_data, v.mv_size);
}

enum rb_err
db_err(int r, const char *doing)
{
	switch (r) {
	case 0:
		return RB_OK;
	case MDB_NOTFOUND:
		return RB_ENOTFOUND;
	case MDB_KEYEXIST:
		return RB_EREFUSED;
	case ENOMEM:
		return RB_ENOMEM;
	default:
		note(NOTE_ERROR, "database: %s: %s", doing, mdb_strerror(r));
		return RB_EIO;
	}
}

enum rb_err
db_get(MDB_txn *txn, MDB_dbi table, struct span key, struct span *out)
{
	MDB_val k = db_val(key), v;
	enum rb_err rc;

	if ((rc = db_err(mdb_get(txn, table, &k, &v), "read")) != RB_OK)
		return rc;
	*out = db_span(v);
	return RB_OK;
}

enum rb_err
db_put(MDB_txn *txn, MDB_dbi table, struct span key, struct span value,
    unsigned int flags)
{
	MDB_val k = db_val(key), v = db_val(value);

	return db_err(mdb_put(txn, table, &k, &v, flags), "write");
}

static enum rb_err
open_fault(int r, const char *directory, const struct db_plan *plan,
    struct fault *why)
{
	enum rb_err rc = RB_EIO;

	if (r == ENOENT || r == MDB_NOTFOUND)
		rc = RB_ENOTFOUND;
	else if (r == MDB_INVALID || r == MDB_CORRUPTED ||
	    r == MDB_VERSION_MISMATCH || r == MDB_PAGE_NOTFOUND)
		rc = RB_EFORMAT;
	else if (r == ENOMEM)
		rc = RB_ENOMEM;
	return fault_set(why, rc, "%s in %s: %s", plan->what, directory,
	    mdb_strerror(r));
}

/*
 * LMDB gives both files one mode, cut by our umask; the store wants two,
 * because its readers write the lock file and nothing else.
 */
static enum rb_err
set_modes(const char *directory, const struct db_plan *plan, struct fault *why)
{
	enum rb_err rc = RB_OK;
	int dir;

	dir = open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0 || fchmodat(dir, "data.mdb", plan->data_mode, 0) != 0 ||
	    fchmodat(dir, "lock.mdb", plan->lock_mode, 0) != 0)
		rc = fault_set(why, RB_EIO, "%s in %s: chmod: %s", plan->what,
		    directory, strerror(errno));
	fd_close(&dir);
	return rc;
}

enum rb_err
db_put_schema(MDB_txn *txn, MDB_dbi table, unsigned int schema)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", schema);

	return db_put(txn, table, DB_SCHEMA_KEY, span_of(text, (size_t)len), 0);
}

/* 0: none.  Looks at the first table alone. */
static enum rb_err
read_schema(const struct db *db, MDB_txn *txn, const struct db_plan *plan,
    unsigned int *out, struct fault *why)
{
	struct span text = SPAN_INIT;
	uint64_t n = 0;
	enum rb_err rc;

	*out = 0;
	rc = db_get(txn, db->tables[0], DB_SCHEMA_KEY, &text);
	if (rc == RB_ENOTFOUND)
		return RB_OK;
	if (rc != RB_OK)
		return rc;
	if (dec_parse(text, UINT_MAX, &n) != RB_OK || n == 0)
		return fault_set(why, RB_EREFUSED,
		    "%s has a schema that no version of this program writes",
		    plan->what);
	*out = (unsigned int)n;
	return RB_OK;
}

static enum rb_err
check_schema(unsigned int schema, bool writes, const struct db_plan *plan,
    struct fault *why)
{
	if (schema > plan->schema)
		return fault_set(why, RB_EREFUSED,
		    "%s has schema %u, and this program knows %u: a newer "
		    "version wrote it; use that or a later one",
		    plan->what, schema, plan->schema);
	if (!writes && schema != plan->schema)
		return fault_set(why, RB_EREFUSED,
		    "%s has schema %u, and this program knows %u: who writes "
		    "it has not brought it up yet",
		    plan->what, schema, plan->schema);
	return RB_OK;
}

/* Something stands in it: it was not made just now. */
static enum rb_err
is_used(const struct db *db, MDB_txn *txn, const struct db_plan *plan,
    bool *out)
{
	MDB_stat st;
	size_t i;
	enum rb_err rc;

	*out = false;
	for (i = 0; i < plan->ntables; i++) {
		rc = db_err(mdb_stat(txn, db->tables[i], &st), "stat");
		if (rc != RB_OK)
			return rc;
		*out = *out || st.ms_entries > 0;
	}
	return RB_OK;
}

/* Of a writer: what is older, or has no schema, gets the present one. */
static enum rb_err
bring_up(const struct db *db, MDB_txn *txn, const struct db_plan *plan,
    unsigned int from, struct fault *why)
{
	bool used = false;
	enum rb_err rc;

	if (from == plan->schema)
		return RB_OK;
	if (from == 0) {
		if ((rc = is_used(db, txn, plan, &used)) != RB_OK)
			return rc;
		from = used ? plan->unnamed : plan->schema;
	}
	if (from == 0)
		return fault_set(why, RB_EFORMAT,
		    "%s has no schema: this program did not write it",
		    plan->what);
	for (; from < plan->schema; from++) {
		rc = RB_EREFUSED;
		if (plan->upgrade != NULL)
			rc = plan->upgrade(db, txn, from);
		if (rc != RB_OK)
			return fault_set(why, rc,
			    "%s has schema %u, which this program cannot "
			    "bring to schema %u: %s",
			    plan->what, from, plan->schema, err_name(rc));
		note(NOTE_INFO, "%s is brought from schema %u to %u",
		    plan->what, from, from + 1);
	}
	return db_put_schema(txn, db->tables[0], plan->schema);
}

static enum rb_err
open_tables(struct db *db, bool writes, const struct db_plan *plan,
    const char *directory, struct fault *why)
{
	MDB_txn *txn = NULL;
	enum rb_err rc = RB_EINTERNAL;
	unsigned int schema = 0;
	size_t i;
	int r;

	r = mdb_txn_begin(db->env, NULL, writes ? 0 : MDB_RDONLY, &txn);
	if (r != 0) {
		txn = NULL;
		rc = open_fault(r, directory, plan, why);
		goto out;
	}
	for (i = 0; i < plan->ntables; i++) {
		r = mdb_dbi_open(txn, plan->tables[i], writes ? MDB_CREATE : 0,
		    &db->tables[i]);
		if (r != 0) {
			rc = open_fault(r, directory, plan, why);
			goto out;
		}
		if (i != 0)
			continue;
		/* Before the others, which another schema may not have. */
		if ((rc = read_schema(db, txn, plan, &schema, why)) != RB_OK ||
		    (rc = check_schema(schema, writes, plan, why)) != RB_OK)
			goto out;
	}
	if (writes && (rc = bring_up(db, txn, plan, schema, why)) != RB_OK)
		goto out;
	/* Also of a reader: the handles live on only after a commit. */
	r = mdb_txn_commit(txn);
	txn = NULL;
	rc = r == 0 ? RB_OK : open_fault(r, directory, plan, why);
out:
	if (txn != NULL)
		mdb_txn_abort(txn);
	return rc;
}

static int
open_environment(const char *path, unsigned int flags,
    const struct db_plan *plan, MDB_env **out)
{
	int r;

	if ((r = mdb_env_create(out)) != 0) {
		*out = NULL;
		return r;
	}
	if ((r = mdb_env_set_mapsize(*out, DB_MAP_SIZE)) != 0 ||
	    (r = mdb_env_set_maxreaders(*out, DB_READERS_MAX)) != 0 ||
	    (r = mdb_env_set_maxdbs(*out, DB_TABLES_MAX)) != 0)
		return r;
	return mdb_env_open(*out, path, flags | MDB_NOTLS, plan->data_mode);
}

/* An empty database, whole and synced, that nobody has open. */
static enum rb_err
write_empty(const char *directory, const struct db_plan *plan,
    struct fault *why)
{
	char path[PATH_MAX];
	struct db db = DB_INIT;
	enum rb_err rc = RB_EINTERNAL;
	int r;

	r = snprintf(path, sizeof(path), "%s/" NEW_NAME, directory);
	if (r < 0 || (size_t)r >= sizeof(path))
		return RB_ELIMIT;
	r = open_environment(path, MDB_NOSUBDIR | MDB_NOLOCK, plan, &db.env);
	if (r != 0)
		rc = open_fault(r, directory, plan, why);
	else
		rc = open_tables(&db, true, plan, directory, why);
	db_close(&db);
	return rc;
}

/*
 * LMDB makes its file in place, and syncs neither its first pages before
 * others see them nor ever the directory: a power cut would leave half a
 * database, or none, of which we could not tell that it had held something.
 * So it is made under another name, and comes whole or not at all.
 */
static enum rb_err
make_database(const char *directory, const struct db_plan *plan,
    struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;
	int dir;

	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0) {
		rc = open_fault(errno, directory, plan, why);
		goto out;
	}
	if (faccessat(dir, DATA_NAME, F_OK, AT_SYMLINK_NOFOLLOW) == 0) {
		/* Whoever made it may have died in front of its sync. */
		rc = fsync(dir) == 0 ? RB_OK :
				       open_fault(errno, directory, plan, why);
		goto out;
	}
	if (unlinkat(dir, NEW_NAME, 0) != 0 && errno != ENOENT) {
		rc = open_fault(errno, directory, plan, why);
		goto out;
	}
	if ((rc = write_empty(directory, plan, why)) != RB_OK)
		goto out;
	if (fchmodat(dir, NEW_NAME, plan->data_mode, 0) != 0 ||
	    renameat(dir, NEW_NAME, dir, DATA_NAME) != 0 || fsync(dir) != 0) {
		rc = open_fault(errno, directory, plan, why);
		goto out;
	}
	rc = RB_OK;
out:
	if (rc != RB_OK && dir >= 0)
		(void)unlinkat(dir, NEW_NAME, 0);
	fd_close(&dir);
	return rc;
}

enum rb_err
db_open(const char *directory, bool writes, const struct db_plan *plan,
    struct db *out, struct fault *why)
{
	struct db db = DB_INIT;
	enum rb_err rc = RB_EINTERNAL;
	int dead, r;

	if (plan->ntables > DB_TABLES_MAX)
		return RB_EINTERNAL;
	if (writes && (rc = make_database(directory, plan, why)) != RB_OK)
		goto out;
	r = open_environment(directory, writes ? 0 : MDB_RDONLY, plan, &db.env);
	if (r != 0) {
		rc = open_fault(r, directory, plan, why);
		goto out;
	}
	/* A reader that died would hold its pages for ever. */
	if (writes && (r = mdb_reader_check(db.env, &dead)) != 0) {
		rc = open_fault(r, directory, plan, why);
		goto out;
	}
	if (writes && (rc = set_modes(directory, plan, why)) != RB_OK)
		goto out;
	if ((rc = open_tables(&db, writes, plan, directory, why)) != RB_OK)
		goto out;

	*out = db;
	db = (struct db)DB_INIT; /* now the caller's */
	rc = RB_OK;
out:
	db_close(&db);
	return rc;
}

void
db_close(struct db *db)
{
	if (db->env != NULL)
		mdb_env_close(db->env);
	*db = (struct db)DB_INIT;
}
