/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The real rebuilder-net, in its jail, and git's own server. */
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
#include "tests/flow/git_world.h"
#include "tests/flow/net_talk.h"

#define PACK_MAX (1024 * 1024)
#define MANY 3000

static struct {
	struct git_world world;
	struct net_talk talk;
	char url[128];
} fix;

static int
set_up_world(void **state)
{
	(void)state;
	git_world_start(&fix.world);
	(void)snprintf(fix.url, sizeof(fix.url), "http://127.0.0.1:%u/one.git",
	    fix.world.port);
	return 0;
}

static int
tear_down_world(void **state)
{
	(void)state;
	git_world_stop(&fix.world);
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
tear_down(void **state)
{
	(void)state;
	assert_int_equal(net_talk_end(&fix.talk), 0);
	return 0;
}

#define REFS(...) ((const char *const[]){ __VA_ARGS__, NULL })

static struct done
pack(const char *url, const char *const *refs, uint64_t max, int *fd)
{
	*fd = memfd_create("pack", 0);
	assert_true(*fd >= 0);
	net_talk_pack(&fix.talk, 9, url, max, refs, *fd);
	return net_talk_done(&fix.talk);
}

static void
expect_pack(const char *url, const char *const *refs, uint64_t max,
    const char *name)
{
	char args[128], id[64];
	struct done d;
	uint64_t size;
	int fd;

	d = pack(url, refs, max, &fd);
	if (d.outcome != NET_OK)
		fail_msg("%u: %s", d.outcome, d.detail);
	assert_int_equal(d.id, 9);
	assert_string_equal(d.detail, "");
	assert_int_equal(file_size(fd, &size), RB_OK);
	assert_int_equal(d.len, size);
	(void)snprintf(args, sizeof(args), "rev-parse %s", name);
	git_world_ask(&fix.world, args, id, sizeof(id));
	assert_true(git_world_accepts(&fix.world, fd, id));
	fd_close(&fd);
}

static void
brings_what_a_reference_leads_to(void **state)
{
	char slashes[256];

	(void)state;
	expect_pack(fix.url, REFS("refs/tags/v1"), PACK_MAX, "v1");
	expect_pack(fix.url, REFS("refs/tags/v1", "refs/tags/v2"), PACK_MAX,
	    "v2");
	expect_pack(fix.url, REFS("refs/tags/light"), PACK_MAX, "light");
	expect_pack(fix.url, REFS("refs/heads/master"), PACK_MAX, "master");
	expect_pack(fix.url, REFS("HEAD"), PACK_MAX, "master");
	/* More than any buffer. */
	expect_pack(fix.url, REFS("refs/heads/big"), 8 * PACK_MAX, "big");
	(void)snprintf(slashes, sizeof(slashes), "%s//", fix.url);
	expect_pack(slashes, REFS("refs/tags/v1"), PACK_MAX, "v1");
}

/* core-agent-linux of Qubes has more than a thousand tags. */
static void
brings_what_thousands_of_references_lead_to(void **state)
{
	const char *refs[MANY + 1];
	size_t i;

	(void)state;
	for (i = 0; i < MANY; i++)
		refs[i] = i % 2 == 0 ? "refs/tags/v1" : "refs/tags/v2";
	refs[MANY] = NULL;
	expect_pack(fix.url, refs, PACK_MAX, "v2");
}

static void
brings_an_object_by_its_id(void **state)
{
	char id[64];

	(void)state;
	git_world_ask(&fix.world, "rev-parse v2", id, sizeof(id));
	expect_pack(fix.url, REFS(id), PACK_MAX, "v2");
}

static void
refuses_what_it_cannot_bring(void **state)
{
	static const char id[] = "0123456789012345678901234567890123456789";
	static const struct {
		const char *url;
		const char *ref;
		uint64_t max;
		uint8_t outcome;
		const char *sentence;
	} list[] = {
		{ "", "refs/tags/v3", PACK_MAX, NET_ABSENT, "no refs/tags/v3" },
		{ "", "v1", PACK_MAX, NET_FORBIDDEN, "no name" },
		{ "", "refs/tags/*", PACK_MAX, NET_FORBIDDEN, "no name" },
		{ "", "refs/tags/v1^{}", PACK_MAX, NET_FORBIDDEN, "no name" },
		{ "", "refs/tags/v1:refs/x", PACK_MAX, NET_FORBIDDEN,
		    "no name" },
		{ "", "", PACK_MAX, NET_FORBIDDEN, "no name" },
		{ "", id, PACK_MAX, NET_FAILED, "asking for the pack" },
		{ "", "refs/heads/big", PACK_MAX, NET_TOO_LARGE,
		    "more than the 1048576" },
		{ "", "refs/tags/v1", 10, NET_TOO_LARGE, "more than the 10" },
		{ "/no", "refs/tags/v1", PACK_MAX, NET_ABSENT, "(404)" },
		{ "?x", "refs/tags/v1", PACK_MAX, NET_FORBIDDEN, "no ?" },
		{ "git://127.0.0.1/one.git", "HEAD", PACK_MAX, NET_FORBIDDEN,
		    "https:// URL" },
		{ "ssh://127.0.0.1/one.git", "HEAD", PACK_MAX, NET_FORBIDDEN,
		    "https:// URL" },
		{ "git@127.0.0.1:one.git", "HEAD", PACK_MAX, NET_FORBIDDEN,
		    "https:// URL" },
		{ "one.git:", "HEAD", PACK_MAX, NET_FORBIDDEN, "https:// URL" },
		{ "file:///tmp/one.git", "HEAD", PACK_MAX, NET_FORBIDDEN,
		    "http" },
		{ "http://a:b@127.0.0.1/one.git", "HEAD", PACK_MAX,
		    NET_FORBIDDEN, "user" },
	};
	char url[256];
	struct done d;
	uint64_t size;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		(void)snprintf(url, sizeof(url), "%s%s",
		    strchr(list[i].url, ':') == NULL ? fix.url : "",
		    list[i].url);
		d = pack(url, REFS(list[i].ref), list[i].max, &fd);
		if (d.outcome != list[i].outcome ||
		    strstr(d.detail, list[i].sentence) == NULL)
			fail_msg("%s %s: %u: %s", url, list[i].ref, d.outcome,
			    d.detail);
		assert_int_equal(file_size(fd, &size), RB_OK);
		assert_true(size <= list[i].max);
		fd_close(&fd);
	}
}

int
main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		CASE(brings_what_a_reference_leads_to),
		CASE(brings_what_thousands_of_references_lead_to),
		CASE(brings_an_object_by_its_id),
		CASE(refuses_what_it_cannot_bring),
	};
#undef CASE

	return cmocka_run_group_tests(tests, set_up_world, tear_down_world);
}
