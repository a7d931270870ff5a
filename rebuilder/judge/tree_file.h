/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_TREE_FILE_H
#define RB_REBUILDER_TREE_FILE_H

#include "common/base/buf.h"

/*
 * One regular file of a tree that was written as a tar (tree_tar.h), by its
 * path.  RB_ENOTFOUND: there is no such file, or it is a link or directory;
 * RB_ELIMIT: it is longer than `max`.  `out` is appended to.
 */
enum rb_err tree_file_read(struct span tar, struct span path, size_t max,
    struct buf *out) RB_CHECK;

#endif
