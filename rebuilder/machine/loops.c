/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/loops.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>

#include "common/base/file.h"

#define CONTROL_PATH "/dev/loop-control"
/* Others take free ones too, between our question and our taking. */
#define TRIES_MAX 64

void
loop_close(struct loop *l)
{
	fd_close(&l->fd);
	*l = (struct loop)LOOP_INIT;
}

/* RB_EREFUSED: somebody was faster. */
static enum rb_err
take_free(struct loop *l, int control, int file, bool is_writable)
{
	struct loop_config config;
	int number = ioctl(control, LOOP_CTL_GET_FREE);

	if (number < 0)
		return RB_EIO;
	snprintf(l->path, sizeof(l->path), "/dev/loop%d", number);
	l->fd = open(l->path, (is_writable ? O_RDWR : O_RDONLY) | O_CLOEXEC);
	if (l->fd == -1)
		return RB_EIO;
	memset(&config, 0, sizeof(config));
	config.fd = (unsigned int)file;
	config.info.lo_flags = LO_FLAGS_AUTOCLEAR;
	if (!is_writable)
		config.info.lo_flags |= LO_FLAGS_READ_ONLY;
	if (ioctl(l->fd, LOOP_CONFIGURE, &config) == 0)
		return RB_OK;
	fd_close(&l->fd);
	return errno == EBUSY ? RB_EREFUSED : RB_EIO;
}

enum rb_err
loop_open(struct loop *l, int file, bool is_writable, struct fault *why)
{
	int control = open(CONTROL_PATH, O_RDWR | O_CLOEXEC), i;
	enum rb_err rc = RB_EIO;

	if (control == -1)
		return fault_set(why, RB_EIO,
		    CONTROL_PATH ": %s: without the kernel module loop no file "
				 "becomes a disk",
		    strerror(errno));
	rc = RB_EREFUSED;
	for (i = 0; i < TRIES_MAX && rc == RB_EREFUSED; i++)
		rc = take_free(l, control, file, is_writable);
	if (rc != RB_OK)
		(void)fault_set(why, rc, "cannot make a loop device: %s",
		    strerror(errno));
	fd_close(&control);
	return rc;
}
