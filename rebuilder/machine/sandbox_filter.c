/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/sandbox_filter.h"

#include <errno.h>
#include <seccomp.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

#include "common/base/file.h"

/*
 * A list of what is refused, not of what is allowed: a build may run any
 * program, and a call that fails where Debian's builders have it would
 * change what comes out.  The capabilities, not this list, are the wall.
 */
static const int refused[] = {
	/* other code in the kernel */
	SCMP_SYS(bpf),
	SCMP_SYS(init_module),
	SCMP_SYS(finit_module),
	SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load),
	SCMP_SYS(kexec_file_load),
	/* large and young */
	SCMP_SYS(io_uring_setup),
	SCMP_SYS(io_uring_enter),
	SCMP_SYS(io_uring_register),
	SCMP_SYS(userfaultfd),
	SCMP_SYS(perf_event_open),
	SCMP_SYS(fanotify_init),
	/* not divided by namespaces */
	SCMP_SYS(add_key),
	SCMP_SYS(request_key),
	SCMP_SYS(keyctl),
	SCMP_SYS(syslog),
	SCMP_SYS(acct),
	SCMP_SYS(quotactl),
	SCMP_SYS(swapon),
	SCMP_SYS(swapoff),
	SCMP_SYS(reboot),
	SCMP_SYS(settimeofday),
	SCMP_SYS(clock_settime),
	SCMP_SYS(adjtimex),
	SCMP_SYS(clock_adjtime),
	SCMP_SYS(iopl),
	SCMP_SYS(ioperm),
	/* files past their names */
	SCMP_SYS(open_by_handle_at),
	SCMP_SYS(lookup_dcookie),
};

enum rb_err
sandbox_filter(int *out)
{
	scmp_filter_ctx filter = NULL;
	int fd = -1;
	size_t i;
	enum rb_err rc = RB_EIO;

	if ((filter = seccomp_init(SCMP_ACT_ALLOW)) == NULL)
		goto out;
#ifdef __x86_64__
	/* The same for 32-bit programs, which may run too. */
	if (seccomp_arch_add(filter, SCMP_ARCH_X86) != 0 ||
	    seccomp_arch_add(filter, SCMP_ARCH_X32) != 0)
		goto out;
#endif
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++)
		if (seccomp_rule_add(filter, SCMP_ACT_ERRNO(ENOSYS), refused[i],
			0) != 0)
			goto out;
	if ((fd = memfd_create("filter", MFD_CLOEXEC)) == -1 ||
	    seccomp_export_bpf(filter, fd) != 0 || lseek(fd, 0, SEEK_SET) == -1)
		goto out;
	*out = fd;
	fd = -1; /* now the caller's */
	rc = RB_OK;
out:
	fd_close(&fd);
	if (filter != NULL)
		seccomp_release(filter);
	return rc;
}
