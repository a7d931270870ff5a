/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/run_role.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define ARGS_MAX 8

static void
become_nobody(void)
{
	const struct passwd *nobody;

	if (geteuid() != 0)
		return;
	nobody = getpwnam("nobody");
	if (nobody == NULL || setgroups(0, NULL) == -1 ||
	    setgid(nobody->pw_gid) == -1 || setuid(nobody->pw_uid) == -1)
		_exit(126);
}

void
run_role_start(struct run_role *r, const char *program, const char *const *args)
{
	char path[4096], *argv[ARGS_MAX + 2] = { path }, *env[] = { NULL };
	int pair[2], null, i;

	(void)snprintf(path, sizeof(path), "%s/%s", getenv("RB_BIN"), program);
	for (i = 0; args != NULL && args[i] != NULL && i < ARGS_MAX; i++)
		argv[i + 1] = (char *)(uintptr_t)args[i];
	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, pair) == -1)
		abort();
	r->pid = fork();
	if (r->pid == -1)
		abort();
	if (r->pid == 0) {
		(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
		null = open("/dev/null", O_RDWR);
		if (null == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1 ||
		    (pair[1] == 3 ? fcntl(3, F_SETFD, 0) : dup2(pair[1], 3)) ==
			-1)
			_exit(127);
		(void)close_range(4, ~0u, 0);
		become_nobody();
		(void)execve(path, argv, env);
		_exit(127);
	}
	(void)close(pair[1]);
	r->sock = pair[0];
}

int
run_role_end(struct run_role *r)
{
	int status = -1;

	(void)close(r->sock);
	(void)waitpid(r->pid, &status, 0);
	return status;
}
