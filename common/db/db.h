/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_DB_DB_H
#define RB_DB_DB_H

#include <lmdb.h>
#include <sys/types.h>

#include "common/base/span.h"

/*
 * The little of LMDB that all databases of a node share: one environment of
 * named tables, the first of which holds the schema.
 */
#define DB_TABLES_MAX 16
#define DB_SCHEMA_KEY SPAN("schema")

/*
 * Address space, not disk: the file grows with what is in it.  No file of ext4
 * is larger, so that it is the disk that ends a log, and not this number.
 */
#define DB_MAP_SIZE (UINT64_C(16) << 40)
#define DB_READERS_MAX 1024

struct db {
	MDB_env *env; /* owned; NULL: none */
	MDB_dbi tables[DB_TABLES_MAX];
};

/*
 * The schema is a number from 1 on, in decimal.  It rises when a program of
 * the version before could not read what is written now.
 */
struct db_plan {
	const char *const *tables; /* tables[0] is where the schema stands */
	size_t ntables;
	unsigned int schema;
	const char *what; /* names the database in a fault */
	mode_t data_mode; /* of data.mdb */
	mode_t lock_mode; /* of lock.mdb */
	/*
	 * Makes schema `from` + 1 of schema `from`, in a transaction that
	 * comes whole or not at all.  NULL: there is none that could be.
	 */
	enum rb_err (
	    *upgrade)(const struct db *db, MDB_txn *txn, unsigned int from);
	/*
	 * The schema of a database that has none and is not empty: of a kind
	 * that had none in the beginning.  0: it is not ours.
	 */
	unsigned int unnamed;
};

#define DB_INIT { NULL, { 0 } }

/*
 * Opens LMDB's files below `directory`, which exists.  A writer makes what
 * is missing, so that a power cut leaves an empty database or none, and
 * forgets readers that died; a reader gets RB_ENOTFOUND for
 * it.  A writer upgrades an older schema.  RB_EREFUSED: a newer schema, or an
 * older one that cannot be upgraded.  RB_EFORMAT: not a database.
 */
enum rb_err db_open(const char *directory, bool writes,
    const struct db_plan *plan, struct db *out, struct fault *why) RB_CHECK;
void db_close(struct db *db);

/* LMDB's answer as ours.  What is wrong with the machine is noted. */
enum rb_err db_err(int r, const char *doing) RB_CHECK;

/* A span as LMDB wants it.  LMDB reads through it and never writes. */
MDB_val db_val(struct span s);
struct span db_span(MDB_val v);

/* What comes out is borrowed from the transaction. */
enum rb_err db_get(MDB_txn *txn, MDB_dbi table, struct span key,
    struct span *out) RB_CHECK;
/* `flags` as for mdb_put; MDB_NOOVERWRITE finds RB_EREFUSED. */
enum rb_err db_put(MDB_txn *txn, MDB_dbi table, struct span key,
    struct span value, unsigned int flags) RB_CHECK;

/* For who empties the first table. */
enum rb_err db_put_schema(MDB_txn *txn, MDB_dbi table, unsigned int schema)
    RB_CHECK;

/* Numbers in keys are big endian, so that they sort as numbers. */
#define DB_U64_LEN 8
void db_put_u64(uint8_t out[DB_U64_LEN], uint64_t v);
uint64_t db_take_u64(const uint8_t in[DB_U64_LEN]);

#endif
