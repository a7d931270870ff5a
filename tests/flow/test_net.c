/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real rebuilder-net, in its jail, against a server that misbehaves. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "tests/unit/hostile_http.h"
#include "tests/flow/net_talk.h"

#define ECHO_MAX 16384

static struct {
	struct hostile_http server;
	struct net_talk talk;
} fix;

static int
set_up_without_frame(void **state)
{
	(void)state;
	hostile_http_start(&fix.server);
	net_talk_start(&fix.talk);
	return 0;
}

static int
set_up(void **state)
{
	(void)set_up_without_frame(state);
	net_talk_setup(&fix.talk, "");
	return 0;
}

static int
set_up_proxy(void **state)
{
	char proxy[64];

	(void)set_up_without_frame(state);
	(void)snprintf(proxy, sizeof(proxy), "socks5h://127.0.0.1:%u",
	    fix.server.socks);
	net_talk_setup(&fix.talk, proxy);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	assert_int_equal(net_talk_end(&fix.talk), 0);
	hostile_http_stop(&fix.server);
	return 0;
}

/* A file that holds the first `have` bytes of the server's object. */
static int
make_file(uint64_t have)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	uint64_t i;
	uint8_t b;

	assert_true(fd >= 0);
	for (i = 0; i < have; i++) {
		b = hostile_byte(i);
		assert_int_equal(pwrite(fd, &b, 1, (off_t)i), 1);
	}
	return fd;
}

static struct done
fetch(const char *host, const char *path, uint64_t max, uint64_t have, int fd)
{
	char url[256];

	(void)snprintf(url, sizeof(url), "http://%s:%u%s", host,
	    fix.server.port, path);
	net_talk_fetch(&fix.talk, 7, url, max, have, fd);
	return net_talk_done(&fix.talk);
}

static void
check_object(int fd, uint64_t len)
{
	uint8_t *p = malloc(HOSTILE_LEN);
	uint64_t size, i;

	assert_non_null(p);
	assert_int_equal(file_size(fd, &size), RB_OK);
	assert_int_equal(size, len);
	assert_int_equal(pread(fd, p, (size_t)len, 0), len);
	for (i = 0; i < len; i++)
		assert_int_equal(p[i], hostile_byte(i));
	free(p);
}

struct expectation {
	const char *path;
	uint64_t have, max;
	uint8_t outcome;
	uint64_t len;        /* of the object's bytes in the file */
	const char *sentence;
};

static void
check_all(const char *host, const struct expectation *e, size_t n)
{
	struct done d;
	int fd;

	for (; n > 0; n--, e++) {
		fd = make_file(e->have);
		d = fetch(host, e->path, e->max, e->have, fd);
		if (d.outcome != e->outcome || d.len != e->len)
			fail_msg("%s: %u, %llu bytes: %s", e->path, d.outcome,
			    (unsigned long long)d.len, d.detail);
		if (e->sentence != NULL &&
		    strstr(d.detail, e->sentence) == NULL)
			fail_msg("%s: '%s'", e->path, d.detail);
		assert_int_equal(d.detail[0] == '\0', e->outcome == NET_OK);
		if (e->outcome != NET_OK)
			assert_non_null(strstr(d.detail, "http://"));
		check_object(fd, e->len);
		fd_close(&fd);
	}
}

#define CHECK_ALL(host, list) \
	check_all(host, list, sizeof(list) / sizeof(list[0]))

static void
bounds_what_a_server_sends(void **state)
{
	static const struct expectation list[] = {
		{ "/endless", 0, 250, NET_TOO_LARGE, 0, "more than the 250" },
		{ "/huge-length", 0, 1000, NET_TOO_LARGE, 0, "1000 bytes" },
		{ "/ok", 0, HOSTILE_LEN - 1, NET_TOO_LARGE, 0, "wanted" },
		{ "/endless-headers", 0, 1000, NET_FAILED, 0, "headers" },
		{ "/endless-header", 0, 1000, NET_FAILED, 0, NULL },
		{ "/endless-interim", 0, 1000, NET_FAILED, 0, "headers" },
		{ "/long-404", 0, 1000, NET_ABSENT, 0, "(404)" },
	};
	struct done d;
	uint64_t size;
	int fd;

	(void)state;
	CHECK_ALL("127.0.0.1", list);
	/* Without a length, the file grows to the limit and no further. */
	fd = make_file(0);
	d = fetch("127.0.0.1", "/endless", HOSTILE_LEN, 0, fd);
	assert_int_equal(d.outcome, NET_TOO_LARGE);
	assert_int_equal(file_size(fd, &size), RB_OK);
	assert_true(size <= HOSTILE_LEN);
	fd_close(&fd);
}

