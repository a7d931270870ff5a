/* SPDX-License-Identifier: GPL-2.0-or-later */
/* attestor's side of the signer, against a signer that lies. */
#include "tests/unit/sample.h"

#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "attestor/signing.h"
#include "common/attest/envelope.h"
#include "common/process/frames.h"
#include "common/process/msg.h"

/* What is wrong with what the signer says. */
enum lie {
	HONEST,
	/* about its state */
	KEY_OF_ANOTHER_LOG,
	KEY_NOT_ITS_OWN,
	SIZE_NOT_SIGNED,
	STATE_CUT_SHORT,
	STATE_IS_A_REFUSAL,
	/* about a leaf */
	REFUSAL,
	OTHER_STATEMENT,
	OTHER_KEY,
	NO_ENVELOPE,
	NOTE_OF_NO_LEAF_MORE,
	NOTE_OF_TWO_LEAVES_MORE,
	NOTE_OVER_ANOTHER_LEAF,
	NOTE_BY_ANOTHER_KEY,
	ANSWER_WITH_MORE_BEHIND,
	ANSWER_OF_ANOTHER_KIND,
	SILENCE,
};

struct liar {
	enum lie lie;
	struct key *key, *other;
	struct frontier frontier;
};

static void
sign_note(const struct key *k, const char *origin, uint64_t size,
    const struct frontier *f, struct buf *note)
{
	struct checkpoint cp;

	memset(&cp, 0, sizeof(cp));
	snprintf(cp.origin, sizeof(cp.origin), "%s", origin);
	cp.size = size;
	assert_ok(frontier_root(f, &cp.root));
	assert_ok(checkpoint_sign(&cp, k, note));
}

static void
tell_state(struct liar *l, int sock)
{
	const char *origin = l->lie == KEY_OF_ANOTHER_LOG ?
	    "rebuilder.example/other" :
	    SAMPLE_NODE;
	struct key_public public;
	struct digest root = DIGEST_INIT;
	struct buf note = BUF_INIT, text = BUF_INIT;
	struct vkey v;
	struct msg m;

	key_public_of(l->lie == KEY_NOT_ITS_OWN ? l->other : l->key, &public);
	assert_ok(vkey_make(origin, VKEY_ED25519, &public, &v));
	assert_ok(vkey_write(&v, &text));
	sign_note(l->key, origin, 0, &l->frontier, &note);
	assert_ok(frontier_root(&l->frontier, &root));
	msg_init(&m,
	    l->lie == STATE_IS_A_REFUSAL ? FRAME_REFUSED : SIGNER_STATE_IS);
	assert_ok(put_u64(&m.body, l->lie == SIZE_NOT_SIGNED ? 1 : 0));
	assert_ok(put_digest(&m.body, &root));
	assert_ok(put_bytes(&m.body, buf_span(&note)));
	assert_ok(put_bytes(&m.body, buf_span(&text)));
	if (l->lie == STATE_CUT_SHORT)
		m.body.len--;
	assert_ok(msg_send(sock, &m));
	msg_clear(&m);
	buf_clear(&note);
	buf_clear(&text);
}

static void
append(struct frontier *f, struct span leaf)
{
	struct digest hash = DIGEST_INIT;

	assert_ok(tree_leaf_hash(leaf, &hash));
	assert_ok(frontier_append(f, &hash));
}

static void
tell_leaf(struct liar *l, int sock)
{
	struct frontier f = l->frontier;
	struct buf leaf = sample_leaf(l->lie == OTHER_KEY ? l->other : l->key,
	    l->lie == OTHER_STATEMENT ? 1 : 0);
	struct buf note = BUF_INIT;
	struct msg m;

	if (l->lie == NO_ENVELOPE)
		leaf.p[0] ^= 1;
	if (l->lie == NOTE_OVER_ANOTHER_LEAF)
		append(&f, SPAN("another"));
	else if (l->lie != NOTE_OF_NO_LEAF_MORE)
		append(&f, buf_span(&leaf));
	if (l->lie == NOTE_OF_TWO_LEAVES_MORE)
		append(&f, SPAN("one more"));
	sign_note(l->lie == NOTE_BY_ANOTHER_KEY ? l->other : l->key,
	    SAMPLE_NODE, f.size, &f, &note);
	msg_init(&m,
	    l->lie == ANSWER_OF_ANOTHER_KIND ? SIGNER_STATE_IS :
					       SIGNER_APPENDED);
	assert_ok(put_bytes(&m.body, buf_span(&leaf)));
	assert_ok(put_bytes(&m.body, buf_span(&note)));
	if (l->lie == ANSWER_WITH_MORE_BEHIND)
		assert_ok(put_u8(&m.body, 0));
	assert_ok(msg_send(sock, &m));
	msg_clear(&m);
	buf_clear(&leaf);
	buf_clear(&note);
}

