/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/jail_aims.h"

#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/landlock.h"

struct jail_aims jail_aims;

/* Of our user, but in no jail and in a group of its own. */
static pid_t
start_bystander(void)
{
	int ready[2] = { -1, -1 };
	char byte;
	pid_t pid;

	if (pipe2(ready, O_CLOEXEC) != 0)
		return -1;
	pid = fork();
	if (pid == 0) {
		if (setsid() < 0 || prctl(PR_SET_PDEATHSIG, SIGKILL) != 0)
			_exit(1);
		(void)close(ready[1]);
		for (;;)
			(void)pause();
	}
	fd_close(&ready[1]);
	/* It is in its group when it has closed its end as well. */
	if (read(ready[0], &byte, 1) != 0)
		byte = '?';
	fd_close(&ready[0]);
	return pid;
}

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
	jail_aims.landlock = landlock_abi();
	jail_aims.bystander = start_bystander();
	if (jail_aims.bystander < 0)
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
	(void)kill(jail_aims.bystander, SIGKILL);
	(void)waitpid(jail_aims.bystander, NULL, 0);
	fd_close(&receiver);
	(void)unlink(jail_aims.socket.sun_path);
	(void)unlink(jail_aims.file);
	return rmdir(directory);
}
