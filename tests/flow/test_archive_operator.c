/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an operator asks of a node that runs, and what a hostile one might. */
#include "tests/flow/archive_world.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"

static void
has(const struct said *it, int status, const char *words)
{
	if (it->status != status || strstr(it->text, words) == NULL)
		fail_msg("status %d, and no '%s': %d, %s", status, words,
		    it->status, it->text);
}

/* Too large for the stacks of many. */
static struct said said;

static void
says(const char *app, const char *rest, int status, const char *words)
{
	said = archive_node(app, rest);
	has(&said, status, words);
}

static int
connect_admin(void)
{
	struct sockaddr_un a;
	int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

	memset(&a, 0, sizeof(a));
	a.sun_family = AF_UNIX;
	(void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/node/run/admin.sock",
	    archive_world.directory);
	assert_int_equal(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	return fd;
}

/* Sends a frame and wants a refusal, or nothing but the end. */
static void
is_refused(const struct msg *m)
{
	struct msg answer;
	int fd = connect_admin();
	enum rb_err rc;

	assert_int_equal(msg_send(fd, m), RB_OK);
	msg_init(&answer, 0);
	rc = msg_recv(fd, &answer);
	if (rc == RB_OK)
		assert_int_equal(answer.type, FRAME_REFUSED);
	else
		assert_int_equal(rc, RB_EPEER);
	msg_clear(&answer);
	fd_close(&fd);
}

static void
refuses_wrong_frames_and_lives_on(void **state)
{
	static const struct {
		uint16_t type;
		struct span body;
	} frames[] = {
		{ 0, { NULL, 0 } },
		{ ADMIN_REBUILD, { NULL, 0 } },
		/* 65535 targets, and none follows. */
		{ ADMIN_REBUILD, { (const uint8_t *)"\0\5\377\377", 4 } },
		/* Priority 10; again 2. */
		{ ADMIN_REBUILD, { (const uint8_t *)"\0\12\0\0", 4 } },
		{ ADMIN_REBUILD, { (const uint8_t *)"\2\5\0\0", 4 } },
		/* A target with a line end. */
		{ ADMIN_REBUILD,
		    { (const uint8_t *)"\0\5\0\1\0\0\0\5deb:\n", 13 } },
		{ ADMIN_STATUS, { (const uint8_t *)"x", 1 } },
		{ ADMIN_PAUSE, { (const uint8_t *)"\2", 1 } },
		{ ADMIN_PAUSE, { NULL, 0 } },
		{ ADMIN_RETRY, { (const uint8_t *)"\0", 1 } },
		{ ADMIN_CANCEL,
		    { (const uint8_t *)"\0\1\377\377\377\377", 6 } },
		{ ADMIN_WHY, { NULL, 0 } },
		{ ADMIN_LOG, { (const uint8_t *)"\0\0\0\1x", 5 } },
		{ ADMIN_FILE, { (const uint8_t *)"\7\0\0\0\1x", 6 } },
		{ ADMIN_POLL, { (const uint8_t *)"x", 1 } },
		{ ADMIN_SAID, { NULL, 0 } },
		{ ADMIN_STATUS_IS, { NULL, 0 } },
		{ 0xffff, { NULL, 0 } },
	};
	struct msg m;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(frames) / sizeof(frames[0]); i++) {
		msg_init(&m, frames[i].type);
		assert_int_equal(buf_put(&m.body, frames[i].body), RB_OK);
		is_refused(&m);
		msg_clear(&m);
	}
	/* A descriptor that nobody asked for. */
	msg_init(&m, ADMIN_STATUS);
	assert_int_equal(msg_add_fd(&m, open("/dev/null", O_RDONLY)), RB_OK);
	is_refused(&m);
	msg_clear(&m);
	says("status", "", 0, "works");
}

/* More than it listens to at once, each of them silent. */
static void
who_says_nothing_keeps_nobody_waiting(void **state)
{
	int fds[24];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		fds[i] = connect_admin();
	says("status", "", 0, "works");
	/* And who says much is heard once. */
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		struct msg m;
		int k;

		msg_init(&m, ADMIN_STATUS);
		for (k = 0; k < 100 && msg_send(fds[i], &m) == RB_OK; k++)
			;
		msg_clear(&m);
	}
	says("queue", "--json", 0, "");
	for (i = 0; i < sizeof(fds) / sizeof(fds[0]); i++)
		fd_close(&fds[i]);
}

/* The store is counted by and by. */
static void
shows_what_the_store_holds(void)
{
	int i;

	for (i = 0; i < 150; i++) {
		said = archive_node("status", "");
		if (strstr(said.text, "store ") != NULL &&
		    strstr(said.text, " 0 files") == NULL)
			return;
		(void)poll(NULL, 0, 100);
	}
	fail_msg("the store stays empty: %s", said.text);
}

