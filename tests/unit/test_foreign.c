/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Programs that are not ours, started in a jail. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/process/role.h"
#include "tests/unit/test_nobody.h"

#define NPATHS 5
static const struct jail_path system_paths[NPATHS] = {
	{ "/usr", JAIL_READ_EXEC, 0 },
	{ "/bin", JAIL_READ_EXEC, 1 },
	{ "/lib", JAIL_READ_EXEC, 1 },
	{ "/lib64", JAIL_READ_EXEC, 1 },
	{ "/etc/ld.so.cache", JAIL_READ, 1 },
};

/* Exit status, or -1 when it did not exit; what it wrote goes to `out`. */
static int
run_foreign(const char *program, const char *const *args, const int *fds,
    size_t nfds, struct buf *out)
{
	struct role_start s = ROLE_START_INIT;
	struct role r = ROLE_INIT;
	struct jail jail;
	enum rb_err rc;
	int status = -1;
	int fd;

	memset(&jail, 0, sizeof(jail));
	jail.allow = JAIL_FILES;
	jail.paths = system_paths;
	jail.npaths = NPATHS;
	jail.fds = fds;
	jail.nfds = nfds;
	fd = memfd_create("out", MFD_CLOEXEC);
	assert_true(fd >= 0);
	s.program = program;
	s.args = args;
	s.fds = fds;
	s.nfds = nfds;
	s.out = fd;
	if (geteuid() == 0) {
		s.uid = NOBODY;
		s.gid = NOBODY;
	}
	rc = role_spawn_foreign(&s, &jail, &r);
	if (rc == RB_OK) {
		assert_int_equal(r.fd, -1);
		assert_int_equal(role_wait(&r, 60, &status), RB_OK);
		assert_true(lseek(fd, 0, SEEK_SET) == 0);
		assert_int_equal(file_read_fd(fd, 65536, out), RB_OK);
	}
	fd_close(&fd);
	return rc == RB_OK && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void
a_foreign_program_is_jailed(void **state)
{
	static const char *const passwd[] = { "/etc/passwd", NULL };
	static const char *const kill_us[] = { "-c", "kill -0 $PPID", NULL };
	static const char *const fork_it[] = { "-c", "true | true", NULL };
	static const char *const work[] = { "-c", "echo $((6 * 7))", NULL };
	struct buf out = BUF_INIT;

	(void)state;
	assert_int_equal(run_foreign("/bin/sh", work, NULL, 0, &out), 0);
	assert_true(span_equal_str(buf_span(&out), "42\n"));
	buf_reset(&out);
	assert_int_equal(run_foreign("/bin/cat", passwd, NULL, 0, &out), 1);
	assert_int_equal(out.len, 0);
	assert_int_equal(run_foreign("/bin/sh", kill_us, NULL, 0, &out), -1);
	assert_int_equal(run_foreign("/bin/sh", fork_it, NULL, 0, &out), -1);
	assert_int_equal(run_foreign("/nonexistent", work, NULL, 0, &out), -1);
	buf_clear(&out);
}

/* Landlock would let it: the file is its own. */
static void
a_foreign_program_changes_no_mode(void **state)
{
	char name[] = "/tmp/rb-foreign-XXXXXX";
	const char *const args[] = { "0644", name, NULL };
	struct buf out = BUF_INIT;
	struct stat st;
	int fd;

	(void)state;
	fd = mkstemp(name);
	assert_true(fd >= 0);
	if (geteuid() == 0)
		assert_int_equal(fchown(fd, NOBODY, NOBODY), 0);
	assert_int_equal(run_foreign("/bin/chmod", args, NULL, 0, &out), 1);
	assert_int_equal(fstat(fd, &st), 0);
	assert_int_equal(st.st_mode & 07777, 0600);
	assert_int_equal(unlink(name), 0);
	fd_close(&fd);
	buf_clear(&out);
}

static int
data_open(const char *name)
{
	const char *dir = getenv("RB_DATA");
	char path[4096];
	int fd;

	assert_non_null(dir);
	(void)snprintf(path, sizeof(path), "%s/openpgp/%s", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	assert_true(fd >= 0);
	return fd;
}

static int
run_gpgv(int signed_text, struct buf *text, struct buf *status)
{
	static const char *const args[] = { "--homedir", "/nonexistent",
		"--keyring", "/proc/self/fd/5", "--status-fd", "6", "--output",
		"-", "/proc/self/fd/4", NULL };
	int fds[3] = { signed_text, -1, -1 };
	int r;

	fds[1] = data_open("keyring.gpg");
	fds[2] = memfd_create("status", MFD_CLOEXEC);
	assert_true(fds[2] >= 0);
	r = run_foreign("/usr/bin/gpgv", args, fds, 3, text);
	assert_true(lseek(fds[2], 0, SEEK_SET) == 0);
	assert_int_equal(file_read_fd(fds[2], 65536, status), RB_OK);
	fd_close(&fds[1]);
	fd_close(&fds[2]);
	return r;
}

static bool
buf_contains(const struct buf *b, const char *s)
{
	return memmem(b->p, b->len, s, strlen(s)) != NULL;
}

static void
gpgv_verifies_in_its_jail(void **state)
{
	struct buf text = BUF_INIT, status = BUF_INIT, changed = BUF_INIT;
	int fd = -1;

	(void)state;
	fd = data_open("signed.txt");
	assert_int_equal(run_gpgv(fd, &text, &status), 0);
	assert_true(buf_contains(&status, "[GNUPG:] VALIDSIG "));
	assert_true(
	    span_equal_str(buf_span(&text), "Origin: Example\nSuite: test\n"));

	/* One letter changed, and in memory instead of on disk. */
	assert_true(lseek(fd, 0, SEEK_SET) == 0);
	assert_int_equal(file_read_fd(fd, 65536, &changed), RB_OK);
	fd_close(&fd);
	*(uint8_t *)memmem(changed.p, changed.len, "Example", 7) = 'X';
	assert_int_equal(memory_file("changed", buf_span(&changed), &fd),
	    RB_OK);
	buf_reset(&status);
	assert_int_not_equal(run_gpgv(fd, &text, &status), 0);
	assert_true(buf_contains(&status, "[GNUPG:] BADSIG "));
	assert_false(buf_contains(&status, "VALIDSIG"));
	fd_close(&fd);
	buf_clear(&text);
	buf_clear(&status);
	buf_clear(&changed);
}

/* As the rebuilder daemon does: confined itself. */
static int
verify_in_a_jail(void)
{
	struct jail_path paths[NPATHS + 1];
	struct buf text = BUF_INIT, status = BUF_INIT;
	struct fault why = FAULT_INIT;
	struct jail jail;
	int fd;

	memcpy(paths, system_paths, sizeof(system_paths));
	paths[NPATHS] = (struct jail_path){ getenv("RB_DATA"), JAIL_READ, 0 };
	memset(&jail, 0, sizeof(jail));
	jail.allow = JAIL_SPAWN | JAIL_FILES | JAIL_UNIX | JAIL_DB |
	    JAIL_THREADS;
	jail.paths = paths;
	jail.npaths = NPATHS + 1;
	if (!be_nobody() || jail_enter(&jail, &why) != RB_OK) {
		print_error("%s\n", why.text);
		return 1;
	}
	fd = data_open("signed.txt");
	assert_int_equal(run_gpgv(fd, &text, &status), 0);
	assert_true(buf_contains(&status, "[GNUPG:] VALIDSIG "));
	fd_close(&fd);
	buf_clear(&text);
	buf_clear(&status);
	return 0;
}

static void
gpgv_verifies_in_a_jail_within_a_jail(void **state)
{
	int status = -1;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0)
		_exit(verify_in_a_jail());
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_foreign_program_is_jailed),
		cmocka_unit_test(a_foreign_program_changes_no_mode),
		cmocka_unit_test(gpgv_verifies_in_its_jail),
		cmocka_unit_test(gpgv_verifies_in_a_jail_within_a_jail),
	};

	if (role_home() != RB_OK)
		return 99;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
