/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What .qubesbuilder says of a tree, and the files from elsewhere that it
 * names, with the real judge and gpgv in their jails, and a net role that
 * hands out what lies in a directory.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/prepare_fetch.h"
#include "tests/flow/fake_machine.h"

#define SITE "https://h.example/"
#define FILE_MAX (1024 * 1024)
#define PATH_LEN 256
#define LARGE (64 * 1024 * 1024)

static struct fake_world world;
static const struct release release = { .name = (char *)(uintptr_t)"r4.3" };
static struct component component = {
	.name = (char *)(uintptr_t)"greeting",
	.url = (char *)(uintptr_t)"https://h.example/greeting.git",
};
static int listener = -1;
static pthread_t net;

static void
deed(const char *script)
{
	char whole[8192];

	(void)snprintf(whole, sizeof(whole), "set -eu\ncd %s\n%s",
	    world.directory, script);
	if (system(whole) != 0)
		fail_msg("%s", script);
}

static int
open_in(const char *name)
{
	char path[2 * PATH_LEN];

	(void)snprintf(path, sizeof(path), "%s/%s", world.directory, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* Hands out the file of the URL's last part. */
static void
answer(int sock, const struct msg *question)
{
	struct span in = buf_span(&question->body);
	struct buf bytes = BUF_INIT;
	uint64_t max, have;
	char *url = NULL;
	char name[PATH_LEN + 8];
	uint32_t id;
	struct msg m;
	int fd;

	if (take_u32(&in, &id) != RB_OK || take_u64(&in, &max) != RB_OK ||
	    take_u64(&in, &have) != RB_OK ||
	    take_text(&in, 4096, &url) != RB_OK ||
	    strncmp(url, SITE, sizeof(SITE) - 1) != 0)
		abort();
	url[strcspn(url, "#")] = '\0'; /* as rebuilder-net does */
	(void)snprintf(name, sizeof(name), "site/%s", url + sizeof(SITE) - 1);
	fd = open_in(name);
	if (fd != -1 &&
	    (file_read_fd(fd, FILE_MAX, &bytes) != RB_OK ||
		pwrite(question->fds[0], bytes.p, bytes.len, 0) !=
		    (ssize_t)bytes.len))
		abort();
	msg_init(&m, NET_DONE);
	if (put_u32(&m.body, id) != RB_OK ||
	    put_u8(&m.body, fd == -1 ? NET_ABSENT : NET_OK) != RB_OK ||
	    put_u64(&m.body, bytes.len) != RB_OK ||
	    put_text(&m.body, fd == -1 ? "no such file" : "") != RB_OK ||
	    msg_send(sock, &m) != RB_OK)
		abort();
	msg_clear(&m);
	buf_clear(&bytes);
	fd_close(&fd);
	free(url);
}

static void *
serve(void *arg)
{
	struct msg m;
	int sock;

	(void)arg;
	while ((sock = accept(listener, NULL, NULL)) != -1) {
		msg_init(&m, 0);
		while (msg_recv(sock, &m) == RB_OK) {
			if (m.type == NET_FETCH)
				answer(sock, &m);
			msg_clear(&m);
		}
		msg_clear(&m);
		(void)close(sock);
	}
	return NULL;
}

static void
listen_as_net(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	(void)snprintf(address.sun_path, sizeof(address.sun_path),
	    "%.80s/run/net.sock", world.directory);
	listener = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	assert_true(listener >= 0);
	assert_int_equal(bind(listener, (struct sockaddr *)&address,
			     sizeof(address)),
	    0);
	assert_int_equal(listen(listener, 8), 0);
	assert_int_equal(pthread_create(&net, NULL, serve, NULL), 0);
}

static void
forget_others(void)
{
	struct trip_component *of = &world.trip.of;

	while (of->nothers > 0) {
		of->nothers--;
		free(of->others[of->nothers].name);
		free(of->others[of->nothers].version);
		free(of->others[of->nothers].origin);
	}
	free(of->others);
	of->others = NULL;
}

static void
set_version(const char *version)
{
	free(world.trip.of.tagged.version);
	world.trip.of.tagged.version = strdup(version);
	assert_non_null(world.trip.of.tagged.version);
}

static int
set_up(void **state)
{
	(void)state;
	fake_world_start(&world);
	world.trip.of.release = &release;
	world.trip.of.component = &component;
	world.trip.of.distribution = "vm-bookworm";
	deed("mkdir -m 700 site tree gpg && mkdir tree/keys\n"
	     "export GNUPGHOME=$PWD/gpg LC_ALL=C\n"
	     "for who in alice mallory; do\n"
	     "	gpg --batch --quiet --passphrase '' --quick-generate-key \\\n"
	     "		$who@h.example ed25519 sign never 2>gpg/said ||\n"
	     "		{ cat gpg/said; exit 1; }\n"
	     "	gpg --armor --export $who@h.example >tree/keys/$who.asc\n"
	     "	gpg --export $who@h.example >tree/keys/$who.gpg\n"
	     "done\n"
	     "echo content >site/plain\n"
	     "echo changed >site/changed\n"
	     "echo packed | gzip -n >site/x.tar.gz\n"
	     "echo packed | xz >site/x.tar.xz\n"
	     "for who in alice mallory; do\n"
	     "	for digest in SHA512 SHA1; do\n"
	     "		gpg --batch --quiet --detach-sign -u $who \\\n"
	     "			--digest-algo $digest \\\n"
	     "			-o site/plain.$who.$digest site/plain\n"
	     "	done\n"
	     "done\n"
	     "echo packed | gpg --batch --quiet --detach-sign \\\n"
	     "	-u alice@h.example -o site/packed.sig\n"
	     "head -c 64M /dev/zero >large\n"
	     "gpg --batch --quiet --detach-sign -u alice@h.example \\\n"
	     "	-o site/large.sig large\n"
	     "xz -0 -c large >site/large.tar.xz\n"
	     "rm large\n"
	     "gpgconf --kill all\n"
	     "echo 4.2.8 >tree/version\n"
	     "sha256sum <site/plain | cut -d ' ' -f 1 >tree/plain.sha256\n"
	     "sha512sum <site/plain | cut -d ' ' -f 1 >tree/plain.sha512\n"
	     "echo packed | sha256sum | cut -d ' ' -f 1 >tree/x.sha256\n"
	     "sha256sum site/plain >tree/named.sha256\n"
	     "ln -s plain.sha256 tree/link.sha256\n");
	listen_as_net();
	set_version("");
	return 0;
}

static int
tear_down(void **state)
{
	(void)state;
	forget_others();
	set_version("");
	free(world.trip.of.tagged.version);
	world.trip.of.tagged.version = NULL;
	(void)shutdown(listener, SHUT_RDWR);
	assert_int_equal(pthread_join(net, NULL), 0);
	fd_close(&listener);
	fake_world_stop(&world);
	return 0;
}

/* The plan of a tree with this .qubesbuilder. */
static enum rb_err
read_plan(const char *text, struct plan *plan)
{
	char path[PATH_LEN];
	int fd;

	(void)snprintf(path, sizeof(path), "%s/tree/.qubesbuilder",
	    world.directory);
	fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	assert_int_equal(file_write_fd(fd, span_of_str(text)), RB_OK);
	fd_close(&fd);
	deed("tar -c --format=gnu --sort=name -f tree.tar -C tree "
	     "$(ls -A tree)");
	fd = open_in("tree.tar");
	assert_int_equal(depot_add(world.depot, fd,
			     &world.trip.of.tagged.tree_sha256),
	    RB_OK);
	fd_close(&fd);
	memset(&world.trip.why, 0, sizeof(world.trip.why));
	return plan_read(&world.trip, plan);
}

#define ONE_FILE(rest) \
	"vm: {deb: {build: [debian]}}\nsource: {files: [{" rest "}]}"

static void
refuses_what_the_tree_does_not_have(void **state)
{
	static const struct {
		const char *text, *says;
	} cases[] = {
		{ ONE_FILE("url: '" SITE "plain', sha256: absent"),
		    "no regular file 'absent'" },
		{ ONE_FILE("url: '" SITE "plain', sha256: link.sha256"),
		    "no regular file 'link.sha256'" },
		{ ONE_FILE("url: '" SITE "plain', sha256: keys"),
		    "no regular file 'keys'" },
		{ ONE_FILE("url: '" SITE "plain', sha256: named.sha256"),
		    "does not hold a checksum of 64" },
		{ ONE_FILE("url: '" SITE "plain', sha512: plain.sha256"),
		    "does not hold a checksum of 128" },
		{ ONE_FILE("url: '" SITE "plain', signature: '" SITE
			   "s', pubkeys: [keys/bob.asc]"),
		    "no regular file 'keys/bob.asc'" },
		{ "vm: {deb: {build: [../debian]}}", "not a path" },
	};
	struct plan plan = PLAN_INIT;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(read_plan(cases[i].text, &plan), RB_EREFUSED);
		if (strstr(world.trip.why.text, cases[i].says) == NULL)
			fail_msg("%s: says: %s", cases[i].text,
			    world.trip.why.text);
	}
}

static void
a_tree_without_version_needs_that_of_its_tag(void **state)
{
	struct plan plan = PLAN_INIT;

	(void)state;
	deed("mv tree/version keep");
	assert_int_equal(read_plan("vm: {}", &plan), RB_EREFUSED);
	assert_non_null(strstr(world.trip.why.text, "no file 'version'"));
	set_version("4.2.9");
	assert_int_equal(read_plan("vm: {}", &plan), RB_OK);
	assert_string_equal(plan.version, "4.2.9");
	assert_string_equal(plan.release, "1");
	assert_int_equal(plan.nbuilds, 0);
	plan_clear(&plan);
	set_version("");
	deed("mv keep tree/version");
}

static void
keeps_no_command(void **state)
{
	struct plan plan = PLAN_INIT;

	(void)state;
	assert_int_equal(read_plan("vm: {deb: {build: [debian], source: "
				   "{commands: ['id >/tmp/x']}}}",
			     &plan),
	    RB_OK);
	assert_non_null(strstr(plan.unavailable, "never run"));
	plan_clear(&plan);
	assert_int_equal(read_plan(ONE_FILE("git-url: 'https://h.example/x', "
					    "commit-id: x"),
			     &plan),
	    RB_OK);
	assert_non_null(strstr(plan.unavailable, "git repository"));
	plan_clear(&plan);
}

static enum rb_err
fetch(const char *text)
{
	struct plan plan = PLAN_INIT;
	enum rb_err rc;

	forget_others();
	if (read_plan(text, &plan) != RB_OK)
		fail_msg("%s: %s", text, world.trip.why.text);
	assert_int_equal(plan.nfiles, 1);
	rc = prepare_fetch(&world.trip, &plan);
	plan_clear(&plan);
	return rc;
}

#define BY(who) "signature: '" SITE "plain." who "', pubkeys: [keys/alice.asc]"

static void
takes_no_file_that_the_tree_does_not_name(void **state)
{
	static const struct {
		const char *text;
		enum rb_err rc;
		const char *says;
	} cases[] = {
		{ ONE_FILE("url: '" SITE "changed', sha256: plain.sha256"),
		    RB_EDIGEST, SITE "changed: it does not have the checksum" },
		{ ONE_FILE("url: '" SITE "changed', sha512: plain.sha512"),
		    RB_EDIGEST, "does not have the checksum" },
		{ ONE_FILE("url: '" SITE "absent', sha256: plain.sha256"),
		    RB_ENOTFOUND, "no such file" },
		/* of what is in it, and of itself */
		{ ONE_FILE("url: '" SITE "x.tar.gz', sha256: x.sha256"),
		    RB_EDIGEST, "does not have the checksum" },
		{ ONE_FILE("url: '" SITE "x.tar.xz#/y.tar.gz', uncompress: "
			   "true, sha256: x.sha256"),
		    RB_EREFUSED, "does not decompress with gzip" },
		{ ONE_FILE("url: '" SITE "plain', " BY("mallory.SHA512")),
		    RB_ESIG, "no good signature" },
		{ ONE_FILE("url: '" SITE "plain', " BY("alice.SHA1")), RB_ESIG,
		    "no good signature" },
		{ ONE_FILE("url: '" SITE "plain', signature: '" SITE
			   "plain.alice.SHA512', pubkeys: [keys/alice.asc, "
			   "version]"),
		    RB_EREFUSED,
		    SITE "plain: number 2 of its pubkeys is not one" },
		{ ONE_FILE("url: '" SITE "changed', " BY("alice.SHA512")),
		    RB_ESIG, "no good signature" },
		{ ONE_FILE("url: '" SITE "plain', signature: '" SITE
			   "plain', pubkeys: [keys/alice.asc]"),
		    RB_ESIG, "no good signature" },
		{ ONE_FILE("url: '" SITE "plain', signature: '" SITE
			   "absent', pubkeys: [keys/alice.asc]"),
		    RB_ENOTFOUND, "no such file" },
	};
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		rc = fetch(cases[i].text);
		if (rc != cases[i].rc ||
		    strstr(world.trip.why.text, cases[i].says) == NULL)
			fail_msg("%s: %s: %s", cases[i].text, err_name(rc),
			    world.trip.why.text);
		assert_int_equal(world.trip.of.nothers, 0);
	}
}

