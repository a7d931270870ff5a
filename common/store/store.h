/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_STORE_STORE_H
#define RB_STORE_STORE_H

#include "common/attest/statement.h"
#include "common/attest/tree.h"

/*
 * The served store: an LMDB environment that attestor-publish alone writes
 * and httpd alone reads, in another process and as another user.  Everything
 * in it can be rebuilt from attestor's truth.
 *
 * data.mdb has mode 0640 and lock.mdb 0660, and the directory gives both its
 * group (set-group-id), httpd's: readers write only the lock.  That lock is
 * memory shared with the writer, so whoever owns httpd may own the writer
 * too; therefore the writer is a program of its own, and not attestor.
 *
 * Tables (numbers are big endian, 8 bytes, unless said otherwise):
 *   meta     "schema", "checkpoint" (signed note), "node.json"
 *   leaf     index -> envelope
 *   hash     level (1 byte), index -> root of that complete subtree
 *   digest   SHA-256 of the published file, index -> nothing
 *   package  package key, index -> nothing
 *   verdict  verdict (1 byte) -> number of leaves with it
 *   blob     SHA-256 -> bytes
 *
 * Spans that come out are borrowed from the transaction.  A reading
 * transaction may move between threads, but only one may use it at a time.
 */
enum store_mode { STORE_READ, STORE_WRITE };

#define STORE_SCHEMA 1

struct store;
struct store_txn;

/*
 * `directory` exists.  A writer makes what is missing; a reader gets
 * RB_ENOTFOUND.  RB_EREFUSED: another schema; the fault says which.
 * RB_EFORMAT: not a database.  Opens its files here and never later: call
 * before the jail.
 */
enum rb_err store_open(const char *directory, enum store_mode mode,
    struct store **out, struct fault *why) RB_CHECK;
void store_close(struct store **s);
/*
 * Removes the files of a store that store_open refuses.  Readers that have
 * them open keep the old content, and find store_is_gone.
 */
enum rb_err store_discard(const char *directory, struct fault *why) RB_CHECK;
/* Its files were removed: the reader opens anew (ends, and is restarted). */
bool store_is_gone(const struct store *s);

enum rb_err store_begin(struct store *s, enum store_mode mode,
    struct store_txn **out) RB_CHECK;
/* Durable when it returns RB_OK; the transaction is gone in any case. */
enum rb_err store_commit(struct store_txn **t) RB_CHECK;
void store_abort(struct store_txn **t);

/* Reading.  RB_ENOTFOUND where there is nothing. */
enum rb_err store_size(struct store_txn *t, uint64_t *leaves) RB_CHECK;
/* How many leaves say this; counted by store_append, 0 when none does. */
enum rb_err store_count(struct store_txn *t, enum verdict verdict,
    uint64_t *leaves) RB_CHECK;
enum rb_err store_leaf(struct store_txn *t, uint64_t index,
    struct span *envelope) RB_CHECK;
/* A tree_read for tree_prove_*; `from` is the store_txn. */
enum rb_err store_hash(void *txn, unsigned int level, uint64_t index,
    struct digest *out);
/* Roots of the complete subtrees that make up all leaves. */
enum rb_err store_frontier(struct store_txn *t, struct frontier *out) RB_CHECK;
/* The signed note, and node.json as it is served. */
enum rb_err store_checkpoint(struct store_txn *t, struct span *note) RB_CHECK;
enum rb_err store_node_json(struct store_txn *t, struct span *json) RB_CHECK;
/* A build log (zstd), difference report (text) or input list, by digest. */
enum rb_err store_blob(struct store_txn *t, const struct digest *d,
    struct span *out) RB_CHECK;

/*
 * Leaves about published files whose digest has the first `bits` bits of `d`
 * (256: one file, its leaves oldest first), by (digest, index), at most
 * `max`; `*n` is how many were written.  Who wants to know whether there are
 * more asks for one more.
 */
enum rb_err store_find_prefix(struct store_txn *t, const struct digest *d,
    unsigned int bits, uint64_t *indexes, size_t max, size_t *n) RB_CHECK;
/* The package key is SHA-256("repository\0name\0version\0arch"). */
enum rb_err store_package_key(const char *repository, const char *name,
    const char *version, const char *arch, struct digest *out) RB_CHECK;
enum rb_err store_find_package(struct store_txn *t, const struct digest *key,
    unsigned int bits, uint64_t *indexes, size_t max, size_t *n) RB_CHECK;

/*
 * Writing.  `index` must be the present size, else RB_EREFUSED.  After an
 * error the transaction can only be aborted.
 */
enum rb_err store_append(struct store_txn *t, uint64_t index,
    struct span envelope, const struct statement *s) RB_CHECK;
enum rb_err store_put_blob(struct store_txn *t, const struct digest *d,
    struct span bytes) RB_CHECK;
enum rb_err store_put_checkpoint(struct store_txn *t, struct span note)
    RB_CHECK;
enum rb_err store_put_node_json(struct store_txn *t, struct span json) RB_CHECK;
/* Forgets everything but the schema. */
enum rb_err store_empty(struct store_txn *t) RB_CHECK;

#endif
