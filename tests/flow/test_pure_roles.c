/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/testdeb.h"

#include <fcntl.h>
#include <grp.h>
#include <locale.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"

/*
 * rebuilder-compare and rebuilder-explain as the programs that are shipped,
 * in their jails: what a library does behind our back (opening a table of
 * characters, a configuration) ends them here and nowhere else.
 */
#define NOBODY 65534

static pid_t pid = -1;
static int sock = -1;

/* As rebuilder starts them: another user, no environment, nothing open. */
static void
become(int program, int socket_fd, const char *name)
{
	char *const argv[] = { (char *)(uintptr_t)name, NULL };
	char *const environment[] = { NULL };
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1)
		_exit(120);
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) == -1 ||
		setresgid(NOBODY, NOBODY, NOBODY) == -1 ||
		setresuid(NOBODY, NOBODY, NOBODY) == -1))
		_exit(121);
	if (dup2(socket_fd, 3) == -1)
		_exit(122);
	fexecve(program, argv, environment);
	_exit(123);
}

static void
start(const char *name)
{
	char path[4096];
	int fds[2], program, low;

	snprintf(path, sizeof(path), "%s/%s", getenv("RB_BIN"), name);
	/* Opened here: the user to be may not reach the directory. */
	low = open(path, O_RDONLY | O_CLOEXEC);
	assert_int_not_equal(low, -1);
	program = fcntl(low, F_DUPFD_CLOEXEC, 20); /* out of dup2's way */
	close(low);
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     fds),
	    0);
	low = fds[1];
	fds[1] = fcntl(low, F_DUPFD_CLOEXEC, 20);
	close(low);
	pid = fork();
	assert_int_not_equal(pid, -1);
	if (pid == 0)
		become(program, fds[1], name);
	close(fds[1]);
	close(program);
	sock = fds[0];
}

/* Its status, once the socket is closed. */
static int
finish(void)
{
	int status;

	fd_close(&sock);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	pid = -1;
	return status;
}

static int
clean(void **state)
{
	(void)state;
	if (pid != -1)
		(void)finish();
	return 0;
}

static void
add_fd(struct msg *m, int fd)
{
	assert_int_equal(msg_add_fd(m, fd), RB_OK);
}

static struct msg
compare_question(uint64_t offset, uint64_t len, struct span a, struct span b)
{
	struct msg m;

	msg_init(&m, COMPARE_FILES);
	assert_int_equal(put_u64(&m.body, offset), RB_OK);
	assert_int_equal(put_u64(&m.body, len), RB_OK);
	add_fd(&m, deb_file(a));
	add_fd(&m, deb_file(b));
	return m;
}

static uint16_t
ask(struct msg *question, struct msg *answer)
{
	msg_init(answer, 0);
	assert_int_equal(msg_call(sock, question, answer), RB_OK);
	msg_clear(question);
	return answer->type;
}

static void
compares_in_its_jail(void **state)
{
	struct msg question, answer;
	struct digest d, expected;
	struct span body;
	uint64_t size;

	(void)state;
	start("rebuilder-compare");
	question = compare_question(2, 5, SPAN("..bytes.."), SPAN("bytes"));
	assert_int_equal(ask(&question, &answer), COMPARE_SAME);
	body = buf_span(&answer.body);
	assert_int_equal(take_u64(&body, &size), RB_OK);
	assert_int_equal(take_digest(&body, &d), RB_OK);
	assert_int_equal(take_end(body), RB_OK);
	assert_int_equal(size, 5);
	assert_int_equal(digest_of(SPAN("bytes"), &expected), RB_OK);
	assert_true(digest_equal(&d, &expected));
	msg_clear(&answer);
	assert_int_equal(finish(), 0);
}

static void
tells_a_difference_from_a_wrong_question(void **state)
{
	struct msg question, answer;
	struct span body;
	struct digest d;
	uint64_t size, at;

	(void)state;
	start("rebuilder-compare");
	question = compare_question(0, 5, SPAN("bytes"), SPAN("bites"));
	assert_int_equal(ask(&question, &answer), COMPARE_DIFFERENT);
	body = buf_span(&answer.body);
	assert_int_equal(take_u64(&body, &size), RB_OK);
	assert_int_equal(take_digest(&body, &d), RB_OK);
	assert_int_equal(take_u64(&body, &size), RB_OK);
	assert_int_equal(take_digest(&body, &d), RB_OK);
	assert_int_equal(take_u64(&body, &at), RB_OK);
	assert_int_equal(at, 1);
	msg_clear(&answer);
	assert_int_equal(finish(), 0);

	start("rebuilder-compare");
	question = compare_question(0, 6, SPAN("bytes"), SPAN("bytes"));
	assert_int_equal(ask(&question, &answer), FRAME_REFUSED);
	msg_clear(&answer);
	assert_int_equal(finish(), 0);
}

