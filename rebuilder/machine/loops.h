/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_LOOPS_H
#define RB_REBUILDER_LOOPS_H

#include "common/base/err.h"

#include <stdbool.h>

#define LOOP_PATH_LEN 32

/*
 * A file that appears as a block device as long as this or somebody who
 * uses it is there: the kernel removes it after the last, even when we are
 * killed.
 */
struct loop {
	int fd; /* owned */
	char path[LOOP_PATH_LEN]; /* /dev/loopN */
};

#define LOOP_INIT { -1, { 0 } }

/*
 * `file` is a regular file, borrowed; it need not have a name.  Bytes behind
 * its last whole 512 are not to be seen.
 */
enum rb_err loop_open(struct loop *l, int file, bool is_writable,
    struct fault *why) RB_CHECK;
void loop_close(struct loop *l);

#endif
