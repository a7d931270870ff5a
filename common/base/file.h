/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_BASE_FILE_H
#define RB_BASE_FILE_H

#include <sys/types.h>

#include "common/base/buf.h"

/* Closes and sets to -1; accepts -1.  Keeps errno. */
void fd_close(int *fd);

/*
 * The whole content from the current position (a pipe too) or of a file
 * below `dirfd`.  More than `limit` bytes is RB_ELIMIT.  `name` may hold no
 * link in its last part.
 */
enum rb_err file_read_fd(int fd, size_t limit, struct buf *out) RB_CHECK;
enum rb_err file_read_at(int dirfd, const char *name, size_t limit,
    struct buf *out) RB_CHECK;

/* Writes everything or fails with RB_EIO. */
enum rb_err file_write_fd(int fd, struct span s) RB_CHECK;

/*
 * Replaces a file so that after a power cut either the old or the new
 * content is there, whole: write, fsync, rename, fsync of the directory.
 * The temporary name is `name` with ".new" behind it.
 */
enum rb_err file_replace_at(int dirfd, const char *name, struct span s,
    mode_t mode) RB_CHECK;

/* Copies exactly `len` bytes from `offset` of `from` to `to`'s position. */
enum rb_err file_copy_range(int from, uint64_t offset, uint64_t len, int to)
    RB_CHECK;

/* Size of a regular file.  RB_EFORMAT when it is something else. */
enum rb_err file_size(int fd, uint64_t *out) RB_CHECK;

/*
 * An anonymous file in memory holding `s`, position 0, sealed against every
 * change; owned by the caller.
 */
enum rb_err memory_file(const char *name, struct span s, int *out) RB_CHECK;

#endif
