/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real rebuilder-net where a SOCKS proxy is the only way out, and every
 * packet that takes another one is seen.
 */
#include <poll.h>
#include <setjmp.h>
#include <signal.h>
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
#include "tests/flow/git_world.h"
#include "tests/flow/net_talk.h"
#include "tests/flow/socks_proxy.h"
#include "tests/flow/wire.h"
#include "tests/unit/hostile_http.h"

#define PACK_MAX (8 * 1024 * 1024)
#define VISITS_MAX 32

static struct {
	struct hostile_http server;
	struct git_world git;
	struct wire wire;
	struct socks_proxy proxy;
	struct net_talk talk;
} fix;

static int
set_up_world(void **state)
{
	(void)state;
	hostile_http_start(&fix.server);
	git_world_start(&fix.git);
	return 0;
}

static int
tear_down_world(void **state)
{
	(void)state;
	git_world_stop(&fix.git);
	hostile_http_stop(&fix.server);
	return 0;
}

static int
set_up(void **state)
{
	char proxy[64];

	(void)state;
	wire_enter(&fix.wire);
	socks_proxy_start(&fix.proxy, fix.wire.outer);
	net_talk_start(&fix.talk);
	(void)snprintf(proxy, sizeof(proxy), "socks5h://127.0.0.1:%u",
	    fix.proxy.port);
	net_talk_setup(&fix.talk, proxy);
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	assert_int_equal(net_talk_end(&fix.talk), 0);
	socks_proxy_stop(&fix.proxy);
	wire_leave(&fix.wire);
	return 0;
}

static struct done
fetch(const char *host, const char *path)
{
	int fd = memfd_create("file", MFD_CLOEXEC);
	struct done d;
	char url[256];

	(void)snprintf(url, sizeof(url), "http://%s:%u%s", host,
	    fix.server.port, path);
	net_talk_fetch(&fix.talk, 1, url, HOSTILE_LEN, 0, fd);
	d = net_talk_done(&fix.talk);
	fd_close(&fd);
	return d;
}

static struct done
pack(const char *host, const char *ref)
{
	const char *const refs[] = { ref, NULL };
	int fd = memfd_create("pack", MFD_CLOEXEC);
	struct done d;
	char url[256];

	(void)snprintf(url, sizeof(url), "http://%s:%u/one.git", host,
	    fix.git.port);
	net_talk_pack(&fix.talk, 2, url, PACK_MAX, refs, fd);
	d = net_talk_done(&fix.talk);
	fd_close(&fd);
	return d;
}

static void
expect_nothing_around(void)
{
	char first[128] = "";
	unsigned int n = wire_strangers(&fix.wire, fix.proxy.port, first);

	if (n != 0)
		fail_msg("%u packets around the proxy: %s", n, first);
}

static void
expect_visit(const char *kind, const char *host)
{
	struct socks_visit v;

	assert_int_equal(socks_proxy_next(&fix.proxy, &v), 1);
	assert_string_equal(v.kind, kind);
	assert_string_equal(v.host, host);
}

static void
expect_no_visit(void)
{
	struct socks_visit v;

	assert_int_equal(socks_proxy_next(&fix.proxy, &v), 0);
}

/* Else the other tests would show nothing. */
static void
would_see_what_goes_around(void **state)
{
	static const char *const urls[] = { "http://198.51.100.1/",
		"http://[2001:db8::1]/", "http://mirror.test/" };
	int fd = memfd_create("file", MFD_CLOEXEC);
	struct pollfd tap = { fix.wire.tap, POLLIN, 0 };
	char first[128];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(urls) / sizeof(urls[0]); i++) {
		(void)kill(fix.talk.net.pid, SIGKILL);
		(void)run_role_end(&fix.talk.net);
		net_talk_again(&fix.talk);
		(void)wire_strangers(&fix.wire, fix.proxy.port, first);
		net_talk_setup(&fix.talk, "");
		net_talk_fetch(&fix.talk, 1, urls[i], 10, 0, fd);
		assert_int_equal(poll(&tap, 1, 30000), 1);
		assert_true(
		    wire_strangers(&fix.wire, fix.proxy.port, first) > 0);
	}
	(void)kill(fix.talk.net.pid, SIGKILL);
	(void)run_role_end(&fix.talk.net);
	net_talk_again(&fix.talk);
	fd_close(&fd);
}

