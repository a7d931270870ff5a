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
/* Copies a scratch file's bytes in and says under which digest. */
enum rb_err depot_add(const struct depot *d, int fd, struct digest *out)
    RB_CHECK;
enum rb_err depot_add_bytes(const struct depot *d, struct span s,
    struct digest *out) RB_CHECK;

#endif