static void
refuse(int sock)
{
	struct msg m;

	msg_init(&m, FRAME_REFUSED);
	assert_ok(put_text(&m.body, "not today"));
	assert_ok(msg_send(sock, &m));
	msg_clear(&m);
}

/* The signer's process: one answer to each question, until it is left. */
static void
lie(struct liar *l, int sock)
{
	struct msg m;

	msg_init(&m, 0);
	while (msg_recv(sock, &m) == RB_OK) {
		if (m.type == SIGNER_STATE)
			tell_state(l, sock);
		else if (l->lie == REFUSAL)
			refuse(sock);
		else if (l->lie == SILENCE)
			_exit(0);
		else
			tell_leaf(l, sock);
		msg_clear(&m);
	}
	_exit(0);
}

struct talk {
	struct liar liar;
	struct signing signing;
	struct signing_state state;
	struct fault why;
	pid_t pid;
};

static enum rb_err
begin(struct talk *t, enum lie l)
{
	int pair[2];

	memset(t, 0, sizeof(*t));
	t->signing = (struct signing)SIGNING_INIT;
	t->liar.lie = l;
	assert_ok(key_generate(&t->liar.key));
	assert_ok(key_generate(&t->liar.other));
	assert_int_equal(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0,
			     pair),
	    0);
	t->pid = fork();
	assert_true(t->pid >= 0);
	if (t->pid == 0) {
		close(pair[0]);
		lie(&t->liar, pair[1]);
	}
	close(pair[1]);
	return signing_open(pair[0], SAMPLE_NODE, &t->signing, &t->state,
	    &t->why);
}

static void
end(struct talk *t)
{
	signing_clear(&t->signing);
	signing_state_clear(&t->state);
	assert_int_equal(waitpid(t->pid, NULL, 0), t->pid);
	key_free(&t->liar.key);
	key_free(&t->liar.other);
}

static void
refuses_every_false_state(void **state)
{
	static const enum lie lies[] = { KEY_OF_ANOTHER_LOG, KEY_NOT_ITS_OWN,
		SIZE_NOT_SIGNED, STATE_CUT_SHORT, STATE_IS_A_REFUSAL };
	struct talk t;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		if (begin(&t, lies[i]) == RB_OK)
			fail_msg("lie %d was believed", lies[i]);
		assert_int_equal(t.signing.sock, -1);
		assert_true(t.why.text[0] != '\0');
		end(&t);
	}
}

static enum rb_err
ask(struct talk *t, struct frontier *f)
{
	struct buf bytes = sample_bytes(SAMPLE_NODE, 0);
	struct buf envelope = BUF_INIT, note = BUF_INIT;
	enum rb_err rc;

	rc = signing_append(&t->signing, f, buf_span(&bytes), &envelope, &note,
	    &t->why);
	buf_clear(&bytes);
	buf_clear(&envelope);
	buf_clear(&note);
	return rc;
}

/* RB_EREFUSED would mean that nothing was signed: none of these may be. */
static void
refuses_every_false_leaf(void **state)
{
	static const enum lie lies[] = { OTHER_STATEMENT, OTHER_KEY,
		NO_ENVELOPE, NOTE_OF_NO_LEAF_MORE, NOTE_OF_TWO_LEAVES_MORE,
		NOTE_OVER_ANOTHER_LEAF, NOTE_BY_ANOTHER_KEY,
		ANSWER_WITH_MORE_BEHIND, ANSWER_OF_ANOTHER_KIND, SILENCE };
	struct talk t;
	enum rb_err rc;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(lies) / sizeof(lies[0]); i++) {
		struct frontier f = FRONTIER_INIT;

		assert_ok(begin(&t, lies[i]));
		rc = ask(&t, &f);
		if (rc == RB_OK || rc == RB_EREFUSED)
			fail_msg("lie %d: %s", lies[i], err_name(rc));
		assert_int_equal(f.size, 0);
		assert_true(t.why.text[0] != '\0');
		end(&t);
	}
}

static void
a_refusal_is_passed_on(void **state)
{
	struct frontier f = FRONTIER_INIT;
	struct talk t;

	(void)state;
	assert_ok(begin(&t, REFUSAL));
	assert_int_equal(ask(&t, &f), RB_EREFUSED);
	assert_non_null(strstr(t.why.text, "not today"));
	assert_int_equal(f.size, 0);
	end(&t);
}

static void
an_honest_signer_is_believed(void **state)
{
	struct frontier f = FRONTIER_INIT;
	struct talk t;

	(void)state;
	assert_ok(begin(&t, HONEST));
	assert_ok(ask(&t, &f));
	assert_int_equal(f.size, 1);
	end(&t);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(refuses_every_false_state),
		cmocka_unit_test(refuses_every_false_leaf),
		cmocka_unit_test(a_refusal_is_passed_on),
		cmocka_unit_test(an_honest_signer_is_believed),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
