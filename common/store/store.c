/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/store/inside.h"

static const char *const tables[STORE_TABLES] = {
	[META] = "meta",
	[LEAF] = "leaf",
	[HASH] = "hash",
	[DIGEST] = "digest",
	[PACKAGE] = "package",
	[VERDICT] = "verdict",
	[BLOB] = "blob",
};

static const struct db_plan plan = {
	.tables = tables,
	.ntables = STORE_TABLES,
	.schema = STORE_SCHEMA,
	.what = "served store",
	.data_mode = 0640,
	.lock_mode = 0660,
};

#define CHECKPOINT_KEY SPAN("checkpoint")
#define NODE_JSON_KEY SPAN("node.json")

#define HASH_KEY_LEN (1 + DB_U64_LEN)

enum rb_err
store_open(const char *directory, enum store_mode mode, struct store **out,
    struct fault *why)
{
	struct store *s = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((s = calloc(1, sizeof(*s))) == NULL) {
		rc = RB_ENOMEM;
		goto out;
	}
	if ((rc = db_open(directory, mode == STORE_WRITE, &plan, &s->db,
		 why)) != RB_OK)
		goto out;

	*out = s;
	s = NULL; /* now the caller's */
	rc = RB_OK;
out:
	store_close(&s);
	return rc;
}

void
store_close(struct store **s)
{
	if (*s == NULL)
		return;
	db_close(&(*s)->db);
	free(*s);
	*s = NULL;
}

enum rb_err
store_discard(const char *directory, struct fault *why)
{
	static const char *const names[] = { "data.mdb", "lock.mdb" };
	enum rb_err rc = RB_OK;
	size_t i;
	int dir;

	dir = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (dir < 0)
		return fault_set(why, RB_EIO, "served store in %s: %s",
		    directory, strerror(errno));
	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (unlinkat(dir, names[i], 0) != 0 && errno != ENOENT)
			rc = fault_set(why, RB_EIO,
			    "served store: remove %s/%s: %s", directory,
			    names[i], strerror(errno));
	}
	fd_close(&dir);
	return rc;
}

bool
store_is_gone(const struct store *s)
{
	struct stat st;
	int fd;

	return mdb_env_get_fd(s->db.env, &fd) != 0 || fstat(fd, &st) != 0 ||
	    st.st_nlink == 0;
}

enum rb_err
store_begin(struct store *s, enum store_mode mode, struct store_txn **out)
{
	struct store_txn *t = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return RB_ENOMEM;
	rc = db_err(mdb_txn_begin(s->db.env, NULL,
			mode == STORE_WRITE ? 0 : MDB_RDONLY, &t->txn),
	    "begin");
	if (rc != RB_OK) {
		free(t);
		return rc;
	}
	t->store = s;
	*out = t;
	return RB_OK;
}

enum rb_err
store_commit(struct store_txn **t)
{
	enum rb_err rc = db_err(mdb_txn_commit((*t)->txn), "commit");

	free(*t);
	*t = NULL;
	return rc;
}

void
store_abort(struct store_txn **t)
{
	if (*t == NULL)
		return;
	mdb_txn_abort((*t)->txn);
	free(*t);
	*t = NULL;
}

static enum rb_err
get(struct store_txn *t, int table, struct span key, struct span *out)
{
	return db_get(t->txn, t->store->db.tables[table], key, out);
}

static enum rb_err
put(struct store_txn *t, int table, struct span key, struct span value,
    unsigned int flags)
{
	return db_put(t->txn, t->store->db.tables[table], key, value, flags);
}

enum rb_err
store_size(struct store_txn *t, uint64_t *leaves)
{
	MDB_stat st;
	enum rb_err rc;

	rc = db_err(mdb_stat(t->txn, t->store->db.tables[LEAF], &st), "stat");
	if (rc == RB_OK)
		*leaves = st.ms_entries;
	return rc;
}

enum rb_err
store_leaf(struct store_txn *t, uint64_t index, struct span *envelope)
{
	uint8_t key[DB_U64_LEN];

	db_put_u64(key, index);
	return get(t, LEAF, span_of(key, sizeof(key)), envelope);
}

static void
put_hash_key(uint8_t key[HASH_KEY_LEN], unsigned int level, uint64_t index)
{
	key[0] = (uint8_t)level;
	db_put_u64(key + 1, index);
}

enum rb_err
store_hash(void *txn, unsigned int level, uint64_t index, struct digest *out)
{
	uint8_t key[HASH_KEY_LEN];
	struct span found = SPAN_INIT;
	enum rb_err rc;

	if (level >= TREE_LEVELS)
		return RB_ENOTFOUND;
	put_hash_key(key, level, index);
	if ((rc = get(txn, HASH, span_of(key, sizeof(key)), &found)) != RB_OK)
		return rc;
	if (found.len != DIGEST_LEN)
		return RB_EFORMAT;
	memcpy(out->b, found.p, DIGEST_LEN);
	return RB_OK;
}

enum rb_err
store_frontier(struct store_txn *t, struct frontier *out)
{
	struct frontier f = FRONTIER_INIT;
	enum rb_err rc = RB_EINTERNAL;
	unsigned int level;

	if ((rc = store_size(t, &f.size)) != RB_OK)
		return rc;
	/* Each set bit of size is one complete subtree, the largest first. */
	for (level = TREE_LEVELS; level-- > 0;) {
		if ((f.size >> level & 1) == 0)
			continue;
		rc = store_hash(t, level, (f.size >> level) - 1,
		    &f.roots[f.n++]);
		if (rc != RB_OK)
			return rc;
	}
	*out = f;
	return RB_OK;
}

