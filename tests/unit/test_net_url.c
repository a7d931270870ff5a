/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "rebuilder/net/net_url.h"

static void
refuses_what_is_not_fetched(void **state)
{
	static const struct {
		const char *why, *url;
	} cases[] = {
		{ "nothing", "" },
		{ "no scheme", "mirror.example/x" },
		{ "no host", "http://?x" },
		{ "file", "file:///etc/passwd" },
		{ "ftp", "ftp://mirror.example/x" },
		{ "scheme that only starts so", "httpx://mirror.example/x" },
		{ "javascript", "javascript:alert(1)" },
		{ "user", "http://user@mirror.example/x" },
		{ "user and password", "https://u:p@mirror.example/x" },
		{ "empty user with a password", "http://:p@mirror.example/x" },
		{ "blank", "http://mirror.example/a b" },
		{ "line feed", "http://mirror.example/\nHost: x" },
		{ "byte outside ASCII", "http://mirror.example/\xc3\xa9" },
		{ "host that hides a byte", "http://mirror%00.example/" },
		{ "host that hides another byte", "http://m%dd.example/" },
		{ "host that hides a percent", "http://m%2541.example/" },
		{ "port that is none", "http://mirror.example:99999/" },
	};
	struct net_url u = NET_URL_INIT;
	char longest[NET_URL_MAX + 64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct fault why = FAULT_INIT;

		if (net_url_parse(cases[i].url, &u, &why) != RB_EREFUSED)
			fail_msg("accepted: %s", cases[i].why);
		assert_string_not_equal(why.text, "");
		assert_null(u.text);
	}
	(void)strcpy(longest, "http://mirror.example/");
	memset(longest + strlen(longest), 'a', NET_URL_MAX);
	longest[NET_URL_MAX + 1] = '\0';
	assert_int_equal(net_url_parse(longest, &u, NULL), RB_EREFUSED);
}

static void
places_count_scheme_host_and_port(void **state)
{
	struct net_url u = NET_URL_INIT;

	(void)state;
	assert_int_equal(net_url_parse("HTTP://Mirror.example/a%20b?c#d", &u,
			     NULL),
	    RB_OK);
	assert_string_equal(u.place, "http://Mirror.example:80");
	assert_null(strchr(u.text, '#'));
	assert_false(u.is_https);
	assert_false(u.is_literal);
	net_url_clear(&u);
	assert_int_equal(net_url_parse("https://mirror.example:444/", &u, NULL),
	    RB_OK);
	assert_string_equal(u.place, "https://mirror.example:444");
	assert_true(u.is_https);
	net_url_clear(&u);
	net_url_clear(&u);
}

static void
knows_how_far_an_address_is(void **state)
{
	static const struct {
		const char *address;
		enum reach reach;
	} cases[] = {
		{ "127.0.0.1", REACH_HOST },
		{ "127.255.255.254", REACH_HOST },
		{ "0.0.0.0", REACH_HOST },
		{ "0.1.2.3", REACH_HOST },
		{ "::1", REACH_HOST },
		{ "::", REACH_HOST },
		{ "::127.0.0.1", REACH_HOST },
		{ "::ffff:127.0.0.1", REACH_HOST },
		{ "64:ff9b::7f00:1", REACH_HOST },
		{ "2002:7f00:1::", REACH_HOST },
		{ "10.0.0.1", REACH_PRIVATE },
		{ "100.64.0.1", REACH_PRIVATE },
		{ "100.127.255.255", REACH_PRIVATE },
		{ "169.254.169.254", REACH_PRIVATE },
		{ "172.16.0.1", REACH_PRIVATE },
		{ "172.31.255.255", REACH_PRIVATE },
		{ "192.168.0.1", REACH_PRIVATE },
		{ "198.19.0.1", REACH_PRIVATE },
		{ "224.0.0.1", REACH_PRIVATE },
		{ "255.255.255.255", REACH_PRIVATE },
		{ "fe80::1", REACH_PRIVATE },
		{ "fe80::1%eth0", REACH_PRIVATE },
		{ "fec0::1", REACH_PRIVATE },
		{ "fd00::1", REACH_PRIVATE },
		{ "ff02::1", REACH_PRIVATE },
		{ "::ffff:10.0.0.1", REACH_PRIVATE },
		{ "64:ff9b:1::a00:1", REACH_PRIVATE },
		{ "128.0.0.1", REACH_WORLD },
		{ "100.128.0.1", REACH_WORLD },
		{ "172.32.0.1", REACH_WORLD },
		{ "192.169.0.1", REACH_WORLD },
		{ "::ffff:151.101.2.132", REACH_WORLD },
		{ "2a04:4e42::644", REACH_WORLD },
	};
	static const char *const bad[] = { "", "localhost", "1.2.3",
		"1.2.3.4.5", "0127.0.0.1", "[::1]", "::1::", "1.2.3.4 " };
	enum reach reach;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(reach_parse(cases[i].address, &reach), RB_OK);
		if (reach != cases[i].reach)
			fail_msg("wrong about %s", cases[i].address);
	}
	for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(reach_parse(bad[i], &reach), RB_EFORMAT);
}

