/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What those who listen to jobs are told, and what they cannot hold up. */
#include "tests/unit/jobs_world.h"

#include <fcntl.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/msg.h"

/* A socket that is full, whose reader never reads. */
static void
who_does_not_listen_holds_nobody_up(void **state)
{
	struct fault why = FAULT_INIT;
	int deaf[2], ends[2];
	struct msg m;
	char target[32];
	int i;

	(void)state;
	jobs_world_start(1);
	jobs_world_pair(deaf);
	jobs_world_add("deb:gate", deaf[0]);
	jobs_world_await(1);
	/* As long as there is room: then the end will not fit either. */
	assert_int_equal(fcntl(deaf[0], F_SETFL, O_NONBLOCK), 0);
	msg_init(&m, ADMIN_STAGE);
	while (msg_send(deaf[0], &m) == RB_OK)
		;
	assert_int_equal(fcntl(deaf[0], F_SETFL, 0), 0);
	/* Others are added, listed and cancelled while it is told. */
	jobs_world_let_go();
	for (i = 0; i < 100; i++) {
		(void)snprintf(target, sizeof(target), "deb:hang%d", i);
		jobs_world_add(target, -1);
		if (i > 1)
			ok(jobs_cancel(jobs_world.jobs, target, &why));
	}
	jobs_world_pair(ends);
	jobs_world_add("deb:well", ends[0]);
	ok(jobs_cancel(jobs_world.jobs, "deb:hang0", &why));
	ok(jobs_cancel(jobs_world.jobs, "deb:hang1", &why));
	assert_true(jobs_world_hear_end(ends[1], JOB_TRIED, ""));
	fd_close(&deaf[0]);
	fd_close(&deaf[1]);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void
more_listeners_than_fit_are_told_so(void **state)
{
	const struct wish wish = { "deb:gate", false, 5, NULL };
	struct fault why = FAULT_INIT;
	int ends[2], i;

	(void)state;
	jobs_world_start(1);
	jobs_world_pair(ends);
	for (i = 0; i < 16; i++)
		ok(jobs_add(jobs_world.jobs, &wish, 1, ends[0], &why));
	assert_int_equal(jobs_add(jobs_world.jobs, &wish, 1, ends[0], &why),
	    RB_ELIMIT);
	assert_non_null(strstr(why.text, "goes on without you"));
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

static void
shows_a_log_while_it_grows(void **state)
{
	struct fault why = FAULT_INIT;
	struct msg m;
	char text[8];
	int ends[2], fd = -1;

	(void)state;
	jobs_world.log = open(jobs_world.path, O_RDWR | O_TMPFILE | O_CLOEXEC,
	    0600);
	assert_int_not_equal(jobs_world.log, -1);
	jobs_world_start(1);
	jobs_world_pair(ends);
	jobs_world_add("deb:gate", -1);
	jobs_world_await(1);
	assert_int_equal(jobs_show_log(jobs_world.jobs, "deb:none", true,
			     ends[0], jobs_world.depot, &why),
	    RB_ENOTFOUND);
	msg_init(&m, 0);
	do {
		/* Until its machine has one. */
		msg_clear(&m);
		why.text[0] = '\0';
		if (jobs_show_log(jobs_world.jobs, "deb:gate", false, ends[0],
			jobs_world.depot, &why) != RB_OK)
			continue;
		ok(msg_recv(ends[1], &m));
	} while (m.type != ADMIN_LOG_IS);
	ok(msg_take_fd(&m, 0, &fd));
	/* To read only, also for who may reopen it. */
	assert_int_equal(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	assert_int_equal(write(jobs_world.log, "printed", 7), 7);
	assert_int_equal(pread(fd, text, sizeof(text), 0), 7);
	assert_memory_equal(text, "printed", 7);
	msg_clear(&m);
	fd_close(&fd);
	/* Who follows hears the end, too. */
	ok(jobs_show_log(jobs_world.jobs, "deb:gate", true, ends[0],
	    jobs_world.depot, &why));
	jobs_world_let_go();
	(void)jobs_world_hear_end(ends[1], JOB_TRIED, "");
	/* Nothing was kept of it. */
	assert_int_equal(jobs_show_log(jobs_world.jobs, "deb:gate", true,
			     ends[0], jobs_world.depot, &why),
	    RB_ENOTFOUND);
	fd_close(&ends[0]);
	fd_close(&ends[1]);
}

#define TEST(f) \
	cmocka_unit_test_setup_teardown(f, jobs_world_make, jobs_world_clear)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(who_does_not_listen_holds_nobody_up),
		TEST(more_listeners_than_fit_are_told_so),
		TEST(shows_a_log_while_it_grows),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
