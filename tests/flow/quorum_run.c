/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/quorum_run.h"

#include <fcntl.h>
#include <ftw.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"

#define ARGS_MAX 30
#define OPEN_MAX_DEPTH 8

char quorum_said[16384];

static char directory[] = "/tmp/quorum.XXXXXX";

static void
read_said(void)
{
	ssize_t len;
	int fd = open("said", O_RDONLY | O_CLOEXEC);

	len = read(fd, quorum_said, sizeof(quorum_said) - 1);
	quorum_said[len > 0 ? len : 0] = '\0';
	fd_close(&fd);
	unlink("said");
}

int
program_run(const char *path, const char *const *args, const char *stdout_path)
{
	const char *argv[ARGS_MAX + 2] = { path };
	posix_spawn_file_actions_t actions;
	size_t n = 1;
	int status;
	pid_t pid;

	for (; *args != NULL; args++) {
		assert_true(n <= ARGS_MAX);
		argv[n++] = *args;
	}
	assert_int_equal(posix_spawn_file_actions_init(&actions), 0);
	posix_spawn_file_actions_addopen(&actions, 2, "said",
	    O_WRONLY | O_CREAT | O_TRUNC | O_APPEND, 0600);
	if (stdout_path != NULL)
		posix_spawn_file_actions_addopen(&actions, 1, stdout_path,
		    O_WRONLY, 0);
	else
		posix_spawn_file_actions_adddup2(&actions, 2, 1);
	assert_int_equal(posix_spawn(&pid, path, &actions, NULL,
			     (char *const *)(uintptr_t)argv, environ),
	    0);
	posix_spawn_file_actions_destroy(&actions);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	read_said();
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

int
quorum_run(const char *const *args, const char *stdout_path)
{
	char program[4096];

	snprintf(program, sizeof(program), "%s/qubes-quorum", getenv("RB_BIN"));
	return program_run(program, args, stdout_path);
}

void
assert_says(const char *words)
{
	if (strstr(quorum_said, words) == NULL)
		fail_msg("does not say \"%s\":\n%s", words, quorum_said);
}

void
assert_silent_about(const char *words)
{
	if (strstr(quorum_said, words) != NULL)
		fail_msg("says \"%s\":\n%s", words, quorum_said);
}

void
fetch(const char *file)
{
	if (RUN("fetch", "-p", "policy", "-o", "bundle", file) != 0)
		fail_msg("%s", quorum_said);
}

void
fetch_to_explain(const char *file)
{
	if (RUN("fetch", "--explain", "-p", "policy", "-o", "bundle", file) !=
	    0)
		fail_msg("%s", quorum_said);
}

void
write_file(const char *name, const void *p, size_t len)
{
	int fd = open(name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);

	assert_int_not_equal(fd, -1);
	assert_int_equal(file_write_fd(fd, span_of(p, len)), RB_OK);
	fd_close(&fd);
}

void
quorum_directory_make(void)
{
	assert_non_null(mkdtemp(directory));
	assert_int_equal(chdir(directory), 0);
	/* Nobody stands between qubes-quorum and the nodes of a test. */
	unsetenv("http_proxy");
	unsetenv("ALL_PROXY");
	unsetenv("all_proxy");
}

static int
remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st;
	(void)type;
	(void)at;
	return remove(path);
}

void
quorum_directory_remove(void)
{
	assert_int_equal(chdir("/"), 0);
	(void)nftw(directory, remove_one, OPEN_MAX_DEPTH, FTW_DEPTH | FTW_PHYS);
}
