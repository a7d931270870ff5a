/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/http_world.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/store/store.h"
#include "tests/unit/served.h"

#define ok(call) assert_int_equal(call, RB_OK)

#define PATIENCE_MS 60000 /* then something hangs, and the test fails */
#define NOBODY 65534

struct http_world http_world;

/* The program as the supervisor starts it, with `fd` as descriptor 3. */
static pid_t
spawn(int fd, const char *config, int notes)
{
	char program[512];
	pid_t pid;

	snprintf(program, sizeof(program), "%s/httpd", getenv("RB_BIN"));
	pid = fork();
	assert_true(pid >= 0);
	if (pid > 0)
		return pid;
	if (fd >= 0 && fd != 3 && dup2(fd, 3) != 3)
		_exit(126);
	if (notes >= 0 && dup2(notes, 2) != 2)
		_exit(126);
	if (fd < 0)
		close(3);
	fcntl(3, F_SETFD, 0);
	/* No jail fits root. */
	if (geteuid() == 0 &&
	    (setgroups(0, NULL) != 0 ||
		setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
		setresuid(NOBODY, NOBODY, NOBODY) != 0))
		_exit(126);
	execl(program, "httpd", "-c", config, (char *)NULL);
	_exit(127);
}

int
http_listen(uint16_t *port)
{
	struct sockaddr_in a;
	socklen_t len = sizeof(a);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	assert_true(fd >= 0);
	assert_int_equal(bind(fd, (struct sockaddr *)&a, len), 0);
	assert_int_equal(listen(fd, 1024), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&a, &len), 0);
	*port = ntohs(a.sin_port);
	return fd;
}

void
http_config_write(const char *path, const char *directory, const char *more)
{
	FILE *f = fopen(path, "w");

	assert_non_null(f);
	fprintf(f, "node:\n  name: " SERVED_NODE "\n  directory: %s\n%s",
	    directory, more);
	assert_int_equal(fclose(f), 0);
	assert_int_equal(chmod(path, 0644), 0);
}

static void
give_away(const char *path)
{
	if (geteuid() == 0)
		assert_int_equal(chown(path, NOBODY, NOBODY), 0);
}

void
http_store_make(void)
{
	static const char *const names[] = { "data.mdb", "lock.mdb" };
	struct vkey key;
	char path[128];
	size_t i;

	ok(served_make(http_world.served, HTTP_LEAVES, &key));
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", http_world.served,
		    names[i]);
		give_away(path);
	}
}

void
http_server_start(void)
{
	http_world.pid = spawn(http_world.listener, http_world.config, -1);
}

int
http_world_start(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	strcpy(http_world.directory, "/tmp/test_httpd.XXXXXX");
	assert_non_null(mkdtemp(http_world.directory));
	assert_int_equal(chmod(http_world.directory, 0755), 0);
	snprintf(http_world.served, sizeof(http_world.served), "%s/served",
	    http_world.directory);
	snprintf(http_world.config, sizeof(http_world.config), "%s/node.yml",
	    http_world.directory);
	assert_int_equal(mkdir(http_world.served, 0755), 0);
	give_away(http_world.served);
	http_config_write(http_world.config, http_world.directory,
	    "httpd:\n  listen: 127.0.0.1:0\n  threads: 2\n");
	http_store_make();
	http_world.listener = http_listen(&http_world.port);
	http_server_start();
	return 0;
}

int
http_world_stop(void **state)
{
	(void)state;
	if (http_world.pid > 0) {
		kill(http_world.pid, SIGKILL);
		waitpid(http_world.pid, NULL, 0);
	}
	close(http_world.listener);
	if (store_discard(http_world.served, NULL) != RB_OK)
		return -1;
	rmdir(http_world.served);
	unlink(http_world.config);
	return rmdir(http_world.directory);
}

int
dial(void)
{
	struct sockaddr_in a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(http_world.port);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

void
say(int fd, const void *bytes, size_t len)
{
	const char *p = bytes;
	ssize_t put;

	while (len > 0) {
		put = send(fd, p, len, MSG_NOSIGNAL);
		if (put <= 0)
			return;
		p += put;
		len -= (size_t)put;
	}
}

struct buf
hear(int fd)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	struct buf out = BUF_INIT;
	ssize_t got;

	for (;;) {
		assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
		ok(buf_reserve(&out, 65536));
		got = recv(fd, out.p + out.len, 65535, 0);
		if (got <= 0)
			break; /* a reset is an end too */
		out.len += (size_t)got;
	}
	ok(buf_put_byte(&out, 0));
	close(fd);
	return out;
}

struct buf
exchange(const void *bytes, size_t len)
{
	int fd = dial();

	say(fd, bytes, len);
	return hear(fd);
}

struct buf
ask(const char *text)
{
	return exchange(text, strlen(text));
}

void
expect(const char *request, const char *status, const char *words)
{
	struct buf b = ask(request);
	const char *answer = (const char *)b.p;

	if (strncmp(answer, "HTTP/1.1 ", 9) != 0 ||
	    strncmp(answer + 9, status, strlen(status)) != 0)
		fail_msg("not %s: %s: %.200s", status, request, answer);
	if (strstr(answer, words) == NULL)
		fail_msg("no '%s' in: %.2000s", words, answer);
	buf_clear(&b);
}

void
expect_service(void)
{
	expect("GET /log/checkpoint HTTP/1.1\r\n" END, "200", SERVED_NODE);
}

int
http_server_run(int fd, const char *config, struct buf *notes)
{
	int pair[2], status;
	ssize_t got;
	pid_t pid;

	assert_int_equal(pipe(pair), 0);
	pid = spawn(fd, config, pair[1]);
	close(pair[1]);
	if (fd >= 0)
		close(fd);
	for (;;) {
		ok(buf_reserve(notes, 4096));
		got = read(pair[0], notes->p + notes->len, 4096);
		if (got <= 0)
			break;
		notes->len += (size_t)got;
	}
	ok(buf_put_byte(notes, 0));
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}
