/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The signer alone: what whoever owns attestor can ask of it. */
#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/process/frames.h"
#include "tests/flow/attest_talk.h"

static void
whoever_owns_attestor_cannot_fork_the_log(void **state)
{
	struct fixture *f = *state;
	struct buf note = BUF_INIT, again = BUF_INIT, junk = BUF_INIT;
	struct direct d;

	attest_node_stop(&f->node);
	d = direct_open(f);
	assert_ok(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 0), &note));
	/* Another statement in its place; a gap; the past; other bytes. */
	assert_int_equal(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 1),
			     &again),
	    RB_EREFUSED);
	assert_int_equal(direct_append(&d, 2, sample_bytes(SAMPLE_NODE, 1),
			     &again),
	    RB_EREFUSED);
	assert_int_equal(direct_append(&d, UINT64_MAX,
			     sample_bytes(SAMPLE_NODE, 1), &again),
	    RB_EREFUSED);
	assert_int_equal(direct_append(&d, 1,
			     sample_bytes("rebuilder.example/other", 1),
			     &again),
	    RB_EREFUSED);
	assert_ok(buf_put_str(&junk, "rebuilder.example/log\n1\nAAAA\n"));
	assert_int_equal(direct_append(&d, 1, junk, &again), RB_EREFUSED);
	/* The same again is the same answer, also of the next signer. */
	assert_ok(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 0), &again));
	assert_true(span_equal(buf_span(&note), buf_span(&again)));
	assert_int_equal(direct_end(&d), 0);
	d = direct_open(f);
	assert_ok(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 0), &again));
	assert_true(span_equal(buf_span(&note), buf_span(&again)));
	assert_int_equal(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 1),
			     &again),
	    RB_EREFUSED);
	assert_ok(direct_append(&d, 1, sample_bytes(SAMPLE_NODE, 1), &again));
	/* Leaf 0 is not the last one any more. */
	assert_int_equal(direct_append(&d, 0, sample_bytes(SAMPLE_NODE, 0),
			     &note),
	    RB_EREFUSED);
	assert_int_equal(direct_end(&d), 0);
	buf_clear(&note);
	buf_clear(&again);
}

static void
the_signer_ends_at_a_frame_that_is_not_its_duty(void **state)
{
	struct fixture *f = *state;
	struct msg m, answer;
	struct direct d;

	attest_node_stop(&f->node);
	d = direct_open(f);
	msg_init(&m, ATTEST_VERDICT);
	msg_init(&answer, 0);
	assert_int_equal(msg_call(d.sock, &m, &answer), RB_EPEER);
	assert_int_not_equal(direct_end(&d), 0);
}

static void
two_signers_do_not_live_at_once(void **state)
{
	struct fixture *f = *state;
	struct direct first, second;
	struct buf note = BUF_INIT;
	struct msg m, answer;
	char c;

	attest_node_stop(&f->node);
	first = direct_open(f);
	assert_ok(
	    direct_append(&first, 0, sample_bytes(SAMPLE_NODE, 0), &note));
	second = direct_open(f);
	msg_init(&m, SIGNER_STATE);
	msg_init(&answer, 0);
	assert_ok(msg_send(second.sock, &m));
	assert_ok(
	    direct_append(&first, 1, sample_bytes(SAMPLE_NODE, 1), &note));
	/* Silent as long as the first lives, and then it knows both leaves. */
	assert_int_equal(recv(second.sock, &c, 1, MSG_DONTWAIT | MSG_PEEK), -1);
	assert_int_equal(errno, EAGAIN);
	assert_int_equal(direct_end(&first), 0);
	assert_ok(msg_recv(second.sock, &answer));
	assert_int_equal(answer.type, SIGNER_STATE_IS);
	assert_int_equal(answer.body.p[7], 2);
	msg_clear(&answer);
	assert_int_equal(direct_end(&second), 0);
	buf_clear(&note);
}

static void
a_lost_state_begins_no_second_log(void **state)
{
	struct fixture *f = *state;
	char *path = attest_node_path(&f->node, "signer/state");
	struct msg m, answer;
	struct direct d;

	attest_node_stop(&f->node);
	assert_int_equal(unlink(path), 0);
	d = direct_open(f);
	msg_init(&m, SIGNER_STATE);
	msg_init(&answer, 0);
	assert_int_equal(msg_call(d.sock, &m, &answer), RB_EPEER);
	assert_int_not_equal(direct_end(&d), 0);
	assert_int_equal(access(path, F_OK), -1);
	free(path);
}

int
main(void)
{
#define T(name) \
	cmocka_unit_test_setup_teardown(name, talk_set_up, talk_tear_down)
	const struct CMUnitTest tests[] = {
		T(whoever_owns_attestor_cannot_fork_the_log),
		T(the_signer_ends_at_a_frame_that_is_not_its_duty),
		T(two_signers_do_not_live_at_once),
		T(a_lost_state_begins_no_second_log),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