static void
says_what_is_wrong_with_an_answer(void **state)
{
	static const struct expectation list[] = {
		{ "/nothing", 0, 1000, NET_FAILED, 0, NULL },
		{ "/no-http", 0, 1000, NET_FAILED, 0, NULL },
		{ "/404", 0, 1000, NET_ABSENT, 0, "(404)" },
		{ "/410", 0, 1000, NET_ABSENT, 0, "(410)" },
		{ "/403", 0, 1000, NET_FAILED, 0, "answers 403" },
		{ "/500", 0, 1000, NET_FAILED, 0, "answers 500" },
		{ "/204", 0, 1000, NET_FAILED, 0, "answers 204" },
		{ "/always-206", 0, 1000, NET_FAILED, 0, "answers 206" },
		{ "/negative-length", 0, 1000, NET_FAILED, 0, NULL },
		{ "/to-nowhere", 0, 1000, NET_FAILED, 0, "nowhere" },
	};

	(void)state;
	CHECK_ALL("127.0.0.1", list);
}

static void
keeps_what_came_of_a_short_answer(void **state)
{
	static const struct expectation list[] = {
		{ "/short", 0, HOSTILE_LEN, NET_FAILED, 5000, NULL },
	};

	(void)state;
	CHECK_ALL("127.0.0.1", list);
}

static void
resumes_or_starts_cleanly_over(void **state)
{
	static const struct expectation list[] = {
		{ "/ok", 0, HOSTILE_LEN, NET_OK, HOSTILE_LEN, NULL },
		{ "/ok", 500, HOSTILE_LEN, NET_OK, HOSTILE_LEN, NULL },
		{ "/ok", HOSTILE_LEN, HOSTILE_LEN, NET_OK, HOSTILE_LEN, NULL },
		{ "/no-range", 500, HOSTILE_LEN, NET_OK, HOSTILE_LEN, NULL },
		{ "/range-elsewhere", 500, HOSTILE_LEN, NET_OK, HOSTILE_LEN,
		    NULL },
		{ "/range-short", 500, HOSTILE_LEN, NET_OK, HOSTILE_LEN, NULL },
		{ "/range-malformed", 500, HOSTILE_LEN, NET_OK, HOSTILE_LEN,
		    NULL },
		{ "/range-twice", 500, HOSTILE_LEN, NET_OK, HOSTILE_LEN, NULL },
		{ "/range-unsaid", 500, HOSTILE_LEN, NET_OK, HOSTILE_LEN,
		    NULL },
		{ "/empty", 0, HOSTILE_LEN, NET_OK, 0, NULL },
		{ "/empty", 500, HOSTILE_LEN, NET_OK, 0, NULL },
		/* What is there stays until the object's bytes come. */
		{ "/500", 500, HOSTILE_LEN, NET_FAILED, 500, NULL },
	};
	struct done d;
	int fd;

	(void)state;
	CHECK_ALL("127.0.0.1", list);
	/* More than the object has: what was there is of something else. */
	fd = make_file(HOSTILE_LEN);
	assert_int_equal(pwrite(fd, "x", 1, HOSTILE_LEN), 1);
	d = fetch("127.0.0.1", "/ok", HOSTILE_LEN, HOSTILE_LEN + 1, fd);
	assert_int_equal(d.outcome, NET_OK);
	check_object(fd, HOSTILE_LEN);
	fd_close(&fd);
}

static void
expect_bytes(const char *path, const char *bytes)
{
	char got[64] = "";
	int fd = make_file(0);
	struct done d = fetch("127.0.0.1", path, 1000, 0, fd);

	assert_int_equal(d.outcome, NET_OK);
	assert_int_equal(d.len, strlen(bytes));
	assert_int_equal(pread(fd, got, sizeof(got), 0), d.len);
	assert_string_equal(got, bytes);
	fd_close(&fd);
}

static void
stores_bytes_as_they_come(void **state)
{
	(void)state;
	expect_bytes("/compressed", "\x1f\x8b\x08 not gzip");
	expect_bytes("/small-length", "abc");
}

static void
refuses_a_broken_transfer(void **state)
{
	int fd = make_file(0);
	struct done d = fetch("127.0.0.1", "/bad-chunks", 1000, 0, fd);

	(void)state;
	assert_int_equal(d.outcome, NET_FAILED);
	fd_close(&fd);
}

static void
follows_redirects_within_rules(void **state)
{
	static const struct expectation list[] = {
		{ "/redirect", 0, HOSTILE_LEN, NET_OK, HOSTILE_LEN, NULL },
		{ "/redirect", 500, HOSTILE_LEN, NET_OK, HOSTILE_LEN, NULL },
		{ "/loop", 0, 1000, NET_FORBIDDEN, 0, "more than 5" },
		{ "/to-file", 0, 1000, NET_FORBIDDEN, 0, "http" },
		{ "/to-ftp", 0, 1000, NET_FORBIDDEN, 0, "only http" },
		{ "/to-user", 0, 1000, NET_FORBIDDEN, 0, "user" },
	};

	(void)state;
	CHECK_ALL("127.0.0.1", list);
	CHECK_ALL("localhost", list);
}

