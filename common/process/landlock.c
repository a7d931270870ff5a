/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process/landlock.h"

#include <linux/landlock.h>
#include <sys/syscall.h>
#include <unistd.h>

long
landlock_abi(void)
{
	return syscall(SYS_landlock_create_ruleset, NULL, 0,
	    LANDLOCK_CREATE_RULESET_VERSION);
}

int
landlock_create(const struct landlock_ruleset *handled, size_t len)
{
	return (int)syscall(SYS_landlock_create_ruleset, handled, len, 0);
}
