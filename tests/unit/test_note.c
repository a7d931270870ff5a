/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/base/note.h"

/* What one note writes to descriptor 2. */
static void
assert_note(const char *text, const char *line)
{
	struct buf b = BUF_INIT;
	int saved, fd;

	fd = memfd_create("notes", MFD_CLOEXEC);
	saved = fcntl(2, F_DUPFD_CLOEXEC, 10);
	assert_true(fd >= 0 && saved >= 0);
	assert_int_equal(dup2(fd, 2), 2);
	note(NOTE_WARN, "%s", text);
	assert_int_equal(dup2(saved, 2), 2);
	assert_true(lseek(fd, 0, SEEK_SET) == 0);
	assert_int_equal(file_read_fd(fd, 10000, &b), RB_OK);
	assert_true(span_equal_str(buf_span(&b), line));
	buf_clear(&b);
	fd_close(&fd);
	fd_close(&saved);
}

static void
one_event_is_one_line(void **state)
{
	(void)state;
	note_open("test");
	assert_note("hello", "test: hello\n");
	assert_note("a\n<2>forged: line", "test: a\\x0a<2>forged: line\n");
	assert_note("\x1b]0;title\x07", "test: \\x1b]0;title\\x07\n");
	assert_note("", "test: \n");
}

static void
a_long_one_is_cut_and_still_ends(void **state)
{
	char text[3000];
	char line[1100];

	(void)state;
	note_open("test");
	memset(text, 'x', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	memset(line, 'x', sizeof(line));
	memcpy(line, "test: ", 6);
	line[6 + 1023] = '\n';
	line[6 + 1024] = '\0';
	assert_note(text, line);
}

static void
keeps_errno(void **state)
{
	int saved;

	(void)state;
	saved = fcntl(2, F_DUPFD_CLOEXEC, 10);
	(void)close(2);
	errno = EXDEV;
	note(NOTE_INFO, "nobody hears");
	assert_int_equal(errno, EXDEV);
	assert_int_equal(dup2(saved, 2), 2);
	fd_close(&saved);
}

/* In a process of its own, since it may well be killed. */
static void
outlives_its_reader(void **state)
{
	int ends[2] = { -1, -1 };
	int status = -1;
	pid_t pid;

	(void)state;
	pid = fork();
	assert_true(pid >= 0);
	if (pid == 0) {
		if (signal(SIGPIPE, SIG_DFL) == SIG_ERR ||
		    pipe2(ends, O_CLOEXEC) != 0 || close(ends[0]) != 0 ||
		    dup2(ends[1], 2) != 2)
			_exit(2);
		note_open("test");
		note(NOTE_ALARM, "nobody reads");
		_exit(0);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(one_event_is_one_line),
		cmocka_unit_test(a_long_one_is_cut_and_still_ends),
		cmocka_unit_test(keeps_errno),
		cmocka_unit_test(outlives_its_reader),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
