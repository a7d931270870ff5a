/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "rebuilder/component_state.h"
#include "rebuilder/target.h"
#include "rebuilder/watch_jobs.h"
#include "rebuilder/watch_tell.h"

#define ID "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
#define HOUR 3600

/* A release of two components, whose work ends as it is told to. */
static struct {
	char path[64];
	struct journal *journal;
	struct jobs *jobs;
	struct watch_setting setting;
	struct release release;
	struct component list[2];
	char *distributions[2];
	enum rb_err end; /* of each job */
} world;

static enum rb_err
check(void *self, const char *target, struct fault *why)
{
	(void)self;
	(void)target;
	(void)why;
	return RB_OK;
}

static enum rb_err
work(void *self, const struct task *task, struct report *out)
{
	(void)self;
	if (world.end != RB_OK)
		return fault_set(&out->why, world.end,
		    "%s: nothing of it is published", task->target);
	return RB_OK;
}

static void
accept(const char *component, const char *tag)
{
	struct component_state s;

	component_state_init(&s);
	s.is_accepted = true;
	s.accepted.ruling = TAGS_ACCEPTED;
	memcpy(s.accepted.commit, ID, sizeof(s.accepted.commit));
	s.accepted.version = strdup("1");
	s.accepted.tag = tag == NULL ? NULL : strdup(tag);
	assert_int_equal(component_state_put(world.journal, component, &s),
	    RB_OK);
	component_state_clear(&s);
}

static int
make_world(void **state)
{
	static char one[] = "one", two[] = "two", name[] = "r1", b[] = "vm-b",
		    t[] = "vm-t", url[] = "https://git.example/x",
		    branch[] = "main";
	struct jobs_setting setting;
	size_t i;

	(void)state;
	memset(&world, 0, sizeof(world));
	memset(&setting, 0, sizeof(setting));
	memcpy(world.path, "/tmp/test_watch.XXXXXX", 23);
	if (mkdtemp(world.path) == NULL ||
	    journal_open(world.path, &world.journal, NULL) != RB_OK)
		return -1;
	world.end = RB_ENOTFOUND;
	setting.journal = world.journal;
	setting.threads = 1;
	setting.check = check;
	setting.work = work;
	if (jobs_start(&setting, &world.jobs) != RB_OK)
		return -1;
	world.setting.journal = world.journal;
	world.setting.jobs = world.jobs;
	world.list[0].name = one;
	world.list[1].name = two;
	for (i = 0; i < 2; i++) {
		world.list[i].url = url;
		world.list[i].branch = branch;
		world.list[i].packages = true;
	}
	world.distributions[0] = b;
	world.distributions[1] = t;
	world.release.name = name;
	world.release.list = world.list;
	world.release.n = 2;
	world.release.distributions = world.distributions;
	world.release.ndistributions = 1;
	return 0;
}

static int
remove_world(void **state)
{
	char command[96];

	(void)state;
	jobs_stop(&world.jobs);
	journal_close(&world.journal);
	(void)snprintf(command, sizeof(command), "rm -r %s", world.path);
	return system(command);
}

/* As soon as the one thread is done with all of them. */
static void
await(void)
{
	const struct timespec pause = { 0, 1000000 };
	struct jobs_counts c;

	do {
		(void)nanosleep(&pause, NULL);
		jobs_count(world.jobs, &c);
	} while (c.queue.waiting + c.queue.blocked + c.queue.running > 0);
}

/* How many tries a call after so much time brings. */
static uint64_t
renew(int64_t later)
{
	struct jobs_counts before, after;

	jobs_count(world.jobs, &before);
	assert_int_equal(watch_renew_jobs(&world.setting, &world.release,
			     (int64_t)time(NULL) + later),
	    RB_OK);
	await();
	jobs_count(world.jobs, &after);
	return after.tries - before.tries;
}

static void
comes_back_to_what_was_not_published_yet(void **state)
{
	(void)state;
	accept("one", "v1");
	assert_int_equal(renew(0), 1);
	assert_int_equal(renew(HOUR), 0);
	assert_int_equal(renew(7 * HOUR), 1);
	/* The clock went back for a year. */
	assert_int_equal(renew(-365 * 24 * HOUR), 1);
	world.end = RB_OK;
	assert_int_equal(renew(7 * HOUR), 1);
	/* There is a verdict now. */
	assert_int_equal(renew(700 * HOUR), 0);
}

