/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real httpd, in its jail: what it serves, how it starts and ends. */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <zstd.h>

#include "common/store/store.h"
#include "tests/flow/http_world.h"
#include "tests/unit/served.h"

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
	       "1%3a2.0.25-3+deb12u3/amd64 HTTP/1.1\r\n" END,
	    "200", "application/vnd.qubes-rebuilder.bundle.v1+json");
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

	b = ask("GET /builds/0/log HTTP/1.1\r\n"
		"Accept-Encoding: gzip, zstd\r\n" END);
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
does_not_start_when_something_is_wrong(void **state)
{
	struct buf notes = BUF_INIT;
	char config[128], other[80];
	uint16_t port;

	(void)state;
	snprintf(config, sizeof(config), "%s/wrong.yml", http_world.directory);
	http_config_write(config, http_world.directory,
	    "httpd:\n  thread: 2\n");
	assert_int_equal(http_server_run(http_listen(&port), config, &notes),
	    1);
	assert_non_null(strstr((char *)notes.p, "thread"));

	buf_reset(&notes);
	http_config_write(config, http_world.directory,
	    "httpd:\n  threads: 0\n");
	assert_int_equal(http_server_run(http_listen(&port), config, &notes),
	    1);
	assert_non_null(strstr((char *)notes.p, "threads"));

	/* No store yet: says so and ends, and is started again. */
	buf_reset(&notes);
	snprintf(other, sizeof(other), "%s/other", http_world.directory);
	http_config_write(config, other, "");
	assert_int_equal(http_server_run(http_listen(&port), config, &notes),
	    1);
	assert_non_null(strstr((char *)notes.p, "other/served"));

	buf_reset(&notes);
	http_config_write(config, http_world.directory, "");
	assert_int_equal(http_server_run(open("/dev/null", O_RDONLY), config,
			     &notes),
	    1);
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
	assert_int_equal(kill(http_world.pid, SIGTERM), 0);
	assert_int_equal(waitpid(http_world.pid, &status, 0), http_world.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	http_server_start();
	expect_service();
}

static void
ends_when_its_store_is_made_anew(void **state)
{
	struct fault why;
	int status;

	(void)state;
	expect_service();
	assert_int_equal(store_discard(http_world.served, &why), RB_OK);
	http_store_make();
	assert_int_equal(waitpid(http_world.pid, &status, 0), http_world.pid);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
	http_server_start();
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
		cmocka_unit_test(does_not_start_when_something_is_wrong),
		cmocka_unit_test(ends_in_peace_when_told),
		cmocka_unit_test(ends_when_its_store_is_made_anew),
	};

	return cmocka_run_group_tests(tests, http_world_start, http_world_stop);
}
