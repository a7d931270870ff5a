/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_PROCESS_LANDLOCK_H
#define RB_PROCESS_LANDLOCK_H

#include <stddef.h>
#include <stdint.h>

/*
 * What the C library has no functions for.  Functions, so that a test can put
 * an older kernel's in their place.
 */

/* struct landlock_ruleset_attr as of ABI 6. */
struct landlock_ruleset {
	uint64_t fs, net, scoped;
};

/* Of this kernel; below 1, with errno: it has no Landlock. */
long landlock_abi(void);
/* `len`: how much of the struct its ABI knows.  -1 with errno. */
int landlock_create(const struct landlock_ruleset *handled, size_t len);

#endif
