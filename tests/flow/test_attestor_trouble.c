/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disks that fail, fill up and cannot be written, under the attestor: what is
 * answered stays, and it goes on when the trouble is over.
 */
#include <errno.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/base/file.h"
#include "tests/flow/attest_talk.h"
#include "tests/flow/tape.h"

static const char *const parts[] = { "signer", "attestor", "served", NULL };
static const char *const programs[] = { "attestor", "attestor-signer",
	"attestor-publish", NULL };

static int
set_up(void **state)
{
	struct fixture *f;

	if (geteuid() != 0)
		return 0;
	f = calloc(1, sizeof(*f));
	assert_non_null(f);
	f->sock = -1;
	attest_node_init(&f->node);
	*state = f;
	return 0;
}

static int
tear_down(void **state)
{
	return geteuid() != 0 ? 0 : talk_tear_down(state);
}

static void
stop(struct fixture *f)
{
	attest_node_stop(&f->node);
	fd_close(&f->sock);
}

/* From a start to an answer, with one call that fails on the way. */
static bool
suffers(struct fixture *f, struct tape *t, const char *program,
    enum tape_calls calls, long n, uint64_t logged)
{
	tape_fail(t, program, calls, n, 0, calls == CALLS_SYNC ? EIO : ENOSPC);
	attest_node_start(&f->node);
	assert_int_equal(verdict_log(f, logged), logged);
	served_see(f);
	stop(f);
	return tape_fail_end(t) > 0;
}

static void
each_write_and_sync_may_fail_once(void **state)
{
	struct fixture *f = *state;
	uint64_t logged = 0;
	enum tape_calls calls;
	struct tape t;
	size_t i;
	long n;

	if (f == NULL) {
		skip();
		return;
	}
	tape_begin(&t, f->node.directory, parts, programs);
	for (i = 0; programs[i] != NULL; i++) {
		for (calls = CALLS_WRITE; calls <= CALLS_SYNC; calls++) {
			for (n = 0;
			    suffers(f, &t, programs[i], calls, n, logged); n++)
				logged++;
			logged++;
			print_message("%s: %ld %s failed\n", programs[i], n,
			    calls == CALLS_SYNC ? "syncs" : "writes");
			assert_true(n > 1);
		}
	}
	tape_end(&t);
	tape_clear(&t);
	attest_node_start(&f->node);
	for (n = 0; n < (long)logged; n++)
		assert_int_equal(verdict_log(f, (uint64_t)n), n);
	served_check(f, logged);
}

/* Sends a verdict and does not insist: true when it was logged. */
static bool
try(struct fixture *f, uint64_t n)
{
	struct msg m, answer;
	bool is_logged;

	if (f->sock < 0)
		f->sock = talk_connect(f);
	verdict_make(&m, n);
	msg_init(&answer, 0);
	is_logged = msg_call(f->sock, &m, &answer) == RB_OK;
	if (!is_logged)
		fd_close(&f->sock);
	msg_clear(&answer);
	msg_clear(&m);
	return is_logged;
}

/* Nothing can be written any more, in whichever of the processes. */
static void
nothing_can_be_written_for_a_while(void **state)
{
	struct fixture *f = *state;
	uint64_t logged = 0;
	struct tape t;
	size_t i;

	if (f == NULL) {
		skip();
		return;
	}
	tape_begin(&t, f->node.directory, parts, programs);
	for (i = 0; programs[i] != NULL; i++) {
		attest_node_start(&f->node);
		assert_int_equal(verdict_log(f, logged), logged);
		served_see(f);
		logged++;
		tape_fail(&t, programs[i], CALLS_WRITE, 0, 1000000, EROFS);
		assert_false(try(f, logged));
		assert_true(tape_fail_end(&t) > 0);
		assert_int_equal(verdict_log(f, logged), logged);
		logged++;
		served_see(f);
		stop(f);
	}
	tape_end(&t);
	tape_clear(&t);
	attest_node_start(&f->node);
	assert_int_equal(verdict_log(f, logged), logged);
	served_check(f, logged + 1);
}

/* A store on a disk of its own, with what is there already. */
static void
mount_store(struct fixture *f, const char *name)
{
	char *path = attest_node_path(&f->node, name);
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	assert_int_equal(mount("store", path, "tmpfs", 0, NULL), 0);
	assert_int_equal(chown(path, st.st_uid, st.st_gid), 0);
	assert_int_equal(chmod(path, st.st_mode & 07777), 0);
	free(path);
}

