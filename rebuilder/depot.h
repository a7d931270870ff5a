/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_DEPOT_H
#define RB_REBUILDER_DEPOT_H

#include "common/base/digest.h"

/*
 * Files by digest: everything that was fetched or made on a trip lies here
 * once, under the SHA-256 of its bytes, and is never changed.  A file that
 * is still coming in is called "<digest>.part" and is not found by
 * depot_get.  Used by several threads at once.
 */
struct depot;

/* `path` is a directory that only we write. */
enum rb_err depot_open(const char *path, struct depot **out) RB_CHECK;
void depot_close(struct depot **d);

/*
 * A trip that begins, and is over.  Whatever it got, found, kept or added
 * meanwhile is not removed before that.  RB_ELIMIT: hundreds run.
 */
enum rb_err depot_enter(const struct depot *d, uint64_t *mark) RB_CHECK;
void depot_leave(const struct depot *d, uint64_t mark);

/* Read only, position 0, owned by the caller.  RB_ENOTFOUND: not here. */
enum rb_err depot_get(const struct depot *d, const struct digest *digest,
    int *fd) RB_CHECK;
bool depot_has(const struct depot *d, const struct digest *digest);

/*
 * The partial file of a digest, to be filled from `have` on.  RB_EREFUSED
 * while another trip fills the same one (a lock on the file, held by the
 * descriptor, says so).
 */
enum rb_err depot_part(const struct depot *d, const struct digest *digest,
    int *fd, uint64_t *have) RB_CHECK;
/*
 * Ends a partial file: takes in a copy, when its bytes are those of the
 * digest, durable and under its name.  Whoever filled the partial file may
 * hold it still; the copy was never theirs.  RB_EDIGEST: they were other
 * bytes, and the partial file is gone.
 */
enum rb_err depot_keep(const struct depot *d, const struct digest *digest,
    int fd) RB_CHECK;

/* An unnamed file on the depot's disk, owned by the caller. */
enum rb_err depot_scratch(const struct depot *d, int *fd) RB_CHECK;
/*
 * A file that others may still write becomes one that nobody can: a copy of
 * its bytes so far, unnamed, read only, position 0, owned by the caller.
 * RB_ELIMIT: it has more than `max`.
 */
enum rb_err depot_copy(const struct depot *d, int from, uint64_t max, int *fd)
    RB_CHECK;
/*
 * A scratch file that nobody else has any more, for those who must not write
 * it: the same, read only, position 0, owned by the caller.
 */
enum rb_err depot_read_only(int scratch, int *fd) RB_CHECK;
/* Copies a scratch file's bytes in and says under which digest. */
enum rb_err depot_add(const struct depot *d, int fd, struct digest *out)
    RB_CHECK;
enum rb_err depot_add_bytes(const struct depot *d, struct span s,
    struct digest *out) RB_CHECK;

/* For the collection of what is used no more (rebuilder/collect.h). */
struct depot_file {
	struct digest digest;
	uint64_t size; /* on the disk */
	bool is_part;
};
/* All files, by digest; `out` is the caller's to free. */
enum rb_err depot_list(const struct depot *d, struct depot_file **out,
    size_t *n) RB_CHECK;
/* RB_EREFUSED: a running trip may need it. */
enum rb_err depot_remove(const struct depot *d, const struct depot_file *f)
    RB_CHECK;
/* What was used since the last call (uses_take). */
enum rb_err depot_take_uses(const struct depot *d,
    enum rb_err (*each)(void *self, const struct digest *d), void *self)
    RB_CHECK;
/* Bytes that are left on the depot's disk. */
enum rb_err depot_free_bytes(const struct depot *d, uint64_t *out) RB_CHECK;

#endif
