/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_INPUTS_TAR_H
#define RB_REBUILDER_INPUTS_TAR_H

#include "common/base/buf.h"

/*
 * The inputs stream of MACHINE.md: a ustar of regular files whose names we
 * chose, with fixed owner, mode and time, so that equal inputs are equal
 * bytes.
 */
struct inputs_tar;

enum rb_err inputs_tar_open(int fd, struct inputs_tar **out) RB_CHECK;
enum rb_err inputs_tar_add_bytes(struct inputs_tar *tar, const char *name,
    struct span bytes) RB_CHECK;
/* The whole regular file, read with pread. */
enum rb_err inputs_tar_add_file(struct inputs_tar *tar, const char *name,
    int fd) RB_CHECK;
/* Writes the end; frees in any case. */
enum rb_err inputs_tar_end(struct inputs_tar **tar) RB_CHECK;
void inputs_tar_free(struct inputs_tar **tar);

#endif
