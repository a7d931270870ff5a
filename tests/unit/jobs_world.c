/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/jobs_world.h"

#include <sys/socket.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/msg.h"
#include "rebuilder/leash.h"

#define LONG_MS 600000

struct jobs_world jobs_world = { .lock = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER };

static enum rb_err
check(void *self, const char *target, struct fault *why)
{
	(void)self;
	if (strncmp(target, "deb:", 4) == 0)
		return RB_OK;
	return fault_set(why, RB_EFORMAT, "%s: is no target", target);
}

static void
say(const struct task *task, enum verdict verdict, const char *reason)
{
	struct result r;
	char name[] = "a_1_all.deb", text[64];

	memset(&r, 0, sizeof(r));
	(void)snprintf(text, sizeof(text), "%s", reason);
	r.file = r.package = r.version = r.arch = name;
	r.verdict = verdict;
	r.reason = verdict == VERDICT_REPRODUCED ? NULL : text;
	task->ear->result(task->ear->self, &r);
}

static void
begin(const struct task *task)
{
	(void)pthread_mutex_lock(&jobs_world.lock);
	jobs_world.begun++;
	if (++jobs_world.at_once > jobs_world.most_at_once)
		jobs_world.most_at_once = jobs_world.at_once;
	if (strlen(jobs_world.order) + strlen(task->target) + 2 <
	    sizeof(jobs_world.order)) {
		strcat(jobs_world.order, task->target);
		strcat(jobs_world.order, " ");
	}
	(void)pthread_cond_broadcast(&jobs_world.changed);
	(void)pthread_mutex_unlock(&jobs_world.lock);
}

static void
end(void)
{
	(void)pthread_mutex_lock(&jobs_world.lock);
	jobs_world.at_once--;
	(void)pthread_cond_broadcast(&jobs_world.changed);
	(void)pthread_mutex_unlock(&jobs_world.lock);
}

/* "deb:hang" until it is cut off, "deb:gate" until let_go; the rest at once. */
static enum rb_err
work(void *self, const struct task *task, struct report *out)
{
	enum rb_err rc = RB_OK;

	(void)self;
	begin(task);
	task->ear->stage(task->ear->self, "building", 1, 2, "");
	if (jobs_world.log != -1)
		task->ear->log(task->ear->self, jobs_world.log);
	if (strstr(task->target, "hang") != NULL) {
		rc = leash_wait(-1, LONG_MS);
	} else if (strstr(task->target, "gate") != NULL) {
		(void)pthread_mutex_lock(&jobs_world.lock);
		while (jobs_world.let_go == 0 && leash_check() == RB_OK)
			(void)pthread_cond_wait(&jobs_world.changed,
			    &jobs_world.lock);
		(void)pthread_mutex_unlock(&jobs_world.lock);
	} else if (strstr(task->target, "fails") != NULL) {
		say(task, VERDICT_FAILED, "build");
	} else if (strstr(task->target, "binnmu") != NULL) {
		say(task, VERDICT_UNAVAILABLE, "binnmu");
	} else if (strstr(task->target, "broken") != NULL) {
		rc = RB_EIO;
	} else if (strstr(task->target, "stale") != NULL) {
		rc = fault_set(&out->why, RB_ESTALE, "older than before");
	} else if (strstr(task->target, "unsigned") != NULL) {
		rc = fault_set(&out->why, RB_ESIG, "nobody signed it");
	} else if (strstr(task->target, "mixed") != NULL) {
		rc = fault_set(&out->why, RB_EDIGEST, "of two states");
	} else if (strstr(task->target, "forbidden") != NULL) {
		rc = fault_set(&out->why, RB_EREFUSED, "a rule forbids it");
	} else if (strstr(task->target, "wrong") != NULL) {
		rc = fault_set(&out->why, RB_ENOTFOUND, "no such source");
	} else {
		say(task, VERDICT_REPRODUCED, "");
	}
	end();
	return rc;
}

