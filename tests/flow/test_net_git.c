/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real rebuilder-net, in its jail, and git servers that misbehave. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "tests/flow/net_talk.h"
#include "tests/unit/hostile_git.h"

#define PACK_MAX (256 * 1024)

static struct {
	struct hostile_http server;
	struct net_talk talk;
} fix;

static int
set_up_world(void **state)
{
	(void)state;
	hostile_git_start(&fix.server);
	return 0;
}

static int
tear_down_world(void **state)
{
	(void)state;
	hostile_http_stop(&fix.server);
	return 0;
}

static int
set_up(void **state)
{
	(void)state;
	net_talk_start(&fix.talk);
	net_talk_setup(&fix.talk, "");
	return 0;
}

static int
set_up_proxy(void **state)
{
	char proxy[64];

	(void)state;
	net_talk_start(&fix.talk);
	(void)snprintf(proxy, sizeof(proxy), "socks5h://127.0.0.1:%u",
	    fix.server.socks);
	net_talk_setup(&fix.talk, proxy);
	return 0;
}

/* Whatever it met, it is still there and ends when it is told. */
static int
tear_down(void **state)
{
	(void)state;
	assert_int_equal(net_talk_end(&fix.talk), 0);
	return 0;
}

struct expectation {
	const char *name;
	uint8_t outcome;
	const char *sentence; /* for NET_OK: what is in the file */
};

static void
ask(uint32_t id, const char *host, const char *name, int fd)
{
	const char *const refs[] = { "refs/tags/v1", NULL };
	char url[256];

	(void)snprintf(url, sizeof(url), "http://%s:%u/%s", host,
	    fix.server.port, name);
	net_talk_pack(&fix.talk, id, url, PACK_MAX, refs, fd);
}

static void
check(const struct expectation *e, const struct done *d, int fd)
{
	char bytes[64] = "";
	uint64_t size;

	if (d->outcome != e->outcome)
		fail_msg("%s: %u: %s", e->name, d->outcome, d->detail);
	assert_int_equal(file_size(fd, &size), RB_OK);
	assert_int_equal(size, d->len);
	assert_true(size <= PACK_MAX);
	if (e->outcome == NET_OK) {
		assert_string_equal(d->detail, "");
		assert_true(pread(fd, bytes, sizeof(bytes) - 1, 0) >= 0);
		assert_string_equal(bytes, e->sentence);
		return;
	}
	assert_non_null(strstr(d->detail, "http://"));
	if (strstr(d->detail, e->sentence) == NULL)
		fail_msg("%s: '%s'", e->name, d->detail);
}

static void
check_all(const char *host, const struct expectation *e, size_t n)
{
	struct done d;
	int fd;

	for (; n > 0; n--, e++) {
		fd = memfd_create("pack", MFD_CLOEXEC);
		ask(3, host, e->name, fd);
		d = net_talk_done(&fix.talk);
		check(e, &d, fd);
		fd_close(&fd);
	}
}

#define CHECK_ALL(host, list) \
	check_all(host, list, sizeof(list) / sizeof(list[0]))

static void
passes_on_what_it_is_sent(void **state)
{
	static const struct expectation list[] = {
		{ "good", NET_OK, "PACK" },
		{ "raw", NET_OK, "PACK" },
		{ "noise", NET_OK, "PACK" },
		{ "to-good", NET_OK, "PACK" },
	};

	(void)state;
	CHECK_ALL("127.0.0.1", list);
	CHECK_ALL("localhost", list);
}

static void
bounds_a_list(void **state)
{
	static const struct expectation list[] = {
		{ "list-endless", NET_TOO_LARGE, "4194304" },
		{ "list-flushes", NET_ABSENT, "no refs/tags/v1" },
		{ "list-tail", NET_TOO_LARGE, "4194304" },
		{ "list-huge", NET_TOO_LARGE, "4194304" },
		{ "list-long-line", NET_ABSENT, "no refs/tags/v1" },
	};

	(void)state;
	CHECK_ALL("127.0.0.1", list);
}

/* As many as there are threads. */
static void
has_memory_for_lists_of_crumbs(void **state)
{
	int fd = memfd_create("pack", MFD_CLOEXEC);
	uint32_t i;

	(void)state;
	for (i = 0; i < 4; i++)
		ask(i, "127.0.0.1", "list-crumbs", fd);
	for (i = 0; i < 4; i++)
		assert_int_equal(net_talk_done(&fix.talk).outcome,
		    NET_TOO_LARGE);
	fd_close(&fd);
}

static void
says_what_is_wrong_with_a_list(void **state)
{
	static const char reading[] = "reading the list of references";
	static const struct expectation list[] = {
		{ "list-none", NET_FAILED, "" },
		{ "list-nothing", NET_FAILED, reading },
		{ "list-short", NET_FAILED, reading },
		{ "list-length", NET_FAILED, reading },
		{ "list-sign", NET_FAILED, reading },
		{ "list-1", NET_FAILED, reading },
		{ "list-3", NET_FAILED, reading },
		{ "list-4", NET_FAILED, reading },
		{ "list-5", NET_FAILED, reading },
		{ "list-id", NET_FAILED, reading },
		{ "list-nameless", NET_FAILED, reading },
		{ "list-blank", NET_FAILED, reading },
		{ "list-symref", NET_FAILED, reading },
		{ "list-data", NET_FAILED, reading },
		{ "list-ack", NET_FAILED, reading },
		{ "list-err", NET_FAILED, "go\\x1b[31m away\\xff" },
		{ "list-err-early", NET_FAILED, "no such one" },
		{ "list-uncommented", NET_FAILED, reading },
		{ "list-empty", NET_ABSENT, "no refs/tags/v1" },
		{ "list-dumb", NET_FAILED, reading },
		{ "list-page", NET_FAILED, reading },
		{ "list-gzip", NET_FAILED, reading },
		{ "list-403", NET_FAILED, "answers 403" },
		{ "list-404", NET_ABSENT, "(404)" },
		{ "list-500", NET_FAILED, "answers 500" },
	};

	(void)state;
	CHECK_ALL("127.0.0.1", list);
}

