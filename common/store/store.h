/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_STORE_STORE_H
#define RB_STORE_STORE_H

#include "common/attest/statement.h"
#include "common/attest/tree.h"

/*
 * The served store: an LMDB environment that attestor alone writes and httpd
 * alone reads, in another process and as another user.  Everything in it can
 * be rebuilt from attestor's truth.
 *
 * Spans that come out are borrowed from the transaction.
 */
enum store_mode { STORE_READ, STORE_WRITE };

#define STORE_SCHEMA 1

struct store;
struct store_txn;

/* `directory` exists.  RB_EREFUSED: another schema; the fault says which. */
enum rb_err store_open(const char *directory, enum store_mode mode,
    struct store **out, struct fault *why) RB_CHECK;
void store_close(struct store **s);

enum rb_err store_begin(struct store *s, enum store_mode mode,
    struct store_txn **out) RB_CHECK;
/* Durable when it returns RB_OK; the transaction is gone in any case. */
enum rb_err store_commit(struct store_txn **t) RB_CHECK;
void store_abort(struct store_txn **t);

/* Reading.  RB_ENOTFOUND where there is nothing. */
enum rb_err store_size(struct store_txn *t, uint64_t *leaves) RB_CHECK;
enum rb_err store_leaf(struct store_txn *t, uint64_t index,
    struct span *envelope) RB_CHECK;
/* A tree_read for tree_prove_*; `from` is the store_txn. */
enum rb_err store_hash(void *txn, unsigned int level, uint64_t index,
    struct digest *out);
/* How many leaves say this; counted by store_append, 0 when none does. */
enum rb_err store_count(struct store_txn *t, enum verdict verdict,
    uint64_t *leaves) RB_CHECK;
/* The signed note, and node.json as it is served. */
enum rb_err store_checkpoint(struct store_txn *t, struct span *note) RB_CHECK;
enum rb_err store_node_json(struct store_txn *t, struct span *json) RB_CHECK;
/* A build log (zstd), difference report (text) or input list, by digest. */
enum rb_err store_blob(struct store_txn *t, const struct digest *d,
    struct span *out) RB_CHECK;

/*
 * Leaves about a file, oldest first, at most `max`; `*n` is how many were
 * written.  `prefix` finds digests whose first `bits` bits are those of `d`
 * (bits 256: the file itself), starting at leaf order by (digest, index).
 */
enum rb_err store_find_prefix(struct store_txn *t, const struct digest *d,
    unsigned int bits, uint64_t *indexes, size_t max, size_t *n) RB_CHECK;
/* The package key is SHA-256("repository\0name\0version\0arch"). */
enum rb_err store_package_key(const char *repository, const char *name,
    const char *version, const char *arch, struct digest *out) RB_CHECK;
enum rb_err store_find_package(struct store_txn *t, const struct digest *key,
    unsigned int bits, uint64_t *indexes, size_t max, size_t *n) RB_CHECK;

/* Writing.  `index` must be the present size. */
enum rb_err store_append(struct store_txn *t, uint64_t index,
    struct span envelope, const struct statement *s) RB_CHECK;
enum rb_err store_put_blob(struct store_txn *t, const struct digest *d,
    struct span bytes) RB_CHECK;
enum rb_err store_put_checkpoint(struct store_txn *t, struct span note)
    RB_CHECK;
enum rb_err store_put_node_json(struct store_txn *t, struct span json)
    RB_CHECK;

#endif