static void
takes_the_file_that_the_tree_names(void **state)
{
	static const struct {
		const char *text, *content;
	} cases[] = {
		{ ONE_FILE("url: '" SITE "plain', sha256: plain.sha256"),
		    "content\n" },
		{ ONE_FILE("url: '" SITE "plain#/other', sha512: "
			   "plain.sha512"),
		    "content\n" },
		{ ONE_FILE("url: '" SITE "x.tar.gz', uncompress: true, "
			   "sha256: x.sha256"),
		    "packed\n" },
		{ ONE_FILE("url: '" SITE "x.tar.xz', uncompress: true, "
			   "sha256: x.sha256"),
		    "packed\n" },
		{ ONE_FILE("url: '" SITE "plain', " BY("alice.SHA512")),
		    "content\n" },
		{ ONE_FILE("url: '" SITE "plain', signature: '" SITE
			   "plain.mallory.SHA512', pubkeys: [keys/alice.asc, "
			   "keys/mallory.gpg]"),
		    "content\n" },
		{ ONE_FILE("url: '" SITE "x.tar.xz', uncompress: true, "
			   "signature: '" SITE
			   "packed.sig', pubkeys: [keys/alice.gpg]"),
		    "packed\n" },
	};
	struct buf bytes = BUF_INIT;
	const struct other_input *o;
	size_t i;
	int fd;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		if (fetch(cases[i].text) != RB_OK)
			fail_msg("%s: %s", cases[i].text, world.trip.why.text);
		assert_int_equal(world.trip.of.nothers, 1);
		o = &world.trip.of.others[0];
		assert_string_equal(o->kind, "file");
		assert_int_equal(depot_get(world.depot, &o->sha256, &fd),
		    RB_OK);
		buf_reset(&bytes);
		assert_int_equal(file_read_fd(fd, FILE_MAX, &bytes), RB_OK);
		assert_true(span_equal_str(buf_span(&bytes), cases[i].content));
		assert_int_equal(o->size, bytes.len);
		fd_close(&fd);
	}
	buf_clear(&bytes);
}

