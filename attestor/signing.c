/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attestor/signing.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/attest/envelope.h"
#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"

#define VKEY_TEXT_MAX 512
#define FAULT_TEXT_MAX 1024
/* Two synced writes and two signatures; a disk may hang for a while. */
#define ANSWER_SECONDS 60

void
signing_clear(struct signing *s)
{
	fd_close(&s->sock);
	buf_clear(&s->vkey);
}

void
signing_state_clear(struct signing_state *s)
{
	buf_clear(&s->note);
}

static enum rb_err
take_vkey(struct span *in, const char *origin, struct signing *s)
{
	struct span text = SPAN_INIT;
	enum rb_err rc;

	if ((rc = take_bytes(in, VKEY_TEXT_MAX, &text)) != RB_OK)
		return rc;
	if ((rc = vkey_parse(text, &s->key)) != RB_OK)
		return rc;
	if (s->key.type != VKEY_ED25519 || strcmp(s->key.name, origin) != 0)
		return RB_EREFUSED;
	return buf_put(&s->vkey, text);
}

static enum rb_err
check_state(const struct signing *s, const struct signing_state *state)
{
	struct checkpoint cp;
	enum rb_err rc;

	if ((rc = checkpoint_open(buf_span(&state->note), &s->key, &cp)) !=
	    RB_OK)
		return rc;
	return cp.size == state->size && digest_equal(&cp.root, &state->root) ?
	    RB_OK :
	    RB_ESIG;
}

static enum rb_err
take_state(struct msg *m, const char *origin, struct signing *s,
    struct signing_state *state)
{
	struct span in = buf_span(&m->body), note = SPAN_INIT;
	enum rb_err rc;

	if (m->type != SIGNER_STATE_IS)
		return RB_EPEER;
	if ((rc = take_u64(&in, &state->size)) != RB_OK)
		return rc;
	if ((rc = take_digest(&in, &state->root)) != RB_OK)
		return rc;
	if ((rc = take_bytes(&in, CHECKPOINT_NOTE_MAX, &note)) != RB_OK)
		return rc;
	if ((rc = take_vkey(&in, origin, s)) != RB_OK)
		return rc;
	if ((rc = take_end(in)) != RB_OK)
		return rc;
	if ((rc = buf_put(&state->note, note)) != RB_OK)
		return rc;
	return check_state(s, state);
}

enum rb_err
signing_open(int sock, const char *origin, struct signing *out,
    struct signing_state *state, struct fault *why)
{
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	struct signing s = SIGNING_INIT;
	struct signing_state is = SIGNING_STATE_INIT;
	struct msg question, answer;
	enum rb_err rc = RB_EINTERNAL;

	s.sock = sock;
	msg_init(&question, SIGNER_STATE);
	msg_init(&answer, 0);
	if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
		sizeof(patience)) != 0) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = msg_call(sock, &question, &answer)) != RB_OK) {
		rc = fault_set(why, rc,
		    "the signer does not answer: its own note says why");
		goto out;
	}
	if ((rc = take_state(&answer, origin, &s, &is)) != RB_OK) {
		rc = fault_set(why, rc,
		    "the signer's answer is not signed for %s by the key that "
		    "it names",
		    origin);
		goto out;
	}

	*out = s;
	*state = is;
	s = (struct signing)SIGNING_INIT; /* now the caller's */
	is = (struct signing_state)SIGNING_STATE_INIT;
	rc = RB_OK;
out:
	signing_clear(&s);
	signing_state_clear(&is);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

static enum rb_err
check_envelope(const struct signing *s, struct span bytes,
    struct span statement)
{
	struct envelope e = ENVELOPE_INIT;
	enum rb_err rc;

	if ((rc = envelope_parse(bytes, &e, NULL)) != RB_OK)
		return rc;
	rc = envelope_verify(&e, &s->key.key);
	if (rc == RB_OK && !span_equal(buf_span(&e.payload), statement))
		rc = RB_EDIGEST;
	envelope_clear(&e);
	return rc;
}

/* One leaf more than `f`, that leaf, and nothing else. */
static enum rb_err
check_note(const struct signing *s, struct span note, struct span envelope,
    struct frontier *f)
{
	struct frontier next = *f;
	struct checkpoint cp;
	struct digest leaf = DIGEST_INIT, root = DIGEST_INIT;
	enum rb_err rc;

	if ((rc = checkpoint_open(note, &s->key, &cp)) != RB_OK)
		return rc;
	if ((rc = tree_leaf_hash(envelope, &leaf)) != RB_OK)
		return rc;
	if ((rc = frontier_append(&next, &leaf)) != RB_OK)
		return rc;
	if ((rc = frontier_root(&next, &root)) != RB_OK)
		return rc;
	if (cp.size != next.size || !digest_equal(&cp.root, &root))
		return RB_EDIGEST;
	*f = next;
	return RB_OK;
}

static enum rb_err
take_appended(const struct signing *s, struct span in, struct frontier *f,
    struct span statement, struct buf *envelope, struct buf *note)
{
	struct span e = SPAN_INIT, n = SPAN_INIT;
	enum rb_err rc;

	if ((rc = take_bytes(&in, ENVELOPE_MAX, &e)) != RB_OK)
		return rc;
	if ((rc = take_bytes(&in, CHECKPOINT_NOTE_MAX, &n)) != RB_OK)
		return rc;
	if ((rc = take_end(in)) != RB_OK)
		return rc;
	buf_reset(envelope);
	buf_reset(note);
	if ((rc = buf_put(envelope, e)) != RB_OK)
		return rc;
	if ((rc = buf_put(note, n)) != RB_OK)
		return rc;
	if ((rc = check_envelope(s, e, statement)) != RB_OK)
		return rc;
	return check_note(s, n, e, f);
}

static enum rb_err
take_refusal(struct span in, struct fault *why)
{
	char *text = NULL;
	enum rb_err rc;

	if ((rc = take_text(&in, FAULT_TEXT_MAX, &text)) != RB_OK)
		return RB_EPEER;
	rc = fault_set(why, RB_EREFUSED, "the signer refuses: %s", text);
	free(text);
	return rc;
}

enum rb_err
signing_append(struct signing *s, struct frontier *f, struct span statement,
    struct buf *envelope, struct buf *note, struct fault *why)
{
	struct msg question, answer;
	enum rb_err rc;

	msg_init(&question, SIGNER_APPEND);
	msg_init(&answer, 0);
	if ((rc = put_u64(&question.body, f->size)) != RB_OK)
		goto out;
	if ((rc = put_bytes(&question.body, statement)) != RB_OK)
		goto out;
	if ((rc = msg_call(s->sock, &question, &answer)) != RB_OK) {
		rc = fault_set(why, RB_EPEER, "the signer was lost: %s",
		    err_name(rc));
		goto out;
	}
	if (answer.type == FRAME_REFUSED) {
		rc = take_refusal(buf_span(&answer.body), why);
		goto out;
	}
	if (answer.type != SIGNER_APPENDED) {
		rc = fault_set(why, RB_EPEER, "the signer answers frame 0x%04x",
		    answer.type);
		goto out;
	}
	rc = take_appended(s, buf_span(&answer.body), f, statement, envelope,
	    note);
	if (rc == RB_EREFUSED)
		rc = RB_ESIG; /* never to be taken for the signer's refusal */
	if (rc != RB_OK)
		rc = fault_set(why, rc,
		    "what the signer returned for leaf %llu is not that leaf, "
		    "signed and appended (%s)",
		    (unsigned long long)f->size, err_name(rc));
out:
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}
