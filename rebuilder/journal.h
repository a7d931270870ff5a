/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_JOURNAL_H
#define RB_REBUILDER_JOURNAL_H

#include "common/base/digest.h"

/*
 * What must outlive the daemon: jobs that were asked for, what was worked
 * out before (memory), attempts per file, the newest metadata seen, and what
 * was said where in the log.  One LMDB environment, durable at each return.
 * Used by several threads.  Once the disk has failed in the midst of a write,
 * the next call ends the process: only a new start can tell what is there.
 */
struct journal;

/* RB_EREFUSED: a newer version of the program wrote it. */
enum rb_err journal_open(const char *path, struct journal **out,
    struct fault *why) RB_CHECK;
void journal_close(struct journal **j);

/*
 * Memory: the result of a step whose inputs are all in the key (a digest
 * over them).  Bytes come back owned.
 */
#define MEMORY_MAX (1024 * 1024)
enum rb_err journal_recall(struct journal *j, const struct digest *key,
    struct buf *out) RB_CHECK;
enum rb_err journal_remember(struct journal *j, const struct digest *key,
    struct span value) RB_CHECK;

/* The number of the next attempt at a published file; rises by one. */
enum rb_err journal_attempt(struct journal *j, const struct digest *published,
    uint64_t *out) RB_CHECK;

/*
 * Date of the newest signed metadata seen under a name; 0 when none was.
 * It only rises: an older one is RB_ESTALE and changes nothing.
 */
enum rb_err journal_newest(struct journal *j, const char *name, int64_t *out)
    RB_CHECK;
enum rb_err journal_saw(struct journal *j, const char *name, int64_t date)
    RB_CHECK;

/*
 * Tables of others, who say what their bytes mean:
 *   job     target -> job record (rebuilder/job.h)
 *   leaf    leaf index -> what was said there (rebuilder/said.h)
 *   found   file name or digest, 0, leaf index -> nothing
 *   pinned  digest of a file that a statement names -> leaf index
 *   used    digest of a file in the depot -> when it was used last
 *   state   name -> whatever has that name
 * Numbers are big endian, 8 bytes.
 */
enum journal_table {
	JOURNAL_JOB,
	JOURNAL_LEAF,
	JOURNAL_FOUND,
	JOURNAL_PINNED,
	JOURNAL_USED,
	JOURNAL_STATE,
	JOURNAL_TABLES,
};
#define JOURNAL_KEY_MAX 500

enum journal_deed {
	JOURNAL_PUT,
	JOURNAL_ADD,    /* as PUT, but what is there stays */
	JOURNAL_REMOVE, /* what is not there is no error */
	JOURNAL_COUNT,  /* adds the number `value` to the one that is there */
};

struct journal_write {
	enum journal_deed deed;
	enum journal_table table;
	struct span key, value;
};

/* All of them, durable, or none. */
enum rb_err journal_write(struct journal *j, const struct journal_write *list,
    size_t n) RB_CHECK;
/* RB_ENOTFOUND, RB_ELIMIT past `max`; appends. */
enum rb_err journal_read(struct journal *j, enum journal_table table,
    struct span key, size_t max, struct buf *out) RB_CHECK;
/* 0 when there is none; RB_EFORMAT when it is no number. */
enum rb_err journal_number(struct journal *j, enum journal_table table,
    struct span key, uint64_t *out) RB_CHECK;
/*
 * Entries whose key starts with `prefix`, in the order of keys.  Returns at
 * the first answer that is not RB_OK, which is its own; the spans live until
 * `each` returns.
 */
enum rb_err journal_each(struct journal *j, enum journal_table table,
    struct span prefix,
    enum rb_err (*each)(void *self, struct span key, struct span value),
    void *self) RB_CHECK;
/* The last of these entries.  Copies its key. */
enum rb_err journal_last(struct journal *j, enum journal_table table,
    struct span prefix, struct buf *key) RB_CHECK;

#endif
