/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Downloads without the process around them, whose limits are in the way. */
#include <fcntl.h>
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/net/net_transfer.h"
#include "tests/unit/hostile_http.h"

static struct hostile_http server;

static int
set_up(void **state)
{
	(void)state;
	hostile_http_start(&server);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	hostile_http_stop(&server);
	return 0;
}

static struct fetch_request
request_of(const char *host, const char *path)
{
	struct fetch_request r = FETCH_REQUEST_INIT;

	if (asprintf(&r.url, "http://%s:%u%s", host, server.port, path) < 0)
		abort();
	r.max = HOSTILE_LEN;
	r.fd = memfd_create("file", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(r.fd >= 0);
	return r;
}

struct answers {
	struct fetch_result last;
	unsigned int n;
};

static enum rb_err
take_answer(void *self, const struct fetch_result *r)
{
	struct answers *a = self;

	a->last = *r;
	a->n++;
	return RB_OK;
}

static void
gives_up_on_a_server_that_is_too_slow(void **state)
{
	static const struct fetch_limits limits = { 8, 4, 30, 1, 1024, 3600 };
	static const char *const paths[] = { "/silent", "/dripping" };
	static const uint64_t lens[] = { 0, 3 };
	struct answers a = { .n = 0 };
	struct fetcher *f = NULL;
	struct fetch_request r;
	unsigned int i;

	(void)state;
	assert_int_equal(fetcher_new(&limits, take_answer, &a, &f), RB_OK);
	for (i = 0; i < 2; i++) {
		r = request_of("127.0.0.1", paths[i]);
		assert_int_equal(fetcher_add(f, &r), RB_OK);
		assert_int_equal(r.fd, -1);
		while (a.n == i) {
			assert_int_equal(fetcher_step(f), RB_OK);
			assert_int_equal(fetcher_wait(f, NULL, 0), RB_OK);
		}
		assert_int_equal(a.last.outcome, NET_FAILED);
		assert_int_equal(a.last.len, lens[i]);
		assert_non_null(
		    strstr(a.last.detail.text, "below 1024 bytes/s for 1 s"));
	}
	assert_int_equal(fetcher_count(f), 0);
	fetcher_free(&f);
	fetcher_free(&f);
}

/* What a name resolves to is known late, and checked before a connection. */
static void
connects_nowhere_near_on_a_redirect_from_outside(void **state)
{
	static const struct fetch_limits limits = FETCH_LIMITS;
	struct fetch_request r = request_of("localhost", "/ok");
	struct pollfd seen = { server.seen, POLLIN, 0 };
	struct transfer *t = NULL;
	bool is_over = false;
	CURLcode code;

	(void)state;
	assert_int_equal(transfer_new(&limits, "", &r, &t), RB_OK);
	t->redirects = 1;
	t->reach = REACH_WORLD;
	assert_int_equal(transfer_start(t), RB_OK);
	code = curl_easy_perform(t->easy);
	assert_int_not_equal(code, CURLE_OK);
	assert_int_equal(transfer_end(t, code, &is_over), RB_OK);
	assert_true(is_over);
	assert_int_equal(t->result.outcome, NET_FORBIDDEN);
	assert_non_null(strstr(t->result.detail.text, "redirect"));
	assert_int_equal(poll(&seen, 1, 0), 0);
	transfer_free(&t);
	transfer_free(&t);
}

static void
says_that_the_disk_is_full(void **state)
{
	static const struct fetch_limits limits = FETCH_LIMITS;
	struct fetch_request r = request_of("127.0.0.1", "/ok");
	struct transfer *t = NULL;
	bool is_over = false;

	(void)state;
	/* A file that takes no more stands for a disk that does not. */
	assert_int_equal(fcntl(r.fd, F_ADD_SEALS, F_SEAL_GROW), 0);
	assert_int_equal(transfer_new(&limits, "", &r, &t), RB_OK);
	assert_int_equal(transfer_start(t), RB_OK);
	assert_int_equal(transfer_end(t, curl_easy_perform(t->easy), &is_over),
	    RB_OK);
	assert_true(is_over);
	assert_int_equal(t->result.outcome, NET_UNWRITTEN);
	assert_non_null(strstr(t->result.detail.text, "cannot store"));
	transfer_free(&t);
}

static void
frees_what_is_under_way(void **state)
{
	static const struct fetch_limits limits = FETCH_LIMITS;
	struct answers a = { .n = 0 };
	struct fetcher *f = NULL;
	struct fetch_request r;
	int i;

	(void)state;
	assert_int_equal(fetcher_new(&limits, take_answer, &a, &f), RB_OK);
	for (i = 0; i < 6; i++) {
		r = request_of("127.0.0.1", "/silent");
		assert_int_equal(fetcher_add(f, &r), RB_OK);
	}
	assert_int_equal(fetcher_step(f), RB_OK);
	assert_int_equal(fetcher_count(f), 6);
	fetcher_free(&f);
	assert_int_equal(a.n, 0);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(gives_up_on_a_server_that_is_too_slow),
		CASE(connects_nowhere_near_on_a_redirect_from_outside),
		CASE(says_that_the_disk_is_full),
		CASE(frees_what_is_under_way),
	};
#undef CASE

	return cmocka_run_group_tests(tests, NULL, NULL);
}