static void
shows_what_became_of_a_job(void **state)
{
	(void)state;
	says("why", "deb:tiny", 2, "no such job");
	says("log", "deb:tiny", 2, "neither a target nor a leaf");
	archive_is_well();
	says("queue", "", 0, "nothing runs or waits; queue --all");
	says("queue", "--all", 0, "tried: 1 unavailable");
	says("queue", "--all --json", 0, "\"outcome\":\"tried\"");
	says("why", "deb:tiny", 0, "its build dependencies cannot be met");
	says("why", "--json deb:tiny", 0, "\"unavailable\":1");
	says("status", "--json", 0, "\"unavailable\":1");
	shows_what_the_store_holds();
	/* What apt said in the machine, by target, leaf and digest. */
	says("log", "deb:tiny", 0, "file:/inputs/files");
	says("log", "-f deb:tiny", 0, "file:/inputs/files");
	says("log", "0", 0, "file:/inputs/files");
	says("log", archive_world.published, 0, "file:/inputs/files");
	says("log", "1", 2, "the log has 1 so far");
	says("diff", "0", 2, "nothing to compare");
	says("diff", "deb:tiny", 0, "no difference: 0 of 1 files reproduced");
	says("why", "deb:tiny", 0, "leaf 0");
	says("why", "deb:tiny", 0, "qubes-rebuilder log deb:tiny");
	says("why", "tiny", 2, "there is deb:tiny: say that");
	says("log", "tiny", 2, "there is deb:tiny: say that");
	says("diff", "tiny", 2, "there is deb:tiny: say that");
	says("cancel", "tiny", 2, "there is deb:tiny: say that");
	says("inputs", "deb:tiny", 2, "has no input list");
	says("inputs", "nothing", 2, "neither a target");
	says("poll", "", 2, "watches no release");
	said = archive_node("inputs diff", "/dev/null /dev/null");
	has(&said, 0, "");
}

static void
a_paused_node_begins_nothing(void **state)
{
	(void)state;
	says("pause", "", 0, "");
	says("status", "", 0, "paused");
	said = archive_ask("exec 2>&1; timeout 2 '%s/qubes-rebuilder' rebuild "
			   "-c %s/node/node.yml --again --priority 9 deb:tiny",
	    getenv("RB_BIN"), archive_world.directory);
	has(&said, 124, "");
	says("queue", "", 0, "waiting");
	says("why", "deb:tiny", 0, "is paused");
	says("retry", "deb:tiny", 2, "is waiting already");
	/* Not even after a restart. */
	archive_serve_end();
	archive_serve();
	says("status", "", 0, "paused");
	says("queue", "--json", 0, "\"priority\":9");
	says("cancel", "deb:tiny", 0, "1 job cancelled");
	says("cancel", "deb:tiny", 2, "no job to cancel");
	says("resume", "", 0, "");
	says("why", "deb:tiny", 0, "cancelled");
	archive_is_well();
}

/* A mirror that hangs holds a job; cancel ends it all the same. */
static void
cancel_ends_a_job_that_hangs(void **state)
{
	(void)state;
	archive_depot_empty();
	mirror_behave(&archive_world.mirror, MANNER_HANG, "InRelease", "");
	said = archive_ask(
	    "exec 2>&1; cd '%s'; q='%s/qubes-rebuilder';\n"
	    "$q rebuild -c node/node.yml --json deb:tiny & job=$!\n"
	    "until $q queue -c node/node.yml | grep -q running; do :; done\n"
	    "$q cancel -c node/node.yml deb:tiny; wait $job; echo ended $?",
	    archive_world.directory, getenv("RB_BIN"));
	has(&said, 0, "cancelled by an operator");
	has(&said, 0, "ended 2");
	archive_is_well();
}

static void
tells_how_to_call_it(void **state)
{
	static const char *const apps[] = { "status", "queue", "why", "retry",
		"cancel", "pause", "resume", "log", "diff", "inputs",
		"inputs diff", "poll", "policy" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(apps) / sizeof(apps[0]); i++) {
		said = archive_ask("exec 2>&1; '%s/qubes-rebuilder' %s --help",
		    getenv("RB_BIN"), apps[i]);
		has(&said, 0, "usage: qubes-rebuilder");
		has(&said, 0, "default: /var/lib/qubes-rebuilder/node.yml");
		says(apps[i], "--nonsense", 2, "usage:");
		says(apps[i], "a b c d", 2, "");
	}
	says("why", "--help", 0, "deb:SOURCE=VERSION");
	says("status", "a", 2, "\"a\" is one word too many");
	says("why", "", 2, "a word is missing");
	says("status", "--all", 2, "takes no such option");
	says("rebuild", "--priority 10 deb:tiny", 2, "from 0 to 9");
	said = archive_ask("exec 2>&1; '%s/qubes-rebuilder' -c x status",
	    getenv("RB_BIN"));
	has(&said, 2, "options stand behind it");
}

/* Others can trust a node by what it prints, as it stands. */
static void
prints_a_policy_that_is_one(void **state)
{
	const char *const command =
	    "cd %s && '%s/qubes-rebuilder' policy -c node/node.yml %s >trust "
	    "&& exec '%s/qubes-quorum' policy check trust 2>&1";
	const char *const bin = getenv("RB_BIN");

	(void)state;
	said = archive_ask(command, archive_world.directory, bin, "", bin);
	has(&said, 0, " at http://127.0.0.1:");
	said = archive_ask(command, archive_world.directory, bin,
	    "https://node.example/there", bin);
	has(&said, 0, " at https://node.example/there");
	says("policy", "node.example 2>&1", 2, "is no address");
}

#define TEST(f) cmocka_unit_test_setup(f, archive_world_check)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(refuses_wrong_frames_and_lives_on),
		TEST(who_says_nothing_keeps_nobody_waiting),
		TEST(shows_what_became_of_a_job),
		TEST(a_paused_node_begins_nothing),
		TEST(cancel_ends_a_job_that_hangs),
		TEST(tells_how_to_call_it),
		TEST(prints_a_policy_that_is_one),
	};

	return cmocka_run_group_tests(tests, archive_world_start,
	    archive_world_stop);
}