static void
bounds_a_pack_and_what_is_around_it(void **state)
{
	static const struct expectation list[] = {
		{ "pack-endless", NET_TOO_LARGE, "262144" },
		{ "pack-crumbs", NET_TOO_LARGE, "beside" },
		{ "pack-progress", NET_TOO_LARGE, "beside" },
		{ "pack-keep-alive", NET_TOO_LARGE, "beside" },
		{ "pack-acks", NET_TOO_LARGE, "beside" },
		{ "pack-multi-acks", NET_TOO_LARGE, "beside" },
		{ "pack-raw-endless", NET_TOO_LARGE, "262144" },
		{ "pack-huge", NET_TOO_LARGE, "262144" },
	};

	(void)state;
	CHECK_ALL("127.0.0.1", list);
}

static void
says_what_is_wrong_with_a_pack(void **state)
{
	static const struct expectation list[] = {
		{ "pack-none", NET_FAILED, "" },
		{ "pack-nothing", NET_FAILED, "pack" },
		{ "pack-nak", NET_FAILED, "receiving the pack" },
		{ "pack-empty", NET_FAILED, "no pack" },
		{ "pack-short", NET_FAILED, "receiving the pack" },
		{ "pack-cut", NET_FAILED, "receiving the pack" },
		{ "pack-length", NET_FAILED, "receiving the pack" },
		{ "pack-early", NET_FAILED, "asking for the pack" },
		{ "pack-error", NET_FAILED, "receiving the pack" },
		{ "pack-refused", NET_FAILED, "asking for the pack" },
		{ "pack-promised", NET_FAILED, "" },
		{ "pack-500", NET_FAILED, "answers 500" },
		{ "pack-404", NET_ABSENT, "(404)" },
		{ "pack-206", NET_FAILED, "206" },
	};

	(void)state;
	CHECK_ALL("127.0.0.1", list);
}

static void
follows_redirects_within_rules(void **state)
{
	static const struct expectation list[] = {
		{ "to-loop", NET_FORBIDDEN, "more than 5" },
		{ "to-file", NET_FORBIDDEN, "http" },
		{ "to-git", NET_FORBIDDEN, "http" },
		{ "to-ssh", NET_FORBIDDEN, "http" },
		{ "to-user", NET_FORBIDDEN, "user" },
		{ "to-elsewhere", NET_FORBIDDEN, "no list of references" },
		{ "pack-to-good", NET_FORBIDDEN, "redirects a POST" },
		{ "pack-to-loopback", NET_FORBIDDEN, "redirects a POST" },
	};

	(void)state;
	CHECK_ALL("127.0.0.1", list);
}

static void
no_redirect_leads_from_outside_to_us(void **state)
{
	static const struct expectation list[] = {
		{ "to-loopback", NET_FORBIDDEN, "outside" },
		{ "to-localhost", NET_FORBIDDEN, "outside" },
		{ "to-private", NET_FORBIDDEN, "outside" },
		{ "to-good", NET_OK, "PACK" },
	};

	(void)state;
	CHECK_ALL("git.invalid", list);
}

/* More packs than threads, servers that say nothing among them. */
static void
a_silent_server_holds_up_no_other_download(void **state)
{
	static const struct expectation good = { "good", NET_OK, "PACK" };
	struct done d;
	char url[256];
	int fd[8], file = memfd_create("file", MFD_CLOEXEC);
	uint32_t i;

	(void)state;
	for (i = 0; i < 8; i++) {
		fd[i] = memfd_create("pack", MFD_CLOEXEC);
		ask(i, "127.0.0.1", i < 3 ? "pack-silent" : "good", fd[i]);
	}
	(void)snprintf(url, sizeof(url), "http://127.0.0.1:%u/ok",
	    fix.server.port);
	net_talk_fetch(&fix.talk, 8, url, HOSTILE_LEN, 0, file);
	for (i = 3; i < 9; i++) {
		d = net_talk_done(&fix.talk);
		assert_int_equal(d.outcome, NET_OK);
		assert_true(d.id >= 3 && d.id <= 8);
		if (d.id < 8)
			check(&good, &d, fd[d.id]);
	}
	for (i = 0; i < 8; i++)
		fd_close(&fd[i]);
	fd_close(&file);
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
#define BEHIND(f) cmocka_unit_test_setup_teardown(f, set_up_proxy, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(passes_on_what_it_is_sent),
		CASE(bounds_a_list),
		CASE(has_memory_for_lists_of_crumbs),
		CASE(says_what_is_wrong_with_a_list),
		CASE(bounds_a_pack_and_what_is_around_it),
		CASE(says_what_is_wrong_with_a_pack),
		CASE(follows_redirects_within_rules),
		CASE(a_silent_server_holds_up_no_other_download),
		BEHIND(no_redirect_leads_from_outside_to_us),
	};
#undef CASE
#undef BEHIND

	return cmocka_run_group_tests(tests, set_up_world, tear_down_world);
}
