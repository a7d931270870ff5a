/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/jailed.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"

static const char *const ends[] = { "worked", "was refused", "killed it",
	"ended otherwise" };

void
jailed_enter(const struct jail *jail)
{
	struct fault why = FAULT_INIT;

	if (jail_enter(jail, &why) != RB_OK) {
		dprintf(2, "%s\n", why.text);
		_exit(JAILED_NOT);
	}
}

enum jailed_end
jailed_end(pid_t pid)
{
	int status = 0;

	assert_int_equal(waitpid(pid, &status, 0), pid);
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGSYS)
		return KILLED;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 0)
		return WORKED;
	if (WIFEXITED(status) && WEXITSTATUS(status) == 1)
		return REFUSED;
	return OTHER;
}

enum jailed_end
jailed_try(const struct jail *jail, int fd, int (*deed)(void))
{
	pid_t pid = fork();

	assert_true(pid >= 0);
	if (pid == 0) {
		if (fd >= 0 && fd != 3 && dup2(fd, 3) != 3)
			_exit(JAILED_NOT);
		if (jail != NULL)
			jailed_enter(jail);
		_exit(deed() == 0 ? 0 : 1);
	}
	return jailed_end(pid);
}

void
jailed_try_all(const struct jailed_trial *trials, size_t n)
{
	struct jail jail;
	int failed = 0;
	size_t i;
	int fd;

	fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	assert_true(fd >= 0);
	for (i = 0; i < n; i++) {
		enum jailed_end end;

		memset(&jail, 0, sizeof(jail));
		jail.allow = trials[i].allow;
		end = jailed_try(&jail, fd, trials[i].deed);
		if (end != trials[i].end) {
			failed++;
			print_error("%s, allow 0x%x: %s; should: %s\n",
			    trials[i].what, trials[i].allow, ends[end],
			    ends[trials[i].end]);
		}
	}
	fd_close(&fd);
	assert_int_equal(failed, 0);
}