static void
builds_for_a_distribution_that_is_new(void **state)
{
	(void)state;
	world.end = RB_OK;
	accept("one", "v1");
	assert_int_equal(renew(0), 1);
	world.release.ndistributions = 2;
	assert_int_equal(renew(0), 1);
	assert_int_equal(renew(0), 0);
}

static void
adds_nothing_that_is_not_to_be_built(void **state)
{
	(void)state;
	assert_int_equal(renew(0), 0);
	accept("one", NULL);
	assert_int_equal(renew(0), 0);
	accept("one", "v1");
	world.list[0].mode = VERIFY_NOTHING;
	assert_int_equal(renew(0), 0);
	world.list[0].mode = VERIFY_TAG;
	world.list[0].packages = false;
	assert_int_equal(renew(0), 0);
	world.list[0].packages = true;
	accept("two", "v2");
	assert_int_equal(renew(0), 2);
}

static const char *
no_trouble(void *self, const char *component)
{
	(void)self;
	(void)component;
	return NULL;
}

/* A bad block of the disk is nobody else's trouble. */
static void
goes_on_without_a_state_that_cannot_be_read(void **state)
{
	struct journal_write w = { JOURNAL_PUT, JOURNAL_STATE,
		SPAN("component/one"), SPAN("\x02rubbish") };
	const struct watch_trouble trouble = { no_trouble, NULL };
	struct release_doc doc;
	uint64_t alarms = 0;

	(void)state;
	release_doc_init(&doc);
	world.end = RB_OK;
	accept("two", "v2");
	assert_int_equal(journal_write(world.journal, &w, 1), RB_OK);
	assert_int_equal(renew(0), 1);
	assert_int_equal(watch_doc(&world.setting, &world.release, &trouble,
			     &doc, &alarms),
	    RB_OK);
	assert_int_equal(alarms, 1);
	assert_int_equal(doc.ncomponents, 2);
	assert_int_equal(doc.components[0].nalarms, 1);
	assert_non_null(strstr(doc.components[0].alarms[0],
	    "what the node kept of it cannot be read"));
	assert_string_equal(doc.components[1].tag, "v2");
	release_doc_clear(&doc);
	/* The alarms about it are no better. */
	w.key = SPAN("alarms/one");
	assert_int_equal(journal_write(world.journal, &w, 1), RB_OK);
	assert_int_equal(watch_doc(&world.setting, &world.release, &trouble,
			     &doc, &alarms),
	    RB_OK);
	assert_int_equal(alarms, 1);
	assert_non_null(strstr(doc.components[0].alarms[0],
	    "the alarms that its jobs raised cannot be read"));
	release_doc_clear(&doc);
}

static void
names_no_job_that_nobody_could_ask_for(void **state)
{
	struct fault why = FAULT_INIT;
	char tag[TARGET_MAX];

	(void)state;
	assert_int_equal(watch_check_jobs(&world.release, &world.list[0],
			     "v1.0-1", &why),
	    RB_OK);
	assert_int_equal(watch_check_jobs(&world.release, &world.list[0],
			     "mm_0123abcd", &why),
	    RB_OK);
	assert_int_equal(watch_check_jobs(&world.release, &world.list[0],
			     "release/1.0", &why),
	    RB_EREFUSED);
	assert_non_null(strstr(why.text,
	    "one: tag release/1.0 is signed, but no job can have this name"));
	memset(tag, 'v', sizeof(tag) - 1);
	tag[sizeof(tag) - 1] = '\0';
	assert_int_equal(watch_check_jobs(&world.release, &world.list[0], tag,
			     &why),
	    RB_EREFUSED);
	/* What has no jobs needs no names for them. */
	world.list[0].packages = false;
	assert_int_equal(watch_check_jobs(&world.release, &world.list[0],
			     "release/1.0", &why),
	    RB_OK);
	assert_int_equal(watch_check_jobs(&world.release, &world.list[1], NULL,
			     &why),
	    RB_OK);
}

int
main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, make_world, remove_world)
	const struct CMUnitTest tests[] = {
		T(comes_back_to_what_was_not_published_yet),
		T(builds_for_a_distribution_that_is_new),
		T(adds_nothing_that_is_not_to_be_built),
		T(goes_on_without_a_state_that_cannot_be_read),
		T(names_no_job_that_nobody_could_ask_for),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