static void
refuses_urls_that_no_rule_allows(void **state)
{
	static const char *const urls[] = { "file:///etc/passwd",
		"ftp://127.0.0.1/x", "gopher://127.0.0.1/x", "/etc/passwd",
		"http://", "http://user@127.0.0.1/x", "http://u:p@127.0.0.1/x",
		"dict://127.0.0.1:1/x", "" };
	int fd = make_file(0);
	struct done d;
	uint32_t i;

	(void)state;
	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		net_talk_fetch(&fix.talk, i, urls[i], 1000, 0, fd);
		d = net_talk_done(&fix.talk);
		assert_int_equal(d.id, i);
		assert_int_equal(d.outcome, NET_FORBIDDEN);
		assert_string_not_equal(d.detail, "");
	}
	fd_close(&fd);
}

/* What the server got to read. */
static void
read_echo(const char *host, const char *path, char out[ECHO_MAX])
{
	int fd = make_file(0);
	struct done d = fetch(host, path, ECHO_MAX - 1, 0, fd);
	ssize_t n = pread(fd, out, ECHO_MAX - 1, 0);

	assert_int_equal(d.outcome, NET_OK);
	assert_true(n > 0);
	out[n] = '\0';
	fd_close(&fd);
}

static void
tells_nothing_about_itself(void **state)
{
	static const char *const absent[] = { "Cookie", "Authorization",
		"Accept-Encoding", "Referer", "Range", "qubes-rebuilder/" };
	char echo[ECHO_MAX];
	size_t i;

	(void)state;
	/* The redirect sets a cookie on the way. */
	read_echo("127.0.0.1", "/redirect-echo", echo);
	assert_non_null(strstr(echo, "GET /echo HTTP/1.1\r\n"));
	assert_non_null(strstr(echo, "\r\nUser-Agent: qubes-rebuilder\r\n"));
	for (i = 0; i < sizeof(absent) / sizeof(absent[0]); i++)
		assert_null(strcasestr(echo, absent[i]));
}

static void
serves_many_at_once_and_a_few_to_a_host(void **state)
{
	enum { N = 60 };
	char url[128];
	int fds[N];
	struct done d;
	uint32_t i;

	(void)state;
	for (i = 0; i < N; i++) {
		fds[i] = make_file(0);
		(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/ok",
		    fix.server.port);
		net_talk_fetch(&fix.talk, i, url, HOSTILE_LEN, 0, fds[i]);
	}
	for (i = 0; i < N; i++) {
		d = net_talk_done(&fix.talk);
		assert_int_equal(d.outcome, NET_OK);
		assert_true(d.id < N && fds[d.id] != -1);
		check_object(fds[d.id], HOSTILE_LEN);
		fd_close(&fds[d.id]);
	}
}

/* How many of 20 downloads, asked for at once, made a connection. */
static unsigned int
count_connections(const char *host)
{
	enum { N = 20 };
	unsigned int n = 0;
	char url[128], body[5];
	int fds[N];
	struct done d;
	uint32_t i;

	(void)snprintf(url, sizeof(url), "http://%s:%u/kept", host,
	    fix.server.port);
	for (i = 0; i < N; i++) {
		fds[i] = make_file(0);
		net_talk_fetch(&fix.talk, i, url, 4, 0, fds[i]);
	}
	for (i = 0; i < N; i++) {
		d = net_talk_done(&fix.talk);
		assert_int_equal(d.outcome, NET_OK);
		assert_true(d.id < N && fds[d.id] != -1);
		memset(body, 0, sizeof(body));
		assert_int_equal(pread(fds[d.id], body, 4, 0), 4);
		n += strcmp(body, "0001") == 0;
		fd_close(&fds[d.id]);
	}
	return n;
}

static void
keeps_connections_to_a_host(void **state)
{
	unsigned int n = count_connections("127.0.0.1");

	(void)state;
	assert_true(n > 0 && n <= 4);
}

/* A connection has one identity, and so has a download. */
static void
keeps_none_behind_a_proxy(void **state)
{
	(void)state;
	assert_int_equal(count_connections("mirror.invalid"), 20);
}

