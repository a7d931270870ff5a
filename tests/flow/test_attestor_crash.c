/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Nothing that was answered is ever lost or forked, whenever attestor and its
 * roles are killed; and what no crash explains stops them.
 */
#include <fcntl.h>
#include <signal.h>
#include <time.h>
#include <unistd.h>

#include "attestor/truth.h"
#include "common/base/file.h"
#include "common/db/db.h"
#include "tests/flow/attest_talk.h"

#define KILLS 30

static void
remove_served(struct fixture *f)
{
	char *path = attest_node_path(&f->node, "served");

	assert_ok(store_discard(path, NULL));
	free(path);
}

static void
what_is_served_is_made_again_from_the_truth(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;
	struct store_txn *t;
	uint64_t i;

	for (i = 0; i < 7; i++)
		assert_int_equal(verdict_log(f, i), i);
	served_see(f);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	remove_served(f);
	attest_node_start(&f->node);
	assert_int_equal(verdict_log(f, 6), 6);
	served_check(f, 7);
	t = served_open(f, &s);
	served_has_blob(t, sample_log(0));
	store_abort(&t);
	store_close(&s);
}

/* The served store of another log, longer than ours. */
static void
what_is_served_wrongly_is_replaced(void **state)
{
	struct fixture *f = *state;
	char *path = attest_node_path(&f->node, "served");
	struct store *s = NULL;
	struct store_txn *t = NULL;
	struct statement statement;
	uint64_t i;

	for (i = 0; i < 3; i++)
		assert_int_equal(verdict_log(f, i), i);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	assert_ok(store_open(path, STORE_WRITE, &s, NULL));
	assert_ok(store_begin(s, STORE_WRITE, &t));
	assert_ok(store_empty(t));
	for (i = 0; i < 5; i++) {
		sample_statement(i, &statement);
		assert_ok(store_append(t, i, SPAN("x"), &statement));
		statement_clear(&statement);
	}
	assert_ok(store_commit(&t));
	store_close(&s);
	attest_node_start(&f->node);
	assert_int_equal(verdict_log(f, 3), 3);
	served_check(f, 4);
	free(path);
}

/* A database of this node says that it has another schema. */
static void
set_schema(struct fixture *f, const char *name, const char *schema)
{
	char *path = attest_node_path(&f->node, name);
	MDB_val k = db_val(DB_SCHEMA_KEY), v = db_val(span_of_str(schema));
	MDB_env *env = NULL;
	MDB_txn *txn = NULL;
	MDB_dbi meta;

	assert_int_equal(mdb_env_create(&env), 0);
	assert_int_equal(mdb_env_set_maxdbs(env, DB_TABLES_MAX), 0);
	assert_int_equal(mdb_env_open(env, path, MDB_NOTLS, 0600), 0);
	assert_int_equal(mdb_txn_begin(env, NULL, 0, &txn), 0);
	assert_int_equal(mdb_dbi_open(txn, "meta", 0, &meta), 0);
	assert_int_equal(mdb_put(txn, meta, &k, &v, 0), 0);
	assert_int_equal(mdb_txn_commit(txn), 0);
	mdb_env_close(env);
	free(path);
}

/* Older or newer: the truth has all of it. */
static void
a_served_store_of_another_schema_is_made_again(void **state)
{
	static const char *const schemas[] = { "0", "999", "none" };
	struct fixture *f = *state;
	uint64_t i;

	assert_int_equal(verdict_log(f, 0), 0);
	served_see(f);
	for (i = 0; i < 3; i++) {
		attest_node_stop(&f->node);
		fd_close(&f->sock);
		set_schema(f, "served", schemas[i]);
		attest_node_start(&f->node);
		assert_int_equal(verdict_log(f, i + 1), i + 1);
		served_check(f, i + 2);
	}
}

