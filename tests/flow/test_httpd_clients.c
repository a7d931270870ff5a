/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real httpd and clients that are slow, huge, malformed or gone: each
 * gets a clear answer or the end, and the next one is served.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "tests/flow/http_world.h"

#define ok(call) assert_int_equal(call, RB_OK)

#define SLOW_CLIENTS 100

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
	expect("GET /package/..%2f..%2fetc/passwd/1/.. HTTP/1.1\r\n" END, "400",
	    "400");
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
		RAW("two lengths",
		    "POST /evidence HTTP/1.1\r\n"
		    "Content-Length: 1\r\nContent-Length: 2\r\n" END "ab"),
		RAW("negative length",
		    "POST /evidence HTTP/1.1\r\n"
		    "Content-Length: -1\r\n" END),
		RAW("chunk of nonsense",
		    "POST /evidence HTTP/1.1\r\n"
		    "Transfer-Encoding: chunked\r\n" END "zz\r\nabc\r\n"),
		RAW("chunk that is too long",
		    "POST /evidence HTTP/1.1\r\n"
		    "Transfer-Encoding: chunked\r\n" END
		    "ffffffffffffffffffff\r\nabc\r\n"),
		RAW("length and chunks",
		    "POST /evidence HTTP/1.1\r\n"
		    "Content-Length: 4\r\n"
		    "Transfer-Encoding: chunked\r\n" END "0\r\n\r\n"),
	};
	struct buf b;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		fd = dial();
		say(fd, table[i].bytes, table[i].len);
		/* No more will come: whatever it waits for, it must end. */
		shutdown(fd, SHUT_WR);
		b = hear(fd);
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
	static const char header[] = "GET / HTTP/1.1\r\nX: ";
	static const char target[] = "GET /";
	const size_t len = 1024 * 1024;
	char *huge = malloc(len);
	struct buf b;

	(void)state;
	assert_non_null(huge);
	memset(huge, 'a', len);
	memcpy(huge, header, sizeof(header) - 1);
	b = exchange(huge, len);
	assert_null(strstr((char *)b.p, "HTTP/1.1 2"));
	buf_clear(&b);
	expect_service();

	memset(huge, 'a', len);
	memcpy(huge, target, sizeof(target) - 1);
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
	/* Five thousand digests: read whole, so that the answer arrives. */
	ok(buf_printf(&request,
	    "POST /evidence HTTP/1.1\r\nContent-Length: %d\r\n" END,
	    5000 * 65));
	for (i = 0; i < 5000; i++)
		ok(buf_put_str(&request, HEX "\n"));
	b = exchange(request.p, request.len);
	assert_int_equal(strncmp((char *)b.p, "HTTP/1.1 413", 12), 0);
	assert_non_null(strstr((char *)b.p, "at most 1000 digests"));
	buf_clear(&b);

	/* A length that nobody will wait for. */
	expect("POST /evidence HTTP/1.1\r\nContent-Length: 99999999999\r\n" END,
	    "413", "too large");

	/* Chunks for ever: cut off. */
	buf_reset(&request);
	ok(buf_put_str(&request,
	    "POST /evidence HTTP/1.1\r\n"
	    "Transfer-Encoding: chunked\r\n" END));
	for (i = 0; i < 3000; i++)
		ok(buf_printf(&request, "400\r\n%01024d\r\n", 0));
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
			say(slow[i],
			    "POST /evidence HTTP/1.1\r\nHost: a\r\n"
			    "Content-Length: 65\r\n\r\n0",
			    58);
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

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_the_methods_that_it_has),
		cmocka_unit_test(leaves_no_way_to_other_files),
		cmocka_unit_test(bears_what_is_not_http),
		cmocka_unit_test(refuses_headers_without_end),
		cmocka_unit_test(refuses_bodies_that_are_too_large),
		cmocka_unit_test(takes_a_body_in_chunks),
		cmocka_unit_test(serves_while_others_are_slow),
		cmocka_unit_test(serves_after_clients_that_went_away),
	};

	return cmocka_run_group_tests(tests, http_world_start, http_world_stop);
}
