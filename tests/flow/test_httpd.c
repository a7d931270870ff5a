/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real httpd, in its jail, and clients that are slow, huge, malformed or
 * gone: each gets a clear answer or the end, and the next one is served.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include <cmocka.h>

#include "common/store/store.h"
#include "tests/flow/served.h"

#define LEAVES 20
#define PATIENCE_MS 60000 /* then something hangs, and the test fails */
#define NOBODY 65534
#define SLOW_CLIENTS 100
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

static struct {
	char directory[64], served[80], config[80];
	uint16_t port;
	pid_t pid;
} world;

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
	if (geteuid() == 0 && (setgroups(0, NULL) != 0 ||
	    setresgid(NOBODY, NOBODY, NOBODY) != 0 ||
	    setresuid(NOBODY, NOBODY, NOBODY) != 0))
		_exit(126);
	execl(program, "httpd", "-c", config, (char *)NULL);
	_exit(127);
}

static int
listen_somewhere(uint16_t *port)
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

static void
write_config(const char *path, const char *directory, const char *more)
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

static void
make_store(void)
{
	static const char *const names[] = { "data.mdb", "lock.mdb" };
	struct vkey key;
	char path[128];
	size_t i;

	assert_int_equal(served_make(world.served, LEAVES, &key), RB_OK);
	for (i = 0; i < 2; i++) {
		snprintf(path, sizeof(path), "%s/%s", world.served, names[i]);
		give_away(path);
	}
}

static void
start_server(void)
{
	int fd = listen_somewhere(&world.port);

	world.pid = spawn(fd, world.config, -1);
	close(fd);
}

static int
start(void **state)
{
	(void)state;
	signal(SIGPIPE, SIG_IGN);
	strcpy(world.directory, "/tmp/test_httpd.XXXXXX");
	assert_non_null(mkdtemp(world.directory));
	assert_int_equal(chmod(world.directory, 0755), 0);
	snprintf(world.served, sizeof(world.served), "%s/served",
	    world.directory);
	snprintf(world.config, sizeof(world.config), "%s/node.yml",
	    world.directory);
	assert_int_equal(mkdir(world.served, 0755), 0);
	give_away(world.served);
	write_config(world.config, world.directory,
	    "httpd:\n  listen: 127.0.0.1:0\n  threads: 2\n");
	make_store();
	start_server();
	return 0;
}

static int
stop(void **state)
{
	(void)state;
	if (world.pid > 0) {
		kill(world.pid, SIGKILL);
		waitpid(world.pid, NULL, 0);
	}
	if (store_discard(world.served, NULL) != RB_OK)
		return -1;
	rmdir(world.served);
	unlink(world.config);
	return rmdir(world.directory);
}

