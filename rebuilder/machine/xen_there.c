/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/base/file.h"
#include "rebuilder/machine/xen.h"

#define TYPE_PATH "/sys/hypervisor/type"
#define PRIVCMD_PATH "/dev/xen/privcmd"
#define TYPE_MAX 64

enum rb_err
xen_is_there(struct fault *why)
{
	struct buf type = BUF_INIT;
	int fd = open(TYPE_PATH, O_RDONLY | O_CLOEXEC);
	bool is_xen = fd != -1 && file_read_fd(fd, TYPE_MAX, &type) == RB_OK &&
	    span_equal_str(buf_span(&type), "xen\n");

	buf_clear(&type);
	fd_close(&fd);
	if (!is_xen)
		return fault_set(why, RB_ENOTFOUND,
		    "no Xen runs on this computer (" TYPE_PATH ")");
	if ((fd = open(PRIVCMD_PATH, O_RDWR | O_CLOEXEC)) == -1) {
		if (errno == EACCES || errno == EPERM)
			return fault_set(why, RB_EREFUSED,
			    "only root may speak with Xen (" PRIVCMD_PATH ")");
		return fault_set(why, RB_ENOTFOUND,
		    PRIVCMD_PATH ": %s: this is no dom0, or it lacks the "
				 "module xen-privcmd",
		    strerror(errno));
	}
	fd_close(&fd);
	return RB_OK;
}