enum rb_err
store_count(struct store_txn *t, enum verdict verdict, uint64_t *leaves)
{
	const uint8_t key = (uint8_t)verdict;
	struct span found = SPAN_INIT;
	enum rb_err rc;

	rc = get(t, VERDICT, span_of(&key, 1), &found);
	if (rc == RB_ENOTFOUND) {
		*leaves = 0;
		return RB_OK;
	}
	if (rc != RB_OK)
		return rc;
	if (found.len != DB_U64_LEN)
		return RB_EFORMAT;
	*leaves = db_take_u64(found.p);
	return RB_OK;
}

enum rb_err
store_checkpoint(struct store_txn *t, struct span *note)
{
	return get(t, META, CHECKPOINT_KEY, note);
}

enum rb_err
store_node_json(struct store_txn *t, struct span *json)
{
	return get(t, META, NODE_JSON_KEY, json);
}

enum rb_err
store_blob(struct store_txn *t, const struct digest *d, struct span *out)
{
	return get(t, BLOB, digest_span(d), out);
}

/* The leaf's hash and that of every subtree that it completes. */
static enum rb_err
append_hashes(struct store_txn *t, uint64_t index, struct span leaf)
{
	uint8_t key[HASH_KEY_LEN];
	struct digest h = DIGEST_INIT, left = DIGEST_INIT;
	unsigned int level = 0;
	enum rb_err rc;

	if ((rc = tree_leaf_hash(leaf, &h)) != RB_OK)
		return rc;
	for (;; level++, index /= 2) {
		put_hash_key(key, level, index);
		rc = put(t, HASH, span_of(key, sizeof(key)), digest_span(&h),
		    MDB_NOOVERWRITE);
		if (rc != RB_OK || index % 2 == 0)
			return rc;
		if ((rc = store_hash(t, level, index - 1, &left)) != RB_OK)
			return rc;
		if ((rc = tree_node_hash(&left, &h, &h)) != RB_OK)
			return rc;
	}
}

static enum rb_err
append_find(struct store_txn *t, int table, const struct digest *d,
    uint64_t index)
{
	uint8_t key[FIND_KEY_LEN];

	memcpy(key, d->b, DIGEST_LEN);
	db_put_u64(key + DIGEST_LEN, index);
	return put(t, table, span_of(key, sizeof(key)), span_of("", 0),
	    MDB_NOOVERWRITE);
}

static enum rb_err
count_verdict(struct store_txn *t, enum verdict verdict)
{
	const uint8_t key = (uint8_t)verdict;
	uint8_t value[DB_U64_LEN];
	uint64_t n = 0;
	enum rb_err rc;

	if ((rc = store_count(t, verdict, &n)) != RB_OK)
		return rc;
	db_put_u64(value, n + 1);
	return put(t, VERDICT, span_of(&key, 1), span_of(value, sizeof(value)),
	    0);
}

enum rb_err
store_append(struct store_txn *t, uint64_t index, struct span envelope,
    const struct statement *s)
{
	uint8_t key[DB_U64_LEN];
	struct digest package = DIGEST_INIT;
	uint64_t size = 0;
	enum rb_err rc;

	if ((rc = store_size(t, &size)) != RB_OK)
		return rc;
	if (index != size)
		return RB_EREFUSED;
	if ((rc = store_package_key(s->published.repository, s->published.name,
		 s->published.version, s->published.arch, &package)) != RB_OK)
		return rc;
	db_put_u64(key, index);
	if ((rc = put(t, LEAF, span_of(key, sizeof(key)), envelope,
		 MDB_APPEND)) != RB_OK)
		return rc;
	if ((rc = append_hashes(t, index, envelope)) != RB_OK)
		return rc;
	if ((rc = append_find(t, DIGEST, &s->published.sha256, index)) != RB_OK)
		return rc;
	if ((rc = append_find(t, PACKAGE, &package, index)) != RB_OK)
		return rc;
	return count_verdict(t, s->verdict);
}

enum rb_err
store_put_blob(struct store_txn *t, const struct digest *d, struct span bytes)
{
	enum rb_err rc;

	rc = put(t, BLOB, digest_span(d), bytes, MDB_NOOVERWRITE);
	/* Its name is its digest: what is there is the same. */
	return rc == RB_EREFUSED ? RB_OK : rc;
}

enum rb_err
store_put_checkpoint(struct store_txn *t, struct span note)
{
	return put(t, META, CHECKPOINT_KEY, note, 0);
}

enum rb_err
store_put_node_json(struct store_txn *t, struct span json)
{
	return put(t, META, NODE_JSON_KEY, json, 0);
}

enum rb_err
store_empty(struct store_txn *t)
{
	enum rb_err rc = RB_OK;
	int i;

	for (i = 0; i < STORE_TABLES && rc == RB_OK; i++)
		rc = db_err(mdb_drop(t->txn, t->store->db.tables[i], 0),
		    "empty");
	if (rc == RB_OK)
		rc = db_put_schema(t->txn, t->store->db.tables[META],
		    STORE_SCHEMA);
	return rc;
}