static int
dial(void)
{
	struct sockaddr_in a;
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	memset(&a, 0, sizeof(a));
	a.sin_family = AF_INET;
	a.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
	a.sin_port = htons(world.port);
	assert_true(fd >= 0);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Sends what the other side takes; it may have ended already. */
static void
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

/* Everything until the end, terminated by a zero; closes. */
static struct buf
hear(int fd)
{
	struct pollfd ready = { fd, POLLIN, 0 };
	struct buf out = BUF_INIT;
	ssize_t got;

	for (;;) {
		assert_int_equal(poll(&ready, 1, PATIENCE_MS), 1);
		assert_int_equal(buf_reserve(&out, 65536), RB_OK);
		got = recv(fd, out.p + out.len, 65535, 0);
		if (got <= 0)
			break; /* a reset is an end too */
		out.len += (size_t)got;
	}
	assert_int_equal(buf_put_byte(&out, 0), RB_OK);
	close(fd);
	return out;
}

static struct buf
exchange(const void *bytes, size_t len)
{
	int fd = dial();

	say(fd, bytes, len);
	return hear(fd);
}

static struct buf
ask(const char *text)
{
	return exchange(text, strlen(text));
}

static void
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

#define END "Host: a\r\nConnection: close\r\n\r\n"

static void
expect_service(void)
{
	expect("GET /log/checkpoint HTTP/1.1\r\n" END, "200", SERVED_NODE);
}

static void
serves_pages_and_data(void **state)
{
	(void)state;
	expect("GET / HTTP/1.1\r\n" END, "200",
	    "Content-Type: text/html; charset=utf-8\r\n");
	expect("GET / HTTP/1.1\r\n" END, "200", "</html>");
	expect("GET /builds/3 HTTP/1.1\r\n" END, "200", "kexec-tools");
	expect("GET /style.css HTTP/1.1\r\n" END, "200",
	    "Content-Type: text/css");
	expect("GET /evidence/package/debian/kexec-tools/"
	       "1%3a2.0.25-3+deb12u3/amd64 HTTP/1.1\r\n" END, "200",
	    "application/vnd.qubes-rebuilder.bundle.v1+json");
	expect("GET /nothing HTTP/1.1\r\nAccept: text/html\r\n" END, "404",
	    "<h1>Not here</h1>");
}

static void
answers_head_without_a_body(void **state)
{
	struct buf b = ask("HEAD / HTTP/1.1\r\n" END);
	const char *answer = (const char *)b.p;

	(void)state;
	assert_non_null(strstr(answer, "Content-Length: "));
	assert_null(strstr(answer, "Content-Length: 0\r\n"));
	assert_string_equal(strstr(answer, "\r\n\r\n"), "\r\n\r\n");
	buf_clear(&b);
}

static void
sends_nothing_twice(void **state)
{
	struct buf b = ask("GET /builds/0/envelope HTTP/1.1\r\n" END);
	char request[512], *etag, *end;

	(void)state;
	etag = strstr((char *)b.p, "ETag: ");
	assert_non_null(etag);
	end = strstr(etag, "\r\n");
	*end = '\0';
	snprintf(request, sizeof(request),
	    "GET /builds/0/envelope HTTP/1.1\r\nIf-None-Match: %s\r\n" END,
	    etag + strlen("ETag: "));
	expect(request, "304", "immutable");
	buf_clear(&b);
}

static void
unpacks_logs_for_those_who_want_text(void **state)
{
	static char plain[100000];
	struct buf b, want = BUF_INIT;
	char *body;
	size_t n;

	(void)state;
	assert_int_equal(served_log(0, &want), RB_OK);
	expect("GET /builds/0/log HTTP/1.1\r\n" END, "200",
	    "399: gcc -O2 -g -c <file>.c & \"so\" on\n");

	b = ask("GET /builds/0/log HTTP/1.1\r\nAccept-Encoding: gzip, zstd\r\n"
		END);
	assert_non_null(strstr((char *)b.p, "Content-Encoding: zstd\r\n"));
	body = strstr((char *)b.p, "\r\n\r\n") + 4;
	n = ZSTD_decompress(plain, sizeof(plain), body,
	    b.len - 1 - (size_t)(body - (char *)b.p));
	assert_int_equal(n, want.len);
	assert_memory_equal(plain, want.p, want.len);
	buf_clear(&b);
	buf_clear(&want);
}

static void
answers_requests_sent_in_one_go(void **state)
{
	struct buf b = ask("GET /builds/0/envelope HTTP/1.1\r\nHost: a\r\n\r\n"
			   "GET /nothing HTTP/1.1\r\nHost: a\r\n\r\n"
			   "POST /evidence HTTP/1.1\r\nHost: a\r\n"
			   "Content-Length: 65\r\n\r\n" HEX "\n"
			   "GET /log/checkpoint HTTP/1.1\r\n" END);
	const char *at = (const char *)b.p;

	(void)state;
	assert_int_equal(strncmp(at, "HTTP/1.1 200", 12), 0);
	assert_non_null(at = strstr(at + 1, "HTTP/1.1 404"));
	assert_non_null(at = strstr(at + 1, "HTTP/1.1 200"));
	assert_non_null(at = strstr(at + 1, "HTTP/1.1 200"));
	assert_non_null(strstr(at, SERVED_NODE "\n20\n"));
	buf_clear(&b);
}

static void
names_the_methods_that_it_has(void **state)
{
	(void)state;
	expect("BREW / HTTP/1.1\r\n" END, "405", "Allow: GET, HEAD\r\n");
	expect("get / HTTP/1.1\r\n" END, "405", "Allow: GET, HEAD\r\n");
	expect("DELETE /builds/1 HTTP/1.1\r\n" END, "405", "Allow: GET");
	expect("GET /evidence HTTP/1.1\r\n" END, "405", "Allow: POST\r\n");
	expect("PUT /evidence HTTP/1.1\r\nContent-Length: 3\r\n" END "abc",
	    "405", "Allow: POST\r\n");
}

static void
leaves_no_way_to_other_files(void **state)
{
	(void)state;
	expect("GET /../../etc/passwd HTTP/1.1\r\n" END, "404", "404");
	expect("GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\n" END, "404", "404");
	expect("GET //etc/passwd HTTP/1.1\r\n" END, "404", "404");
	expect("GET /package/..%2f..%2fetc/passwd/1/.. HTTP/1.1\r\n" END,
	    "400", "400");
	expect("GET /package/a/b%00/1/all HTTP/1.1\r\n" END, "400",
	    "printable ASCII");
	expect("GET /?q=1 HTTP/1.1\r\n" END, "400", "takes no queries");
	expect("GET /log/tile/0/000?x HTTP/1.1\r\n" END, "400", "queries");
}

static void
bears_what_is_not_http(void **state)
{
	static const struct {
		const char *why;
		const char *bytes;
		size_t len;
	} table[] = {
#define RAW(why, lit) { why, lit, sizeof(lit) - 1 }
		RAW("TLS", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
		RAW("zero in the line", "GET /\0/../x HTTP/1.1\r\n" END),
		RAW("zero in a header", "GET / HTTP/1.1\r\nX: \0y\r\n" END),
		RAW("control in the line", "GET /\x01 HTTP/1.1\r\n" END),
		RAW("no version", "GET /\r\n\r\n"),
		RAW("no host", "GET / HTTP/1.1\r\nConnection: close\r\n\r\n"),
		RAW("a header without a colon",
		    "GET / HTTP/1.1\r\nnonsense\r\n" END),
		RAW("folded header", "GET / HTTP/1.1\r\nX: a\r\n b\r\n" END),
		RAW("two lengths", "POST /evidence HTTP/1.1\r\n"
				   "Content-Length: 1\r\nContent-Length: 2\r\n"
				   END "ab"),
		RAW("negative length", "POST /evidence HTTP/1.1\r\n"
				       "Content-Length: -1\r\n" END),
		RAW("chunk of nonsense",
		    "POST /evidence HTTP/1.1\r\n"
		    "Transfer-Encoding: chunked\r\n" END "zz\r\nabc\r\n"),
		RAW("chunk that is too long",
		    "POST /evidence HTTP/1.1\r\n"
		    "Transfer-Encoding: chunked\r\n" END
		    "ffffffffffffffffffff\r\nabc\r\n"),
		RAW("length and chunks", "POST /evidence HTTP/1.1\r\n"
					 "Content-Length: 4\r\n"
					 "Transfer-Encoding: chunked\r\n" END
					 "0\r\n\r\n"),
	};
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fd = dial();
		say(fd, table[i].bytes, table[i].len);
		/* No more will come: whatever it waits for, it must end. */
		shutdown(fd, SHUT_WR);
		struct buf b = hear(fd);

		if (b.len > 1 && strncmp((char *)b.p, "HTTP/1.1 ", 9) != 0 &&
		    strncmp((char *)b.p, "HTTP/1.0 ", 9) != 0)
			fail_msg("%s: %s", table[i].why, (char *)b.p);
		buf_clear(&b);
		expect_service();
	}
}

static void
refuses_headers_without_end(void **state)
{
	const size_t len = 1024 * 1024;
	char *huge = malloc(len);
	struct buf b;

	(void)state;
	assert_non_null(huge);
	memset(huge, 'a', len);
	memcpy(huge, "GET / HTTP/1.1\r\nX: ", 19);
	b = exchange(huge, len);
	assert_null(strstr((char *)b.p, "HTTP/1.1 2"));
	buf_clear(&b);
	expect_service();

	memset(huge, 'a', len);
	memcpy(huge, "GET /", 5);
	b = exchange(huge, len);
	assert_null(strstr((char *)b.p, "HTTP/1.1 2"));
	buf_clear(&b);
	expect_service();
	free(huge);
}

static void
refuses_bodies_that_are_too_large(void **state)
{
	struct buf request = BUF_INIT, b;
	size_t i;

	(void)state;
	/* Five thousand digests: read to the end, so that the answer arrives. */
	assert_int_equal(buf_printf(&request,
	    "POST /evidence HTTP/1.1\r\nContent-Length: %d\r\n" END,
	    5000 * 65), RB_OK);
	for (i = 0; i < 5000; i++)
		assert_int_equal(buf_put_str(&request, HEX "\n"), RB_OK);
	b = exchange(request.p, request.len);
	assert_int_equal(strncmp((char *)b.p, "HTTP/1.1 413", 12), 0);
	assert_non_null(strstr((char *)b.p, "at most 1000 digests"));
	buf_clear(&b);

	/* A length that nobody will wait for. */
	expect("POST /evidence HTTP/1.1\r\nContent-Length: 99999999999\r\n"
	       END, "413", "too large");

	/* Chunks for ever: cut off. */
	buf_reset(&request);
	assert_int_equal(buf_put_str(&request, "POST /evidence HTTP/1.1\r\n"
	    "Transfer-Encoding: chunked\r\n" END), RB_OK);
	for (i = 0; i < 3000; i++)
		assert_int_equal(buf_printf(&request, "400\r\n%01024d\r\n", 0),
		    RB_OK);
	b = exchange(request.p, request.len);
	assert_null(strstr((char *)b.p, "HTTP/1.1 2"));
	buf_clear(&b);
	buf_clear(&request);
	expect_service();
}

static void
takes_a_body_in_chunks(void **state)
{
	(void)state;
	expect("POST /evidence HTTP/1.1\r\nTransfer-Encoding: chunked\r\n" END
	       "20\r\n0123456789abcdef0123456789abcdef\r\n"
	       "21\r\n0123456789abcdef0123456789abcdef\n\r\n0\r\n\r\n",
	    "200", "\"evidence\":[]");
}

static void
serves_while_others_are_slow(void **state)
{
	int slow[SLOW_CLIENTS];
	size_t i;

	(void)state;
	for (i = 0; i < SLOW_CLIENTS; i++) {
		slow[i] = dial();
		switch (i % 4) {
		case 0: /* says nothing */
			break;
		case 1: /* half a header */
			say(slow[i], "GET / HTTP/1.1\r\nHo", 18);
			break;
		case 2: /* half a body */
			say(slow[i], "POST /evidence HTTP/1.1\r\nHost: a\r\n"
			    "Content-Length: 65\r\n\r\n0", 58);
			break;
		default: /* reads nothing */
			say(slow[i], "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
			break;
		}
	}
	expect_service();
	expect("GET / HTTP/1.1\r\n" END, "200", "</html>");
	for (i = 0; i < SLOW_CLIENTS; i++)
		close(slow[i]);
	expect_service();
}

static void
serves_after_clients_that_went_away(void **state)
{
	struct linger now = { 1, 0 };
	int fd, i;

	(void)state;
	for (i = 0; i < SLOW_CLIENTS; i++) {
		fd = dial();
		say(fd, "GET /builds/0/log HTTP/1.1\r\nHost: a\r\n\r\n", 39);
		/* A reset in the middle of whatever it is doing. */
		setsockopt(fd, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
		close(fd);
	}
	expect_service();
}

/* Ends by itself, with what it said; `fd` is closed. */
static int
run(int fd, const char *config, struct buf *notes)
{
	int pair[2], status;
	pid_t pid;

	assert_int_equal(pipe(pair), 0);
	pid = spawn(fd, config, pair[1]);
	close(pair[1]);
	if (fd >= 0)
		close(fd);
	for (;;) {
		assert_int_equal(buf_reserve(notes, 4096), RB_OK);
		ssize_t got = read(pair[0], notes->p + notes->len, 4096);

		if (got <= 0)
			break;
		notes->len += (size_t)got;
	}
	assert_int_equal(buf_put_byte(notes, 0), RB_OK);
	close(pair[0]);
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_true(WIFEXITED(status));
	return WEXITSTATUS(status);
}

static void
does_not_start_when_something_is_wrong(void **state)
{
	struct buf notes = BUF_INIT;
	char config[128], other[80];
	uint16_t port;

	(void)state;
	snprintf(config, sizeof(config), "%s/wrong.yml", world.directory);
	write_config(config, world.directory, "httpd:\n  thread: 2\n");
	assert_int_equal(run(listen_somewhere(&port), config, &notes), 1);
	assert_non_null(strstr((char *)notes.p, "thread"));

	buf_reset(&notes);
	write_config(config, world.directory, "httpd:\n  threads: 0\n");
	assert_int_equal(run(listen_somewhere(&port), config, &notes), 1);
	assert_non_null(strstr((char *)notes.p, "threads"));

	/* No store yet: says so and ends, and is started again. */
	buf_reset(&notes);
	snprintf(other, sizeof(other), "%s/other", world.directory);
	write_config(config, other, "");
	assert_int_equal(run(listen_somewhere(&port), config, &notes), 1);
	assert_non_null(strstr((char *)notes.p, "other/served"));

	buf_reset(&notes);
	write_config(config, world.directory, "");
	assert_int_equal(run(open("/dev/null", O_RDONLY), config, &notes), 1);
	assert_non_null(strstr((char *)notes.p, "not a listening socket"));
	unlink(config);
	buf_clear(&notes);
}

static void
ends_in_peace_when_told(void **state)
{
	int status;

	(void)state;
	expect_service();
	assert_int_equal(kill(world.pid, SIGTERM), 0);
	assert_int_equal(waitpid(world.pid, &status, 0), world.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	start_server();
	expect_service();
}

static void
ends_when_its_store_is_made_anew(void **state)
{
	struct fault why;
	int status;

	(void)state;
	expect_service();
	assert_int_equal(store_discard(world.served, &why), RB_OK);
	make_store();
	assert_int_equal(waitpid(world.pid, &status, 0), world.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	start_server();
	expect_service();
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(serves_pages_and_data),
		cmocka_unit_test(answers_head_without_a_body),
		cmocka_unit_test(sends_nothing_twice),
		cmocka_unit_test(unpacks_logs_for_those_who_want_text),
		cmocka_unit_test(answers_requests_sent_in_one_go),
		cmocka_unit_test(names_the_methods_that_it_has),
		cmocka_unit_test(leaves_no_way_to_other_files),
		cmocka_unit_test(bears_what_is_not_http),
		cmocka_unit_test(refuses_headers_without_end),
		cmocka_unit_test(refuses_bodies_that_are_too_large),
		cmocka_unit_test(takes_a_body_in_chunks),
		cmocka_unit_test(serves_while_others_are_slow),
		cmocka_unit_test(serves_after_clients_that_went_away),
		cmocka_unit_test(does_not_start_when_something_is_wrong),
		cmocka_unit_test(ends_in_peace_when_told),
		cmocka_unit_test(ends_when_its_store_is_made_anew),
	};

	return cmocka_run_group_tests(tests, start, stop);
}
