/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/whole_node.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/enc.h"
#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"

#define LINE_MAX_LEN 4096
#define STEP_MS 5
#define STEPS_MAX 6000

char *
whole_node_path(const struct whole_node *n, const char *rest)
{
	char *path = NULL;

	if (asprintf(&path, "%s/%s", n->directory, rest) == -1)
		fail();
	return path;
}

struct user_ids
whole_node_user(const char *name)
{
	struct user_ids ids = { 0, 0 };
	struct fault why = FAULT_INIT;

	if (strcmp(name, "root") != 0 && user_find(name, &ids, &why) != RB_OK)
		fail_msg("%s", why.text);
	return ids;
}

/* One that nobody had a moment ago. */
static uint16_t
free_port(void)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	fd_close(&fd);
	return ntohs(a.sin_port);
}

/* In a child: the program of ours, with nothing open but its notes. */
static _Noreturn void
become(char *const *argv, int notes)
{
	char *environment[] = { NULL };
	char path[LINE_MAX_LEN];
	int null = open("/dev/null", O_RDWR);

	(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
	(void)snprintf(path, sizeof(path), "%s/%s", getenv("RB_BIN"), argv[0]);
	if (null == -1 || dup2(null, 0) == -1 || dup2(null, 1) == -1 ||
	    (notes != -1 && dup2(notes, 2) == -1) ||
	    close_range(3, ~0u, 0) == -1)
		_exit(126);
	(void)execve(path, argv, environment);
	_exit(127);
}

void
whole_node_make(struct whole_node *n)
{
	char top[] = "/tmp/rb-whole-XXXXXX", address[32];
	char *argv[] = { (char *)(uintptr_t)"qubes-rebuilder",
		(char *)(uintptr_t)"init", (char *)(uintptr_t)"-l", address,
		NULL, NULL };
	int status = -1;
	pid_t pid;

	assert_non_null(mkdtemp(top));
	assert_int_equal(chmod(top, 0755), 0);
	assert_non_null(n->directory = strdup(top));
	n->conf = whole_node_path(n, "node.yml");
	n->port = free_port();
	(void)snprintf(address, sizeof(address), "127.0.0.1:%u",
	    (unsigned int)n->port);
	argv[4] = n->directory;
	if ((pid = fork()) == 0)
		become(argv, -1);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
}

void
whole_node_start(struct whole_node *n)
{
	char *argv[] = { (char *)(uintptr_t)"qubes-rebuilder",
		(char *)(uintptr_t)"serve", (char *)(uintptr_t)"-c", n->conf,
		NULL };
	int notes[2];

	assert_int_equal(pipe2(notes, O_CLOEXEC), 0);
	if ((n->serve = fork()) == 0)
		become(argv, notes[1]);
	assert_int_not_equal(n->serve, -1);
	fd_close(&notes[1]);
	n->notes = notes[0];
	memset(n->ready, 0, sizeof(n->ready));
	assert_non_null(n->said = fdopen(notes[0], "r"));
}

static void
hear(struct whole_node *n, enum whole_node_part part)
{
	static const struct {
		enum whole_node_part part;
		const char *begin;
	} lines[] = {
		{ NODE_ATTESTOR, "attestor: log " },
		{ NODE_HTTPD, "httpd: serving " },
	};
	char line[LINE_MAX_LEN];
	size_t i;

	while (n->ready[part] == 0) {
		if (fgets(line, sizeof(line), n->said) == NULL)
			fail_msg("qubes-rebuilder serve has ended");
		print_message("%s", line);
		for (i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
			if (strncmp(line, lines[i].begin,
				strlen(lines[i].begin)) == 0)
				n->ready[lines[i].part]++;
		}
	}
	n->ready[part]--;
}

static void
ask_rebuilder(const struct whole_node *n)
{
	struct msg m;
	int sock = whole_node_connect(n, "admin.sock", "root");

	msg_init(&m, ADMIN_STATUS);
	assert_int_equal(msg_send(sock, &m), RB_OK);
	assert_int_equal(msg_recv(sock, &m), RB_OK);
	assert_int_equal(m.type, ADMIN_STATUS_IS);
	msg_clear(&m);
	/* Not before it has closed its side too. */
	assert_int_equal(msg_recv(sock, &m), RB_EPEER);
	msg_clear(&m);
	fd_close(&sock);
}

static void
ask_attestor(const struct whole_node *n)
{
	struct msg m;
	int sock = whole_node_connect(n, "attestor.sock", "qubes-rebuilder");

	msg_init(&m, ATTEST_VERDICT);
	assert_int_equal(msg_send(sock, &m), RB_OK);
	assert_int_equal(msg_recv(sock, &m), RB_OK);
	assert_int_equal(m.type, FRAME_REFUSED);
	msg_clear(&m);
	fd_close(&sock);
}

static void
ask_httpd(const struct whole_node *n)
{
	static const char question[] = "GET / HTTP/1.1\r\n"
				       "Host: node.example\r\n"
				       "Connection: close\r\n\r\n";
	static const char ok[] = "HTTP/1.1 200 ";
	struct sockaddr_in a;
	char answer[sizeof(ok) - 1];
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(n->port);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(send(fd, question, sizeof(question) - 1, 0),
	    sizeof(question) - 1);
	assert_int_equal(recv(fd, answer, sizeof(answer), MSG_WAITALL),
	    sizeof(answer));
	assert_memory_equal(answer, ok, sizeof(answer));
	fd_close(&fd);
}

void
whole_node_await(struct whole_node *n, enum whole_node_part part)
{
	/* A question waits in the socket until somebody is there. */
	if (part == NODE_REBUILDER)
		ask_rebuilder(n);
	else
		hear(n, part);
}

void
whole_node_answers(struct whole_node *n)
{
	ask_rebuilder(n);
	ask_attestor(n);
	ask_httpd(n);
}

void
whole_node_stop(struct whole_node *n)
{
	int status = -1;

	if (n->serve != -1) {
		(void)kill(n->serve, SIGTERM);
		(void)waitpid(n->serve, &status, 0);
		n->serve = -1;
	}
	if (n->said != NULL)
		(void)fclose(n->said);
	n->said = NULL;
	n->notes = -1;
}

static void
remove_below(int parent, const char *name)
{
	int fd = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	DIR *d = fd == -1 ? NULL : fdopendir(fd);
	struct dirent *e;

	if (d == NULL) {
		(void)unlinkat(parent, name, 0);
		return;
	}
	while ((e = readdir(d)) != NULL) {
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			remove_below(fd, e->d_name);
	}
	closedir(d);
	(void)unlinkat(parent, name, AT_REMOVEDIR);
}

void
whole_node_clear(struct whole_node *n)
{
	whole_node_stop(n);
	if (n->directory != NULL)
		remove_below(AT_FDCWD, n->directory);
	free(n->directory);
	free(n->conf);
	*n = (struct whole_node)WHOLE_NODE_INIT;
}

int
whole_node_connect(const struct whole_node *n, const char *name,
    const char *user)
{
	struct user_ids ids = whole_node_user(user);
	struct sockaddr_un a;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memset(&a, 0, sizeof(a));
	a.sun_family = AF_UNIX;
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/run/%s",
	    n->directory, name);
	assert_int_equal(setegid(ids.gid), 0);
	assert_int_equal(seteuid(ids.uid), 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	assert_int_equal(seteuid(0), 0);
	assert_int_equal(setegid(0), 0);
	return fd;
}

/* Of /proc/PID/stat, behind the name: state and parent; 0: gone. */
static pid_t
parent_of(pid_t pid)
{
	struct buf text = BUF_INIT;
	char path[64];
	const char *at;
	pid_t parent = 0;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	if (file_read_at(AT_FDCWD, path, LINE_MAX_LEN, &text) == RB_OK &&
	    buf_put_byte(&text, 0) == RB_OK &&
	    (at = strrchr((const char *)text.p, ')')) != NULL && strlen(at) > 4)
		parent = (pid_t)strtol(at + 4, NULL, 10);
	buf_clear(&text);
	return parent;
}

static bool
runs(pid_t pid, const char *program)
{
	struct buf text = BUF_INIT;
	char path[64];
	bool is_it;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	is_it = file_read_at(AT_FDCWD, path, LINE_MAX_LEN, &text) == RB_OK &&
	    text.len > strlen(program) &&
	    strcmp((const char *)text.p, program) == 0;
	buf_clear(&text);
	return is_it;
}

/* Before it becomes another program, a child of it is called the same. */
static bool
is_fork(pid_t pid, const char *program)
{
	return runs(parent_of(pid), program);
}

static bool
is_below(pid_t pid, pid_t ancestor)
{
	while (pid > 1 && pid != ancestor)
		pid = parent_of(pid);
	return pid == ancestor;
}

static pid_t
find(const struct whole_node *n, const char *program)
{
	DIR *d = opendir("/proc");
	struct dirent *e;
	pid_t found = -1, pid;

	assert_non_null(d);
	while (found == -1 && (e = readdir(d)) != NULL) {
		if (!isdigit((unsigned char)e->d_name[0]))
			continue;
		pid = (pid_t)strtol(e->d_name, NULL, 10);
		if (runs(pid, program) && !is_fork(pid, program) &&
		    is_below(pid, n->serve))
			found = pid;
	}
	closedir(d);
	return found;
}

pid_t
whole_node_find(const struct whole_node *n, const char *program)
{
	unsigned int steps;
	pid_t pid;

	for (steps = 0; steps < STEPS_MAX; steps++) {
		if ((pid = find(n, program)) != -1)
			return pid;
		/* serve starts a role when it comes round to it. */
		(void)poll(NULL, 0, STEP_MS);
	}
	fail_msg("%s does not run", program);
	return -1;
}
