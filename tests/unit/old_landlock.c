/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Landlock of Linux 6.1, the oldest that we run on: the linker leads the
 * calls of both functions here.  What a newer kernel denies besides is then
 * for the rest of a jail.
 */
#include <errno.h>

#include "common/process/landlock.h"

#define ABI 2
#define FS_HANDLED ((UINT64_C(1) << 14) - 1)

int __real_landlock_create(const struct landlock_ruleset *handled, size_t len);
int __wrap_landlock_create(const struct landlock_ruleset *handled, size_t len);
long __wrap_landlock_abi(void);

long
__wrap_landlock_abi(void)
{
	return ABI;
}

int
__wrap_landlock_create(const struct landlock_ruleset *handled, size_t len)
{
	/* The struct had one member then, which knew 14 rights. */
	if (len != sizeof(handled->fs) || (handled->fs & ~FS_HANDLED) != 0) {
		errno = EINVAL;
		return -1;
	}
	return __real_landlock_create(handled, len);
}
