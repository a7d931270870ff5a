/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_JOURNAL_H
#define RB_REBUILDER_JOURNAL_H

#include "common/base/digest.h"

/*
 * What must outlive the daemon: jobs that were asked for, what was worked
 * out before (memory), attempts per file and the newest metadata seen.  One
 * LMDB environment, durable at each return.  Used by several threads.
 */
struct journal;

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

/* Jobs asked for and not ended, by target, so that a restart goes on. */
enum rb_err journal_job_add(struct journal *j, const char *target, bool again)
    RB_CHECK;
enum rb_err journal_job_end(struct journal *j, const char *target) RB_CHECK;
/* Calls back for each; stops and returns at the first error. */
enum rb_err journal_jobs(struct journal *j,
    enum rb_err (*each)(void *self, const char *target, bool again), void *self)
    RB_CHECK;

#endif
