/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "httpd/answer.h"

#define ok(call) assert_int_equal(call, RB_OK)

static const char *
header(const struct headers *h, const char *name)
{
	size_t i;

	for (i = 0; i < h->n; i++) {
		if (strcmp(h->list[i].name, name) == 0)
			return h->list[i].value;
	}
	return NULL;
}

static void
takes_zstd_only_when_it_is_offered(void **state)
{
	static const struct {
		const char *value;
		bool takes;
	} table[] = {
		{ NULL, false },
		{ "", false },
		{ "gzip, br", false },
		{ "zstdx", false },
		{ "xzstd", false },
		{ "*", false },
		{ "zstd;q=0", false },
		{ "zstd; q=0.000", false },
		{ "gzip;q=1, zstd ; q=0.0", false },
		{ "zstd", true },
		{ "ZSTD", true },
		{ "gzip, deflate, br, zstd", true },
		{ "gzip;q=0, zstd;q=0.5", true },
		{ "\tzstd\t", true },
		{ ",,zstd,", true },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
		if (header_takes_zstd(table[i].value) != table[i].takes)
			fail_msg("%s", table[i].value);
	}
	assert_false(header_takes_html("*/*"));
	assert_false(header_takes_html(NULL));
	assert_true(header_takes_html("text/html,application/xhtml+xml"));
}

static void
lets_nothing_run_and_nobody_frame(void **state)
{
	struct answer a = ANSWER_INIT;
	struct headers h;

	(void)state;
	a.status = 200;
	a.type = "text/plain";
	answer_headers(&a, &h);
	assert_string_equal(header(&h, "X-Content-Type-Options"), "nosniff");
	assert_string_equal(header(&h, "Referrer-Policy"), "no-referrer");
	assert_string_equal(header(&h, "Content-Security-Policy"),
	    "default-src 'none'; frame-ancestors 'none'; sandbox");
	assert_string_equal(header(&h, "Access-Control-Allow-Origin"), "*");

	a.is_page = true;
	answer_headers(&a, &h);
	assert_null(strstr(header(&h, "Content-Security-Policy"), "script"));
	assert_null(strstr(header(&h, "Content-Security-Policy"), "unsafe"));
	assert_non_null(strstr(header(&h, "Content-Security-Policy"),
	    "default-src 'none'; style-src 'self'"));
	assert_non_null(strstr(header(&h, "Content-Security-Policy"),
	    "frame-ancestors 'none'"));
	assert_null(header(&h, "Access-Control-Allow-Origin"));
}

static void
tells_errors_to_be_forgotten(void **state)
{
	struct answer a = ANSWER_INIT;
	struct request rq = { METHOD_GET, SPAN_INIT, SPAN_INIT, false, false,
		"*" };
	struct headers h;

	(void)state;
	a.status = 404;
	ok(answer_finish(&a, &rq));
	assert_int_equal(a.status, 404);
	answer_headers(&a, &h);
	assert_string_equal(header(&h, "Cache-Control"), "no-store");
	assert_null(header(&h, "ETag"));
	assert_null(header(&h, "Retry-After"));

	a.status = 503;
	answer_headers(&a, &h);
	assert_non_null(header(&h, "Retry-After"));

	a.status = 405;
	a.allow = "POST";
	answer_headers(&a, &h);
	assert_string_equal(header(&h, "Allow"), "POST");
	answer_clear(&a);
}

static void
sends_a_body_once(void **state)
{
	struct answer a = ANSWER_INIT;
	struct request rq = { METHOD_GET, SPAN_INIT, SPAN_INIT, false, false,
		NULL };
	char list[256], etag[128];
	struct headers h;

	(void)state;
	a.status = 200;
	a.life = ANSWER_KEEP;
	ok(buf_put_str(&a.body, "abc"));
	ok(answer_finish(&a, &rq));
	assert_int_equal(a.status, 200);
	answer_headers(&a, &h);
	/* SHA-256 of "abc", FIPS 180-4's own example */
	assert_string_equal(header(&h, "ETag"),
	    "\"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f2"
	    "0015ad\"");
	assert_non_null(strstr(header(&h, "Cache-Control"), "immutable"));
	strcpy(etag, header(&h, "ETag"));

	rq.if_none_match = "\"ba7816bf\", W/\"other\"";
	ok(answer_finish(&a, &rq));
	assert_int_equal(a.status, 200);
	assert_int_equal(a.body.len, 3);

	strcpy(list, "\"x\", W/");
	strcat(list, etag);
	rq.if_none_match = list;
	ok(answer_finish(&a, &rq));
	assert_int_equal(a.status, 304);
	assert_int_equal(a.body.len, 0);
	answer_headers(&a, &h);
	assert_string_equal(header(&h, "ETag"), etag);
	answer_clear(&a);
}

/* A cache must not hand a zstd frame to a client that asked for text. */
static void
keeps_the_codings_of_a_body_apart(void **state)
{
	struct answer a = ANSWER_INIT;
	struct request rq = { METHOD_GET, SPAN_INIT, SPAN_INIT, false, false,
		NULL };
	struct headers h;
	char plain[128];

	(void)state;
	a.status = 200;
	a.life = ANSWER_KEEP;
	a.coding = CODING_UNPACK;
	ok(buf_put_str(&a.body, "frame"));
	ok(answer_finish(&a, &rq));
	answer_headers(&a, &h);
	assert_string_equal(header(&h, "Vary"), "Accept-Encoding");
	assert_null(header(&h, "Content-Encoding"));
	strcpy(plain, header(&h, "ETag"));

	a.coding = CODING_ZSTD;
	answer_headers(&a, &h);
	assert_string_equal(header(&h, "Vary"), "Accept-Encoding");
	assert_string_equal(header(&h, "Content-Encoding"), "zstd");
	assert_string_not_equal(header(&h, "ETag"), plain);

	rq.if_none_match = plain;
	ok(answer_finish(&a, &rq));
	assert_int_equal(a.status, 200);
	answer_clear(&a);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(takes_zstd_only_when_it_is_offered),
		cmocka_unit_test(lets_nothing_run_and_nobody_frame),
		cmocka_unit_test(tells_errors_to_be_forgotten),
		cmocka_unit_test(sends_a_body_once),
		cmocka_unit_test(keeps_the_codings_of_a_body_apart),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
