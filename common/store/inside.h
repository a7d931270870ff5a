/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_STORE_INSIDE_H
#define RB_STORE_INSIDE_H

#include "common/db/db.h"
#include "common/store/store.h"

/* What store.c and find.c share, and nobody else sees. */
enum store_table {
	META,
	LEAF,
	HASH,
	DIGEST,
	PACKAGE,
	VERDICT,
	BLOB,
	STORE_TABLES,
};

struct store {
	struct db db;
};

struct store_txn {
	struct store *store; /* borrowed */
	MDB_txn *txn;        /* owned */
};

/* A key of DIGEST or PACKAGE: the digest, then the leaf's index. */
#define FIND_KEY_LEN (DIGEST_LEN + DB_U64_LEN)

#endif
