/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packs without the process around them, whose limits are in the way. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <fcntl.h>
#include <sys/eventfd.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "rebuilder/net/net_receive.h"
#include "tests/unit/hostile_git.h"

static struct hostile_http server;

static int
set_up(void **state)
{
	(void)state;
	hostile_git_start(&server);
	return receive_begin() == RB_OK ? 0 : -1;
}

static int
tear_down(void **state)
{
	(void)state;
	hostile_http_stop(&server);
	return 0;
}

static struct pack_request
request_of(const char *name)
{
	struct pack_request r = PACK_REQUEST_INIT;

	if (asprintf(&r.url, "http://127.0.0.1:%u/%s", server.port, name) < 0)
		abort();
	r.max = 1000;
	r.refs = calloc(1, sizeof(*r.refs));
	assert_non_null(r.refs);
	r.refs[0] = strdup("refs/tags/v1");
	r.nrefs = 1;
	r.fd = memfd_create("pack", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	assert_true(r.fd >= 0);
	return r;
}

static const char *const slow[] = { "list-silent", "list-slow", "pack-silent",
	"pack-slow" };

static void
expect_failure(const struct pack_limits *limits, const char *name,
    const char *sentence)
{
	struct pack_request r = request_of(name);
	struct fetch_result result;

	assert_int_equal(pack_receive(limits, "", -1, &r, &result), RB_OK);
	assert_int_equal(result.outcome, NET_FAILED);
	if (strstr(result.detail.text, sentence) == NULL)
		fail_msg("%s: %s", name, result.detail.text);
	pack_request_clear(&r);
}

static void
gives_up_on_a_server_that_is_too_slow(void **state)
{
	static const struct pack_limits limits = { { 8, 4, 30, 1, 1024, 3600 },
		4, 3600 };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(slow) / sizeof(slow[0]); i++)
		expect_failure(&limits, slow[i], "below 1024 bytes/s for 1 s");
}

static void
gives_up_when_the_time_for_a_pack_is_over(void **state)
{
	static const struct pack_limits limits = { FETCH_LIMITS, 4, 0 };

	(void)state;
	expect_failure(&limits, "pack-slow", "in the time");
	expect_failure(&limits, "good", "in the time");
}

static void
ends_when_it_is_told_to(void **state)
{
	static const struct pack_limits limits = PACK_LIMITS;
	int cancel = eventfd(1, EFD_CLOEXEC);
	struct pack_request r;
	struct fetch_result result;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(slow) / sizeof(slow[0]); i++) {
		r = request_of(slow[i]);
		assert_int_equal(pack_receive(&limits, "", cancel, &r, &result),
		    RB_EPEER);
		pack_request_clear(&r);
	}
	fd_close(&cancel);
}

static void
says_that_a_file_takes_no_more(void **state)
{
	static const struct pack_limits limits = PACK_LIMITS;
	struct pack_request r = request_of("good");
	struct fetch_result result;

	(void)state;
	assert_int_equal(fcntl(r.fd, F_ADD_SEALS, F_SEAL_GROW), 0);
	assert_int_equal(pack_receive(&limits, "", -1, &r, &result), RB_OK);
	assert_int_equal(result.outcome, NET_UNWRITTEN);
	assert_int_equal(result.len, 0);
	pack_request_clear(&r);
	/* What was in it goes first. */
	r = request_of("good");
	assert_int_equal(pwrite(r.fd, "0123456789", 10, 0), 10);
	assert_int_equal(pack_receive(&limits, "", -1, &r, &result), RB_OK);
	assert_int_equal(result.outcome, NET_OK);
	assert_int_equal(result.len, 4);
	assert_int_equal(lseek(r.fd, 0, SEEK_END), 4);
	pack_request_clear(&r);
}

static enum rb_err
count_answer(void *self, const struct fetch_result *r)
{
	unsigned int *n = self;

	(void)r;
	(*n)++;
	return RB_OK;
}

static void
wait_until_seen(const char *path)
{
	char seen[4096] = "";
	size_t len = 0;
	ssize_t n;

	while (strstr(seen, path) == NULL) {
		n = read(server.seen, seen + len, sizeof(seen) - 1 - len);
		assert_true(n > 0);
		len += (size_t)n;
		seen[len] = '\0';
	}
}

static void
a_packer_gives_up_what_is_under_way(void **state)
{
	static const struct pack_limits limits = { FETCH_LIMITS, 2, 3600 };
	struct packer *p = NULL;
	struct pack_request r;
	unsigned int n = 0;
	size_t i;

	(void)state;
	assert_int_equal(packer_new(&limits, count_answer, &n, &p), RB_OK);
	for (i = 0; i < 4; i++) {
		r = request_of("pack-silent");
		assert_int_equal(packer_add(p, &r), RB_OK);
		assert_int_equal(r.fd, -1);
	}
	assert_int_equal(packer_step(p), RB_OK);
	assert_int_equal(packer_count(p), 4);
	wait_until_seen("/pack-silent/git-upload-pack");
	packer_free(&p);
	packer_free(&p);
	assert_int_equal(n, 0);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(gives_up_on_a_server_that_is_too_slow),
		CASE(gives_up_when_the_time_for_a_pack_is_over),
		CASE(ends_when_it_is_told_to),
		CASE(says_that_a_file_takes_no_more),
		CASE(a_packer_gives_up_what_is_under_way),
	};
#undef CASE

	return cmocka_run_group_tests(tests, NULL, NULL);
}
