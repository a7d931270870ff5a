/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/ask.h"
#include "rebuilder/verdict.h"

/*
 * The one frame that leaves our side: a statement and the files that it
 * names by digest.  There is no key on this side.
 */

#define SENTENCE_MAX 1024
#define ATTESTOR_SECONDS 120

struct blobs {
	uint8_t kinds[3];
	struct digest digests[3];
	uint8_t n;
};

static void
add_blob(struct blobs *b, uint8_t kind, const struct maybe_digest *d)
{
	if (!d->is_set)
		return;
	b->kinds[b->n] = kind;
	b->digests[b->n++] = d->value;
}

static enum rb_err
write_question(const struct trip *t, const struct statement *s,
    struct span bytes, struct msg *m)
{
	struct blobs blobs = { { 0 }, { DIGEST_INIT }, 0 };
	int fd = -1;
	uint8_t i;
	enum rb_err rc = RB_EINTERNAL;

	add_blob(&blobs, BLOB_INPUTS, &s->inputs.sha256);
	add_blob(&blobs, BLOB_LOG, &s->log);
	add_blob(&blobs, BLOB_DIFFERENCE, &s->difference);
	if ((rc = put_bytes(&m->body, bytes)) != RB_OK ||
	    (rc = put_u8(&m->body, blobs.n)) != RB_OK)
		goto out;
	for (i = 0; i < blobs.n; i++) {
		if ((rc = put_u8(&m->body, blobs.kinds[i])) != RB_OK ||
		    (rc = depot_get(t->depot, &blobs.digests[i], &fd)) !=
			RB_OK ||
		    (rc = msg_add_fd(m, fd)) != RB_OK)
			goto out;
		fd = -1; /* now the message's */
	}
	rc = RB_OK;
out:
	fd_close(&fd);
	return rc;
}

static enum rb_err
call_attestor(struct trip *t, struct msg *question, struct msg *answer)
{
	int sock = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = node_connect(t->node, "attestor.sock", &sock, &t->why)) !=
	    RB_OK)
		return rc;
	if ((rc = msg_send(sock, question)) != RB_OK ||
	    (rc = ask_wait(sock, ATTESTOR_SECONDS)) != RB_OK ||
	    (rc = msg_recv(sock, answer)) != RB_OK)
		fault_set(&t->why, rc,
		    "the attestor gave no answer (%s); "
		    "whether the verdict is logged is not known, ask again",
		    err_name(rc));
	fd_close(&sock);
	return rc;
}

static enum rb_err
take_logged(struct trip *t, const struct msg *answer, uint64_t *leaf)
{
	struct span in = buf_span(&answer->body);
	struct digest hash = DIGEST_INIT;
	uint64_t index = 0;
	char *sentence = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if (answer->type == FRAME_REFUSED) {
		if ((rc = take_text(&in, SENTENCE_MAX, &sentence)) == RB_OK)
			rc = fault_set(&t->why, RB_EREFUSED,
			    "the attestor refused the verdict: %s", sentence);
		goto out;
	}
	if (answer->type != ATTEST_LOGGED) {
		rc = fault_set(&t->why, RB_EPEER,
		    "the attestor answered out of turn");
		goto out;
	}
	if ((rc = take_u64(&in, &index)) != RB_OK ||
	    (rc = take_digest(&in, &hash)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		goto out;
	*leaf = index;
	rc = RB_OK;
out:
	free(sentence);
	return rc;
}

enum rb_err
verdict_submit(struct trip *t, const struct statement *s,
    struct digest *statement, uint64_t *leaf)
{
	struct msg question, answer;
	struct buf bytes = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, ATTEST_VERDICT);
	msg_init(&answer, 0);
	if ((rc = statement_write(s, &bytes, &t->why)) != RB_OK ||
	    (rc = digest_of(buf_span(&bytes), statement)) != RB_OK ||
	    (rc = write_question(t, s, buf_span(&bytes), &question)) != RB_OK ||
	    (rc = call_attestor(t, &question, &answer)) != RB_OK)
		goto out;
	rc = take_logged(t, &answer, leaf);
out:
	buf_clear(&bytes);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

enum rb_err
verdict_find(struct trip *t, const struct digest *statement, uint64_t *leaf)
{
	struct msg question, answer;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, ATTEST_FIND);
	msg_init(&answer, 0);
	if ((rc = put_digest(&question.body, statement)) != RB_OK ||
	    (rc = call_attestor(t, &question, &answer)) != RB_OK)
		goto out;
	rc = answer.type == ATTEST_UNKNOWN ? RB_ENOTFOUND :
					     take_logged(t, &answer, leaf);
out:
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}