static void
downloads_go_through_the_proxy_alone(void **state)
{
	(void)state;
	assert_int_equal(fetch("mirror.test", "/ok").outcome, NET_OK);
	expect_visit("name", "mirror.test");
	assert_int_equal(fetch("localhost.test", "/404").outcome, NET_ABSENT);
	expect_visit("name", "localhost.test");
	assert_int_equal(fetch("198.51.100.1", "/ok").outcome, NET_OK);
	expect_visit("address", "198.51.100.1");
	/* Each request of a redirect too. */
	assert_int_equal(fetch("mirror.test", "/redirect").outcome, NET_OK);
	expect_visit("name", "mirror.test");
	expect_visit("name", "mirror.test");
	expect_no_visit();
	expect_nothing_around();
}

static void
packs_go_through_the_proxy_alone(void **state)
{
	struct done d = pack("git.test", "refs/heads/big");

	(void)state;
	if (d.outcome != NET_OK)
		fail_msg("%s", d.detail);
	assert_true(d.len > 3 * 1024 * 1024);
	expect_visit("name", "git.test");
	expect_no_visit(); /* both requests by one connection */
	assert_int_equal(pack("198.51.100.2", "refs/tags/v1").outcome, NET_OK);
	expect_visit("address", "198.51.100.2");
	expect_no_visit();
	expect_nothing_around();
}

static void
a_proxy_that_fails_is_not_gone_around(void **state)
{
	(void)state;
	assert_int_equal(fetch("absent.test", "/ok").outcome, NET_FAILED);
	assert_int_equal(pack("absent.test", "HEAD").outcome, NET_FAILED);
	expect_visit("name", "absent.test");
	expect_visit("name", "absent.test");
	(void)kill(fix.proxy.pid, SIGKILL);
	/* The kernel resets what comes for it from now on. */
	while (fetch("mirror.test", "/ok").outcome == NET_OK)
		continue;
	assert_int_equal(fetch("mirror.test", "/ok").outcome, NET_FAILED);
	assert_int_equal(pack("git.test", "HEAD").outcome, NET_FAILED);
	expect_nothing_around();
}

static void
expect_fresh(struct socks_visit *seen, size_t n)
{
	const struct socks_visit *last = &seen[n];
	size_t i;

	assert_int_equal(strlen(last->user), 32);
	assert_int_equal(strlen(last->password), 32);
	for (i = 0; i < n; i++) {
		assert_string_not_equal(seen[i].user, last->user);
		assert_string_not_equal(seen[i].password, last->password);
	}
}

/* Many at once to one host: whoever kept a connection would keep its name. */
static void
each_download_has_an_identity_of_its_own(void **state)
{
	static struct socks_visit seen[VISITS_MAX];
	const char *const refs[] = { "refs/tags/v1", NULL };
	char file[128], repository[128];
	int fd[12];
	size_t i, n = 0;
	struct done d;

	(void)state;
	/* This server would keep connections. */
	(void)snprintf(file, sizeof(file),
	    "http://git.test:%u/one.git/info/refs?service=git-upload-pack",
	    fix.git.port);
	(void)snprintf(repository, sizeof(repository),
	    "http://git.test:%u/one.git", fix.git.port);
	for (i = 0; i < 12; i++) {
		fd[i] = memfd_create("file", MFD_CLOEXEC);
		if (i % 3 == 0)
			net_talk_pack(&fix.talk, (uint32_t)i, repository,
			    PACK_MAX, refs, fd[i]);
		else
			net_talk_fetch(&fix.talk, (uint32_t)i, file, PACK_MAX,
			    0, fd[i]);
	}
	for (i = 0; i < 12; i++) {
		d = net_talk_done(&fix.talk);
		if (d.outcome != NET_OK)
			fail_msg("%u: %s", d.id, d.detail);
		fd_close(&fd[d.id]);
	}
	for (; n < VISITS_MAX && socks_proxy_next(&fix.proxy, &seen[n]) != 0;
	    n++)
		expect_fresh(seen, n);
	assert_int_equal(n, 12);
	expect_nothing_around();
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(would_see_what_goes_around),
		CASE(downloads_go_through_the_proxy_alone),
		CASE(packs_go_through_the_proxy_alone),
		CASE(a_proxy_that_fails_is_not_gone_around),
		CASE(each_download_has_an_identity_of_its_own),
	};
#undef CASE

	return cmocka_run_group_tests(tests, set_up_world, tear_down_world);
}