static void
copy_file(struct fixture *f, const char *from, const char *to)
{
	char *a = attest_node_path(&f->node, from);
	char *b = attest_node_path(&f->node, to);
	struct buf bytes = BUF_INIT;
	int fd;

	assert_ok(file_read_at(AT_FDCWD, a, 1 << 26, &bytes));
	fd = open(b, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	assert_true(fd >= 0);
	assert_ok(file_write_fd(fd, buf_span(&bytes)));
	fd_close(&fd);
	buf_clear(&bytes);
	free(a);
	free(b);
}

/* attestor ends, and its note speaks of `about`. */
static void
assert_will_not_start(struct fixture *f, const char *about)
{
	struct buf notes;
	char *path = attest_node_path(&f->node, "notes");
	struct msg m, answer;
	int sock;

	(void)unlink(path);
	attest_node_start(&f->node);
	sock = talk_connect(f);
	verdict_make(&m, 99);
	msg_init(&answer, 0);
	/* The supervisor gives up, and the door closes unanswered. */
	assert_int_equal(msg_call(sock, &m, &answer), RB_EPEER);
	msg_clear(&m);
	close(sock);
	attest_node_stop(&f->node);
	notes = attest_node_notes(&f->node);
	if (strstr((char *)notes.p, about) == NULL)
		fail_msg("no note speaks of \"%s\":\n%s", about,
		    (char *)notes.p);
	buf_clear(&notes);
	free(path);
}

static void
a_truth_of_a_newer_version_is_refused_and_kept(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(verdict_log(f, 0), 0);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	set_schema(f, "attestor/truth", "2");
	assert_will_not_start(f,
	    "truth has schema 2, and this program knows 1");
	set_schema(f, "attestor/truth", "1");
	attest_node_start(&f->node);
	assert_int_equal(verdict_log(f, 1), 1);
	served_check(f, 2);
}

static void
a_backup_of_one_of_the_two_is_refused(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(verdict_log(f, 0), 0);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	copy_file(f, "signer/state", "old-state");
	copy_file(f, "attestor/truth/data.mdb", "old-truth");
	attest_node_start(&f->node);
	assert_int_equal(verdict_log(f, 1), 1);
	assert_int_equal(verdict_log(f, 2), 2);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	copy_file(f, "signer/state", "new-state");
	copy_file(f, "attestor/truth/data.mdb", "new-truth");

	copy_file(f, "old-state", "signer/state");
	assert_will_not_start(f,
	    "signed 1 leaves and attestor's truth holds 3");
	copy_file(f, "new-state", "signer/state");
	copy_file(f, "old-truth", "attestor/truth/data.mdb");
	assert_will_not_start(f,
	    "signed 3 leaves and attestor's truth holds 1");
	/* Both old: a clone of the node, which only a witness could see. */
	copy_file(f, "new-truth", "attestor/truth/data.mdb");
	attest_node_start(&f->node);
	assert_int_equal(verdict_log(f, 3), 3);
	served_check(f, 4);
}

/* As attestor leaves it when it dies with statement `n` under way. */
static void
leave_pending(struct fixture *f, uint64_t n)
{
	char *path = attest_node_path(&f->node, "attestor/truth");
	struct truth_blob blobs[2] = { { DIGEST_INIT, sample_inputs(n) },
		{ DIGEST_INIT, sample_log(n) } };
	struct buf bytes = sample_bytes(SAMPLE_NODE, n);
	struct truth *truth = NULL;
	size_t i;

	for (i = 0; i < 2; i++)
		assert_ok(
		    digest_of(buf_span(&blobs[i].bytes), &blobs[i].digest));
	assert_ok(truth_open(path, &truth, NULL));
	assert_ok(truth_journal(truth, buf_span(&bytes), blobs, 2));
	truth_close(&truth);
	for (i = 0; i < 2; i++)
		buf_clear(&blobs[i].bytes);
	buf_clear(&bytes);
	free(path);
}

static void
a_crash_before_the_signature_is_finished(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(verdict_log(f, 0), 0);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	leave_pending(f, 4);
	attest_node_start(&f->node);
	assert_int_equal(verdict_log(f, 2), 2);
	assert_int_equal(verdict_log(f, 4), 1);
	served_check(f, 3);
}

static void
a_crash_behind_the_signature_is_finished(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct direct d;

	assert_int_equal(verdict_log(f, 0), 0);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	leave_pending(f, 4);
	d = direct_open(f);
	assert_ok(direct_append(&d, 1, sample_bytes(SAMPLE_NODE, 4), &note));
	note_see(f, buf_span(&note));
	assert_int_equal(direct_end(&d), 0);
	attest_node_start(&f->node);
	assert_int_equal(verdict_log(f, 4), 1);
	assert_int_equal(verdict_log(f, 2), 2);
	served_check(f, 3);
	buf_clear(&note);
}

static void
a_leaf_that_attestor_did_not_ask_for_stops_it(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT;
	struct direct d;

	assert_int_equal(verdict_log(f, 0), 0);
	attest_node_stop(&f->node);
	fd_close(&f->sock);
	d = direct_open(f);
	assert_ok(direct_append(&d, 1, sample_bytes(SAMPLE_NODE, 4), &note));
	assert_int_equal(direct_end(&d), 0);
	assert_will_not_start(f,
	    "signed 2 leaves and attestor's truth holds 1");
	leave_pending(f, 8);
	assert_will_not_start(f, "somebody else used the signer");
	buf_clear(&note);
}

static void
kill_at_random(struct fixture *f, unsigned int *seed)
{
	const struct timespec moment = { .tv_nsec = rand_r(seed) % 6000000 };
	pid_t victim = 0;

	/* Not waiting for anything: any instruction will do. */
	(void)nanosleep(&moment, NULL);
	switch (rand_r(seed) % 3) {
	case 0:
		victim = attest_node_attestor(&f->node);
		break;
	case 1:
		victim = attest_node_signer(&f->node);
		break;
	default:
		victim = attest_node_publisher(&f->node);
		break;
	}
	if (victim > 0)
		(void)kill(victim, SIGKILL);
}

static void
kills_at_any_moment_lose_and_fork_nothing(void **state)
{
	struct fixture *f = *state;
	unsigned int seed = (unsigned int)time(NULL);
	struct msg m;
	uint64_t n, logged = 0;

	print_message("seed %u\n", seed);
	assert_int_equal(verdict_log(f, logged++), 0);
	for (n = 0; n < KILLS; n++) {
		/* One is under way while they die, and is sent again. */
		if (f->sock < 0)
			f->sock = talk_connect(f);
		verdict_make(&m, logged);
		if (msg_send(f->sock, &m) != RB_OK)
			fd_close(&f->sock);
		msg_clear(&m);
		kill_at_random(f, &seed);
		fd_close(&f->sock);
		assert_int_equal(verdict_log(f, logged), logged);
		logged++;
		served_see(f);
	}
	for (n = 0; n < logged; n++)
		assert_int_equal(verdict_log(f, n), n);
	served_check(f, logged);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, talk_set_up, talk_tear_down)
	const struct CMUnitTest tests[] = {
		T(what_is_served_is_made_again_from_the_truth),
		T(what_is_served_wrongly_is_replaced),
		T(a_served_store_of_another_schema_is_made_again),
		T(a_truth_of_a_newer_version_is_refused_and_kept),
		T(a_backup_of_one_of_the_two_is_refused),
		T(a_crash_before_the_signature_is_finished),
		T(a_crash_behind_the_signature_is_finished),
		T(a_leaf_that_attestor_did_not_ask_for_stops_it),
		T(kills_at_any_moment_lose_and_fork_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