/* Of five to a silent server the fifth must wait. */
static void
holds_back_more_than_four_to_a_host(void **state)
{
	char seen[256] = "", *line, url[128];
	int fd = make_file(0);
	size_t len = 0;
	uint32_t i;

	(void)state;
	for (i = 0; i < 5; i++) {
		(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/silent",
		    fix.server.port);
		net_talk_fetch(&fix.talk, i, url, 10, 0, fd);
	}
	/* Another place is not held back by them, though asked later. */
	(void)snprintf(url, sizeof(url), "http://localhost:%u/404",
	    fix.server.port);
	net_talk_fetch(&fix.talk, 5, url, 10, 0, fd);
	assert_int_equal(net_talk_done(&fix.talk).id, 5);
	while (strstr(seen, "/404\n") == NULL || len < 4 * 8 + 5) {
		ssize_t n = read(fix.server.seen, seen + len,
		    sizeof(seen) - 1 - len);

		assert_true(n > 0);
		len += (size_t)n;
		seen[len] = '\0';
	}
	for (i = 0, line = seen; (line = strstr(line, "/silent")) != NULL;
	    line++)
		i++;
	assert_int_equal(i, 4);
	fd_close(&fd);
}

static void
goes_through_a_proxy_with_names_and_secrets(void **state)
{
	char first[ECHO_MAX], second[ECHO_MAX], *a, *b;

	(void)state;
	/* A name that nothing here can resolve. */
	read_echo("mirror.invalid", "/echo", first);
	read_echo("mirror.invalid", "/echo", second);
	a = strstr(first, "\r\n\r\n") + 4;
	b = strstr(second, "\r\n\r\n") + 4;
	assert_non_null(strstr(a, " mirror.invalid"));
	assert_int_equal(strlen(a), 2 * 32 + 2 + strlen("mirror.invalid"));
	/* Different users and passwords: different circuits. */
	assert_int_not_equal(strncmp(a, b, 32), 0);
	assert_int_not_equal(strncmp(a + 33, b + 33, 32), 0);
}

static void
no_redirect_leads_from_outside_to_us(void **state)
{
	static const struct expectation list[] = {
		{ "/to-loopback", 0, 1000, NET_FORBIDDEN, 0, "outside" },
		{ "/to-localhost", 0, 1000, NET_FORBIDDEN, 0, "outside" },
		{ "/to-private", 0, 1000, NET_FORBIDDEN, 0, "outside" },
		{ "/to-mapped", 0, 1000, NET_FORBIDDEN, 0, "outside" },
		{ "/to-number", 0, 1000, NET_FORBIDDEN, 0, "outside" },
	};

	(void)state;
	CHECK_ALL("mirror.invalid", list);
}

/* The process ends at what rebuilder would never say. */
static void
expect_end(void)
{
	struct msg m;
	int status;

	msg_init(&m, 0);
	assert_int_equal(msg_recv(fix.talk.net.sock, &m), RB_EPEER);
	status = run_role_end(&fix.talk.net);
	assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	net_talk_again(&fix.talk);
}

static void
ends_at_frames_out_of_turn(void **state)
{
	int fd = make_file(0);
	struct msg m;

	(void)state;
	net_talk_fetch(&fix.talk, 1, "http://127.0.0.1/", 10, 0,
	    fd); /* no NET_SETUP before */
	expect_end();
	net_talk_setup(&fix.talk, "http://127.0.0.1:1"); /* no SOCKS */
	expect_end();
	net_talk_setup(&fix.talk,
	    "socks5://127.0.0.1:1"); /* resolves names here */
	expect_end();
	net_talk_setup(&fix.talk, "");
	net_talk_setup(&fix.talk, "");
	expect_end();
	net_talk_setup(&fix.talk, "");
	msg_init(&m, JUDGE_INDEX);
	assert_int_equal(msg_send(fix.talk.net.sock, &m), RB_OK);
	expect_end();
	fd_close(&fd);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define BEHIND(f) cmocka_unit_test_setup_teardown(f, set_up_proxy, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(bounds_what_a_server_sends),
		CASE(says_what_is_wrong_with_an_answer),
		CASE(keeps_what_came_of_a_short_answer),
		CASE(resumes_or_starts_cleanly_over),
		CASE(stores_bytes_as_they_come),
		CASE(refuses_a_broken_transfer),
		CASE(follows_redirects_within_rules),
		CASE(refuses_urls_that_no_rule_allows),
		CASE(tells_nothing_about_itself),
		CASE(serves_many_at_once_and_a_few_to_a_host),
		CASE(keeps_connections_to_a_host),
		CASE(holds_back_more_than_four_to_a_host),
		BEHIND(goes_through_a_proxy_with_names_and_secrets),
		BEHIND(keeps_none_behind_a_proxy),
		BEHIND(no_redirect_leads_from_outside_to_us),
		cmocka_unit_test_setup_teardown(ends_at_frames_out_of_turn,
		    set_up_without_frame, tear_down),
	};
#undef CASE
#undef BEHIND

	return cmocka_run_group_tests(tests, NULL, NULL);
}
