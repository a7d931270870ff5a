/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * attestor and its roles as they run in a node: what they take, and what
 * they refuse and go on.
 */
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "tests/flow/attest_talk.h"

/* Sends what must be refused; the sentence must hold `about`. */
static void
assert_refused(struct fixture *f, struct msg *m, const char *about)
{
	struct span in;
	struct msg answer;
	char *text = NULL;

	msg_init(&answer, 0);
	if (f->sock < 0)
		f->sock = talk_connect(f);
	assert_ok(msg_call(f->sock, m, &answer));
	assert_int_equal(answer.type, FRAME_REFUSED);
	in = buf_span(&answer.body);
	assert_ok(take_text(&in, FAULT_MAX, &text));
	if (strstr(text, about) == NULL)
		fail_msg("\"%s\" does not speak of %s", text, about);
	free(text);
	msg_clear(&answer);
	msg_clear(m);
}

static void
refuses_what_is_no_statement_of_this_node(void **state)
{
	struct fixture *f = *state;
	struct buf bytes = sample_bytes("rebuilder.example/other", 0);
	struct msg m;

	msg_init(&m, ATTEST_VERDICT);
	assert_ok(put_bytes(&m.body, SPAN("{}")));
	assert_ok(put_u8(&m.body, 0));
	assert_refused(f, &m, "statement");

	msg_init(&m, ATTEST_VERDICT);
	assert_ok(put_bytes(&m.body, buf_span(&bytes)));
	assert_ok(put_u8(&m.body, 0));
	assert_refused(f, &m, "rebuilder.example/other");
	buf_clear(&bytes);

	assert_int_equal(verdict_log(f, 0), 0);
	served_check(f, 1);
}

static void
refuses_blobs_that_do_not_belong_there(void **state)
{
	struct fixture *f = *state;
	struct buf bytes = sample_bytes(SAMPLE_NODE, 0);
	struct msg m;
	int ends[2], fd = -1;

	/* Named, but missing. */
	msg_init(&m, ATTEST_VERDICT);
	assert_ok(put_bytes(&m.body, buf_span(&bytes)));
	assert_ok(put_u8(&m.body, 0));
	assert_refused(f, &m, "not handed over");
	/* Announced, but not there. */
	msg_init(&m, ATTEST_VERDICT);
	assert_ok(put_bytes(&m.body, buf_span(&bytes)));
	assert_ok(put_u8(&m.body, 1));
	assert_ok(put_u8(&m.body, BLOB_LOG));
	assert_refused(f, &m, "announces 1");
	/* Other bytes. */
	verdict_make(&m, 0);
	fd_close(&m.fds[1]);
	assert_ok(memory_file("other", SPAN("other\n"), &m.fds[1]));
	assert_refused(f, &m, "build log");
	/* Not named: only `differs` has a difference. */
	verdict_make(&m, 0);
	m.body.p[m.body.len - 1] = BLOB_DIFFERENCE;
	assert_refused(f, &m, "names none");
	verdict_make(&m, 0);
	m.body.p[m.body.len - 1] = 9;
	assert_refused(f, &m, "unknown kind");
	/* A pipe, which never ends. */
	verdict_make(&m, 0);
	assert_int_equal(pipe(ends), 0);
	fd_close(&m.fds[0]);
	m.fds[0] = ends[0];
	assert_refused(f, &m, "regular file");
	close(ends[1]);
	/* A byte more than a difference report may have. */
	verdict_make(&m, 1);
	fd_close(&m.fds[2]);
	m.fds[2] = memfd_create("large", MFD_CLOEXEC);
	assert_int_equal(ftruncate(m.fds[2], 4 * 1024 * 1024 + 1), 0);
	assert_refused(f, &m, "difference report");
	fd_close(&fd);
	buf_clear(&bytes);

	assert_int_equal(verdict_log(f, 1), 0);
	served_check(f, 1);
}

