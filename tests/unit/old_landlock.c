/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Landlock of Linux 6.1, the oldest that we run on: the linker leads
 * every syscall(2) here.  What a newer kernel denies besides is then for the
 * rest of a jail.
 */
#include <errno.h>
#include <linux/landlock.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>

#define ABI 2
#define FS_HANDLED ((UINT64_C(1) << 14) - 1)

long __real_syscall(long number, long a, long b, long c, long d, long e,
    long f);
long __wrap_syscall(long number, ...);

static long
create_ruleset(const uint64_t *handled, long size, long flags)
{
	if (flags == LANDLOCK_CREATE_RULESET_VERSION)
		return ABI;
	/* The struct had one member then, which knew 14 rights. */
	if (size != (long)sizeof(*handled) || (*handled & ~FS_HANDLED) != 0) {
		errno = EINVAL;
		return -1;
	}
	return __real_syscall(SYS_landlock_create_ruleset,
	    (long)(intptr_t)handled, size, flags, 0, 0, 0);
}

long
__wrap_syscall(long number, ...)
{
	long a[6];
	va_list args;
	size_t i;

	va_start(args, number);
	for (i = 0; i < sizeof(a) / sizeof(a[0]); i++)
		a[i] = va_arg(args, long);
	va_end(args);
	if (number == SYS_landlock_create_ruleset)
		return create_ruleset((const uint64_t *)(intptr_t)a[0], a[1],
		    a[2]);
	return __real_syscall(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
