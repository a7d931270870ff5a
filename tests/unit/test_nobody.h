/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TEST_NOBODY_H
#define RB_TEST_NOBODY_H

#include <grp.h>
#include <stdbool.h>
#include <sys/prctl.h>
#include <unistd.h>

#define NOBODY 65534

/*
 * Jails are not for root, and CI often is root.  Who is not root stays who
 * he is.
 */
static inline bool
be_nobody(void)
{
	return geteuid() != 0 ||
	    (setgroups(0, NULL) == 0 &&
		setresgid(NOBODY, NOBODY, NOBODY) == 0 &&
		setresuid(NOBODY, NOBODY, NOBODY) == 0 &&
		prctl(PR_SET_DUMPABLE, 1, 0, 0, 0) == 0);
}

#endif