/* Whether a server of this reach may redirect so. */
static bool
may_redirect(const char *from, enum reach reach, const char *to)
{
	struct net_url a = NET_URL_INIT, b = NET_URL_INIT;
	struct fault why = FAULT_INIT;
	enum rb_err rc;

	assert_int_equal(net_url_parse(from, &a, NULL), RB_OK);
	assert_int_equal(net_url_parse(to, &b, NULL), RB_OK);
	rc = net_url_check_redirect(&a, reach, &b, &why);
	assert_true(rc == RB_OK || rc == RB_EREFUSED);
	assert_int_equal(why.text[0] == '\0', rc == RB_OK);
	net_url_clear(&a);
	net_url_clear(&b);
	return rc == RB_OK;
}

static void
redirects_do_not_lead_inwards(void **state)
{
	static const char *const here[] = { "http://127.0.0.1/",
		"http://127.1/", "http://0x7f.1/", "http://017700000001/",
		"http://2130706433/", "http://[::1]/",
		"http://[::ffff:127.0.0.1]/", "http://0/", "http://localhost/",
		"http://LOCALHOST/", "http://localhost./",
		"http://a.localhost/", "http://127.0.0.1:8080/" };
	static const char *const near[] = { "http://10.1.2.3/",
		"http://192.168.1.1/", "http://[fe80::1]/", "http://[fd00::1]/",
		"http://169.254.169.254/latest/meta-data" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(here) / sizeof(here[0]); i++) {
		if (may_redirect("http://m.example/", REACH_WORLD, here[i]) ||
		    may_redirect("http://m.example/", REACH_PRIVATE, here[i]))
			fail_msg("followed to %s", here[i]);
		assert_true(
		    may_redirect("http://localhost/", REACH_HOST, here[i]));
	}
	for (i = 0; i < sizeof(near) / sizeof(near[0]); i++) {
		if (may_redirect("http://m.example/", REACH_WORLD, near[i]))
			fail_msg("followed to %s", near[i]);
		assert_true(
		    may_redirect("http://m.example/", REACH_PRIVATE, near[i]));
	}
	assert_true(may_redirect("http://m.example/", REACH_WORLD,
	    "http://notlocalhost/"));
	assert_true(
	    may_redirect("http://m.example/", REACH_WORLD, "http://8.8.8.8/"));
}

static void
redirects_do_not_lead_out_of_https(void **state)
{
	(void)state;
	assert_false(may_redirect("https://m.example/", REACH_WORLD,
	    "http://m.example/"));
	assert_true(may_redirect("https://m.example/", REACH_WORLD,
	    "https://other.example/"));
	assert_true(may_redirect("http://m.example/", REACH_WORLD,
	    "https://m.example/"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_is_not_fetched),
		cmocka_unit_test(places_count_scheme_host_and_port),
		cmocka_unit_test(knows_how_far_an_address_is),
		cmocka_unit_test(redirects_do_not_lead_inwards),
		cmocka_unit_test(redirects_do_not_lead_out_of_https),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
