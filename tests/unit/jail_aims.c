/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/jail_aims.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/file.h"

struct jail_aims jail_aims;

static char directory[] = "/tmp/rb-jail-XXXXXX";
static int receiver = -1;

int
jail_aims_make(void **state)
{
	struct sockaddr_un *a = &jail_aims.socket;
	int fd;

	(void)state;
	if (mkdtemp(directory) == NULL)
		return -1;
	(void)snprintf(jail_aims.file, sizeof(jail_aims.file), "%s/file",
	    directory);
	fd = open(jail_aims.file, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
	if (fd < 0 || file_write_fd(fd, SPAN("x")) != RB_OK)
		return -1;
	fd_close(&fd);
	a->sun_family = AF_UNIX;
	(void)snprintf(a->sun_path, sizeof(a->sun_path), "%s/socket",
	    directory);
	receiver = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	return bind(receiver, (struct sockaddr *)a, sizeof(*a));
}

int
jail_aims_remove(void **state)
{
	(void)state;
	fd_close(&receiver);
	(void)unlink(jail_aims.socket.sun_path);
	(void)unlink(jail_aims.file);
	return rmdir(directory);
}