static void
a_stranger_frame_ends_that_connection_only(void **state)
{
	struct fixture *f = *state;
	struct msg m, answer;
	int stranger = talk_connect(f);

	msg_init(&m, SIGNER_APPEND);
	msg_init(&answer, 0);
	assert_int_equal(msg_call(stranger, &m, &answer), RB_EPEER);
	close(stranger);
	stranger = talk_connect(f);
	assert_int_equal(send(stranger, "x", 1, 0), 1);
	assert_int_equal(msg_recv(stranger, &answer), RB_EPEER);
	close(stranger);
	assert_int_equal(verdict_log(f, 0), 0);
	msg_clear(&m);
}

/* The answer's type; ATTEST_LOGGED: its index too. */
static uint32_t
find(struct fixture *f, uint64_t n, uint64_t *index)
{
	struct buf bytes = sample_bytes(SAMPLE_NODE, n);
	struct digest d = DIGEST_INIT;
	struct msg m, answer;
	struct span in;
	uint32_t type;

	assert_ok(digest_of(buf_span(&bytes), &d));
	msg_init(&m, ATTEST_FIND);
	msg_init(&answer, 0);
	assert_ok(put_digest(&m.body, &d));
	assert_ok(msg_call(f->sock, &m, &answer));
	type = answer.type;
	in = buf_span(&answer.body);
	if (type == ATTEST_LOGGED) {
		assert_ok(take_u64(&in, index));
		assert_ok(take_digest(&in, &d));
		assert_true(digest_equal(&d, &f->seen.leaves[*index]));
	}
	assert_ok(take_end(in));
	msg_clear(&m);
	msg_clear(&answer);
	buf_clear(&bytes);
	return type;
}

static void
finds_what_is_logged_and_nothing_else(void **state)
{
	struct fixture *f = *state;
	struct msg m, answer;
	int stranger = talk_connect(f);
	uint64_t index = 99;

	/* Half a digest. */
	msg_init(&m, ATTEST_FIND);
	msg_init(&answer, 0);
	assert_ok(put_u64(&m.body, 0));
	assert_int_equal(msg_call(stranger, &m, &answer), RB_EPEER);
	close(stranger);
	msg_clear(&m);

	assert_int_equal(verdict_log(f, 0), 0);
	assert_int_equal(find(f, 1, &index), ATTEST_UNKNOWN);
	assert_int_equal(verdict_log(f, 1), 1);
	assert_int_equal(find(f, 1, &index), ATTEST_LOGGED);
	assert_int_equal(index, 1);
	assert_int_equal(find(f, 0, &index), ATTEST_LOGGED);
	assert_int_equal(index, 0);
	served_check(f, 2);
}

static void
mute_clients_block_nobody(void **state)
{
	struct fixture *f = *state;
	int mute[40];
	size_t i;

	for (i = 0; i < 40; i++)
		mute[i] = talk_connect(f);
	assert_int_equal(verdict_log(f, 0), 0);
	for (i = 0; i < 40; i++)
		close(mute[i]);
	assert_int_equal(verdict_log(f, 1), 1);
}

static void
a_verdict_is_logged_once_and_served(void **state)
{
	struct fixture *f = *state;
	struct store *s = NULL;
	struct store_txn *t;
	struct span json = SPAN_INIT;
	uint64_t i;

	for (i = 0; i < 6; i++)
		assert_int_equal(verdict_log(f, i), i);
	for (i = 0; i < 6; i++)
		assert_int_equal(verdict_log(f, i), i);
	served_check(f, 6);
	t = served_open(f, &s);
	served_has_blob(t, sample_inputs(5));
	served_has_blob(t, sample_log(3));
	served_has_blob(t, sample_difference(5));
	assert_ok(store_node_json(t, &json));
	assert_non_null(
	    memmem(json.p, json.len, SAMPLE_NODE, strlen(SAMPLE_NODE)));
	assert_non_null(memmem(json.p, json.len, "\"namespace\"", 11));
	store_abort(&t);
	store_close(&s);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, talk_set_up, talk_tear_down)
	const struct CMUnitTest tests[] = {
		T(refuses_what_is_no_statement_of_this_node),
		T(refuses_blobs_that_do_not_belong_there),
		T(a_stranger_frame_ends_that_connection_only),
		T(finds_what_is_logged_and_nothing_else),
		T(mute_clients_block_nobody),
		T(a_verdict_is_logged_once_and_served),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