/* What this process ever had in memory at once. */
static size_t
peak_kib(void)
{
	struct rusage usage;

	assert_int_equal(getrusage(RUSAGE_SELF, &usage), 0);
	return (size_t)usage.ru_maxrss;
}

static void
holds_no_file_in_memory(void **state)
{
	const size_t before = peak_kib();

	(void)state;
	if (fetch(ONE_FILE("url: '" SITE "large.tar.xz', uncompress: true, "
			   "signature: '" SITE
			   "large.sig', pubkeys: [keys/alice.gpg]")) != RB_OK)
		fail_msg("%s", world.trip.why.text);
	assert_int_equal(world.trip.of.others[0].size, LARGE);
	assert_true(peak_kib() - before < LARGE / 1024 / 2);
}

static enum rb_err
read_with_submodule(const char *path, const char *text, struct plan *plan)
{
	struct tag_submodule sub = { (char *)(uintptr_t)path,
		"0123456789012345678901234567890123456789" };
	enum rb_err rc;

	world.trip.of.tagged.submodules = &sub;
	world.trip.of.tagged.nsubmodules = 1;
	rc = read_plan(text, plan);
	world.trip.of.tagged.submodules = NULL;
	world.trip.of.tagged.nsubmodules = 0;
	return rc;
}

static void
wants_every_submodule_that_a_clone_has(void **state)
{
	static const struct {
		const char *path, *text, *says;
	} refused[] = {
		{ "other", "vm: {deb: {build: [debian]}}",
		    "does not say where the repository of submodule 'other'" },
		{ "a b", "vm: {deb: {build: [debian]}}",
		    "submodule 'a b': this path cannot be prepared" },
		{ "lib",
		    "vm: {deb: {build: [debian]}}\n"
		    "source: {modules: [other]}",
		    "names 'other', which is no submodule" },
	};
	struct plan plan = PLAN_INIT;
	size_t i;

	(void)state;
	deed("printf '[submodule \"a\"]\\n\\tpath = lib\\n\\turl = "
	     "../lib\\n' >tree/.gitmodules");
	for (i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
		if (read_with_submodule(refused[i].path, refused[i].text,
			&plan) != RB_EREFUSED ||
		    strstr(world.trip.why.text, refused[i].says) == NULL)
			fail_msg("%s: %s", refused[i].path,
			    world.trip.why.text);
	}
	/* Whether .qubesbuilder names it or not. */
	assert_int_equal(read_with_submodule("lib",
			     "vm: {deb: {build: [debian]}}", &plan),
	    RB_OK);
	assert_int_equal(plan.nmodules, 1);
	assert_string_equal(plan.modules[0].path, "lib");
	assert_string_equal(plan.modules[0].url, "https://h.example/lib");
	plan_clear(&plan);
	/* Where nothing is built nothing is wanted. */
	assert_int_equal(read_with_submodule("a b", "vm: {}", &plan), RB_OK);
	assert_int_equal(plan.nmodules, 0);
	plan_clear(&plan);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_what_the_tree_does_not_have),
		cmocka_unit_test(a_tree_without_version_needs_that_of_its_tag),
		cmocka_unit_test(keeps_no_command),
		cmocka_unit_test(takes_no_file_that_the_tree_does_not_name),
		cmocka_unit_test(takes_the_file_that_the_tree_names),
		cmocka_unit_test(holds_no_file_in_memory),
		cmocka_unit_test(wants_every_submodule_that_a_clone_has),
	};

	note_open("test_prepare_fetch");
	return cmocka_run_group_tests(tests, set_up, tear_down);
}