void
jobs_world_await(unsigned int n)
{
	(void)pthread_mutex_lock(&jobs_world.lock);
	while (jobs_world.begun < n)
		(void)pthread_cond_wait(&jobs_world.changed, &jobs_world.lock);
	(void)pthread_mutex_unlock(&jobs_world.lock);
}

void
jobs_world_let_go(void)
{
	(void)pthread_mutex_lock(&jobs_world.lock);
	jobs_world.let_go = 1;
	(void)pthread_cond_broadcast(&jobs_world.changed);
	(void)pthread_mutex_unlock(&jobs_world.lock);
}

void
jobs_world_start(uint64_t threads)
{
	jobs_world.setting.journal = jobs_world.journal;
	jobs_world.setting.threads = threads;
	jobs_world.setting.check = check;
	jobs_world.setting.work = work;
	ok(jobs_start(&jobs_world.setting, &jobs_world.jobs));
}

int
jobs_world_make(void **state)
{
	(void)state;
	jobs_world.begun = jobs_world.let_go = jobs_world.at_once =
	    jobs_world.most_at_once = 0;
	jobs_world.order[0] = '\0';
	jobs_world.log = -1;
	memset(&jobs_world.setting, 0, sizeof(jobs_world.setting));
	jobs_world.setting.retry.retries = 3;
	jobs_world.setting.retry.seconds = 86400;
	(void)snprintf(jobs_world.path, sizeof(jobs_world.path),
	    "/tmp/test_jobs.XXXXXX");
	if (mkdtemp(jobs_world.path) == NULL ||
	    journal_open(jobs_world.path, &jobs_world.journal, NULL) != RB_OK ||
	    depot_open(jobs_world.path, &jobs_world.depot) != RB_OK)
		return -1;
	return 0;
}

int
jobs_world_clear(void **state)
{
	char command[96];

	(void)state;
	jobs_world_let_go();
	jobs_stop(&jobs_world.jobs);
	depot_close(&jobs_world.depot);
	journal_close(&jobs_world.journal);
	fd_close(&jobs_world.log);
	(void)snprintf(command, sizeof(command), "rm -rf %s", jobs_world.path);
	return system(command);
}

void
jobs_world_restart(uint64_t threads)
{
	jobs_stop(&jobs_world.jobs);
	journal_close(&jobs_world.journal);
	ok(journal_open(jobs_world.path, &jobs_world.journal, NULL));
	jobs_world_start(threads);
}

void
jobs_world_add(const char *target, int listener)
{
	const struct wish wish = { target, false, JOB_PRIORITY, NULL };
	struct fault why = FAULT_INIT;

	ok(jobs_add(jobs_world.jobs, &wish, 1, listener, &why));
}

void
jobs_world_pair(int ends[2])
{
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     ends),
	    0);
}

/* Reads frames until the end of the job; true when a result came, too. */
bool
jobs_world_hear_end(int sock, enum job_outcome outcome, const char *why)
{
	struct msg m;
	struct span in;
	char *target = NULL, *text = NULL;
	uint8_t number = 0;
	bool has_result = false;

	for (;;) {
		msg_init(&m, 0);
		ok(msg_recv(sock, &m));
		if (m.type == ADMIN_ENDED)
			break;
		has_result = has_result || m.type == ADMIN_RESULT;
		msg_clear(&m);
	}
	in = buf_span(&m.body);
	ok(take_text(&in, 300, &target));
	ok(take_u8(&in, &number));
	ok(take_text(&in, 1000, &text));
	assert_int_equal(number, outcome);
	if (strstr(text, why) == NULL)
		fail_msg("\"%s\" has no \"%s\"", text, why);
	free(target);
	free(text);
	msg_clear(&m);
	return has_result;
}

struct job_record
jobs_world_record(const char *target)
{
	struct job_record r;

	job_record_init(&r);
	ok(jobs_record(jobs_world.jobs, target, &r));
	return r;
}

void
jobs_world_is(const char *target, enum job_state state)
{
	struct job_record r = jobs_world_record(target);

	assert_int_equal(r.state, state);
	job_record_clear(&r);
}