static void
unmount_store(struct fixture *f, const char *name)
{
	char *path = attest_node_path(&f->node, name);

	assert_int_equal(umount2(path, MNT_DETACH), 0);
	free(path);
}

/* In kilobytes more than there is now; -1: as much as it likes. */
static void
leave_room(struct fixture *f, const char *name, long more)
{
	char *path = attest_node_path(&f->node, name), size[32];
	struct statvfs st;

	assert_int_equal(statvfs(path, &st), 0);
	(void)snprintf(size, sizeof(size), "size=%luk",
	    more == -1 ? 65536UL :
			 (st.f_blocks - st.f_bfree) * st.f_frsize / 1024 +
		    (unsigned long)more);
	assert_int_equal(mount(NULL, path, NULL, MS_REMOUNT, size), 0);
	free(path);
}

/* The directory, mounted on itself. */
static void
mount_again(struct fixture *f, const char *name, unsigned long flags)
{
	char *path = attest_node_path(&f->node, name);

	assert_int_equal(mount(path, path, NULL, MS_BIND | flags, NULL), 0);
	free(path);
}

static void
own_mounts(void)
{
	assert_int_equal(unshare(CLONE_NEWNS), 0);
	assert_int_equal(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), 0);
}

/* From no room at all to enough, each time for a node that runs. */
static void
disks_fill_up_and_are_emptied(void **state)
{
	static const char *const disks[] = { "attestor/truth", "served" };
	struct fixture *f = *state;
	uint64_t logged = 0, failed;
	size_t i;
	long room;

	if (f == NULL) {
		skip();
		return;
	}
	own_mounts();
	for (i = 0; i < 2; i++)
		mount_store(f, disks[i]);
	for (i = 0; i < 2; i++) {
		failed = 0;
		for (room = 0; room <= 64; room += 4) {
			attest_node_start(&f->node);
			assert_int_equal(verdict_log(f, logged), logged);
			served_see(f);
			logged++;
			leave_room(f, disks[i], room);
			if (!try(f, logged))
				failed++;
			leave_room(f, disks[i], -1);
			/* Now, or by then, or pending: it is the next leaf. */
			stop(f);
			attest_node_start(&f->node);
			assert_int_equal(verdict_log(f, logged), logged);
			served_see(f);
			logged++;
			stop(f);
		}
		print_message("%s: %d times too small\n", disks[i],
		    (int)failed);
		assert_true(failed > 0);
	}
	attest_node_start(&f->node);
	assert_int_equal(verdict_log(f, logged), logged);
	served_check(f, logged + 1);
	stop(f);
	for (i = 0; i < 2; i++)
		unmount_store(f, disks[i]);
}

static void
will_not_start(struct fixture *f, const char *name, uint64_t logged)
{
	static const char why[] = "Read-only file system";
	char *path = attest_node_path(&f->node, "notes");
	struct buf notes;

	(void)unlink(path);
	attest_node_start(&f->node);
	assert_false(try(f, logged));
	stop(f);
	notes = attest_node_notes(&f->node);
	if (strstr((char *)notes.p, name) == NULL ||
	    strstr((char *)notes.p, why) == NULL)
		fail_msg("%s: not named: %s", name, (char *)notes.p);
	buf_clear(&notes);
	free(path);
}

/* It does not start, says which, and starts when it may be written again. */
static void
disks_cannot_be_written_and_can_again(void **state)
{
	static const char *const disks[] = { "signer", "attestor/truth",
		"served" };
	struct fixture *f = *state;
	uint64_t logged = 0;
	size_t i;

	if (f == NULL) {
		skip();
		return;
	}
	own_mounts();
	attest_node_start(&f->node);
	assert_int_equal(verdict_log(f, logged), logged);
	logged++;
	stop(f);
	for (i = 0; i < 3; i++) {
		mount_again(f, disks[i], 0);
		mount_again(f, disks[i], MS_REMOUNT | MS_RDONLY);
		will_not_start(f, disks[i], logged);
		mount_again(f, disks[i], MS_REMOUNT);
		attest_node_start(&f->node);
		assert_int_equal(verdict_log(f, logged), logged);
		logged++;
		served_check(f, logged);
		stop(f);
		unmount_store(f, disks[i]);
	}
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
	const struct CMUnitTest tests[] = {
		T(each_write_and_sync_may_fail_once),
		T(nothing_can_be_written_for_a_while),
		T(disks_fill_up_and_are_emptied),
		T(disks_cannot_be_written_and_can_again),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