static void
one_process_answers_one_question(void **state)
{
	struct msg question, answer;

	(void)state;
	start("rebuilder-compare");
	question = compare_question(0, 1, SPAN("x"), SPAN("x"));
	assert_int_equal(ask(&question, &answer), COMPARE_SAME);
	msg_clear(&answer);
	question = compare_question(0, 1, SPAN("x"), SPAN("x"));
	msg_init(&answer, 0);
	assert_int_not_equal(msg_call(sock, &question, &answer), RB_OK);
	msg_clear(&question);
	msg_clear(&answer);
	assert_int_not_equal(finish(), 0);
}

static void
malformed_questions_end_the_process(void **state)
{
	struct msg question, answer;
	int i;

	(void)state;
	for (i = 0; i < 3; i++) {
		start("rebuilder-compare");
		question = compare_question(0, 1, SPAN("x"), SPAN("x"));
		if (i == 0)
			question.type = EXPLAIN_FILES;
		else if (i == 1)
			question.body.len--;
		else
			add_fd(&question, deb_file(SPAN("y")));
		msg_init(&answer, 0);
		assert_int_not_equal(msg_call(sock, &question, &answer), RB_OK);
		msg_clear(&question);
		msg_clear(&answer);
		assert_int_not_equal(finish(), 0);
	}
}

static const struct deb_member control[] = {
	{ .name = "./control", .content = "Package: x\n" },
};

static void
assert_explains(const struct deb *a, const struct deb *b, const char *reason)
{
	struct buf ours = deb_make(a), theirs = deb_make(b), text = BUF_INIT;
	struct msg question, answer;
	struct span body;
	char *said = NULL;
	int report = memfd_create("report", MFD_CLOEXEC);

	start("rebuilder-explain");
	msg_init(&question, EXPLAIN_FILES);
	assert_int_equal(put_u64(&question.body, 0), RB_OK);
	assert_int_equal(put_u64(&question.body, ours.len), RB_OK);
	assert_int_equal(put_text(&question.body, "x_1_all.deb"), RB_OK);
	add_fd(&question, deb_file(buf_span(&ours)));
	add_fd(&question, deb_file(buf_span(&theirs)));
	add_fd(&question, dup(report));
	assert_int_equal(ask(&question, &answer), EXPLAINED);
	body = buf_span(&answer.body);
	assert_int_equal(take_text(&body, 64, &said), RB_OK);
	assert_string_equal(said, reason);
	assert_int_equal(lseek(report, 0, SEEK_SET), 0);
	assert_int_equal(file_read_fd(report, 1 << 20, &text), RB_OK);
	assert_int_equal(buf_put_byte(&text, 0), RB_OK);
	assert_non_null(strstr((const char *)text.p, reason));
	assert_int_equal(finish(), 0);
	free(said);
	msg_clear(&answer);
	buf_clear(&text);
	buf_clear(&ours);
	buf_clear(&theirs);
	close(report);
}

static void
opens_every_kind_of_package_in_its_jail(void **state)
{
	static const char *const kinds[] = { "xz", "gz", "zst", "" };
	/* Longer than a ustar name, and not ASCII: a header of its own. */
	static const char name[] =
	    "./usr/share/doc/\xc3\xa9t\xc3\xa9/0123456"
	    "789012345678901234567890123456789012345678901234567890123456789"
	    "0123456789012345678901234567890123456789";
	struct deb_member ours[] = { { .name = name, .content = "one\n" } };
	struct deb_member theirs[] = { { .name = name, .content = "two\n" } };
	struct deb a = { control, ours, 1, 1, NULL, NULL, false };
	struct deb b = { control, theirs, 1, 1, NULL, NULL, false };
	size_t i;

	(void)state;
	for (i = 0; i < 8; i++) {
		a.compression = b.compression = kinds[i % 4];
		a.is_pax = b.is_pax = i >= 4;
		assert_explains(&a, &b, "content");
	}
}

static void
a_member_larger_than_memory_is_explained(void **state)
{
	enum { LARGE = 66 * 1024 * 1024 };
	char *zeros = calloc(1, LARGE), *ones = calloc(1, LARGE);
	struct deb_member ours[] = {
		{ .name = "./x", .content = ones, .len = LARGE }
	};
	struct deb_member theirs[] = {
		{ .name = "./x", .content = zeros, .len = LARGE }
	};
	struct deb a = { control, ours, 1, 1, "gz", NULL, false };
	struct deb b = { control, theirs, 1, 1, "gz", NULL, false };

	(void)state;
	assert_non_null(zeros);
	assert_non_null(ones);
	ones[LARGE - 1] = 1;
	assert_explains(&a, &b, "content");
	free(zeros);
	free(ones);
}

#define CLAIM(f) cmocka_unit_test_teardown(f, clean)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		CLAIM(compares_in_its_jail),
		CLAIM(tells_a_difference_from_a_wrong_question),
		CLAIM(one_process_answers_one_question),
		CLAIM(malformed_questions_end_the_process),
		CLAIM(opens_every_kind_of_package_in_its_jail),
		CLAIM(a_member_larger_than_memory_is_explained),
	};

	assert_non_null(getenv("RB_BIN"));
	if (setlocale(LC_CTYPE, "C.UTF-8") == NULL)
		return 1;
	return cmocka_run_group_tests_name("pure_roles", tests, NULL, NULL);
}
