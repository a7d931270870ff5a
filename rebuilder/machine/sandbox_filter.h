/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SANDBOX_FILTER_H
#define RB_REBUILDER_SANDBOX_FILTER_H

#include "common/base/err.h"

/*
 * The system calls that no build needs and that reach deep into the kernel,
 * as a seccomp program in a file of its own (owned, position 0).  They fail
 * as if the kernel didn't have them.
 */
enum rb_err sandbox_filter(int *out) RB_CHECK;

#endif
