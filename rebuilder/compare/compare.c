/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * rebuilder-compare: the only program that can say "reproduced".
 *
 * It can reach its socket and the two descriptors of a question, read only,
 * and hashes and compares their bytes.  It parses nothing: no package, no
 * name, no header, so hostile bytes have nothing here to play with.  Whoever
 * owned it all the same could give one false answer to one question, and
 * reach no file, no network, no key and no later question: each gets a fresh
 * process.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/role.h"
#include "rebuilder/compare/compare_files.h"

/* The hasher's blocks, a stack and an arena for its thread, libcrypto. */
#define MEMORY_MAX (512 * 1024 * 1024)

struct self {
	struct hasher *hasher; /* owned */
};

enum { READY, DONE };

static enum rb_err
send_refusal(int sock, const struct fault *why)
{
	struct msg m;
	enum rb_err rc;

	msg_init(&m, FRAME_REFUSED);
	if ((rc = put_text(&m.body, why->text)) == RB_OK)
		rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

static enum rb_err
put_same(const struct comparison *c, struct buf *body)
{
	enum rb_err rc;

	if ((rc = put_u64(body, c->rebuilt_size)) != RB_OK)
		return rc;
	return put_digest(body, &c->rebuilt);
}

static enum rb_err
put_different(const struct comparison *c, struct buf *body)
{
	enum rb_err rc;

	if ((rc = put_u64(body, c->rebuilt_size)) != RB_OK)
		return rc;
	if ((rc = put_digest(body, &c->rebuilt)) != RB_OK)
		return rc;
	if ((rc = put_u64(body, c->published_size)) != RB_OK)
		return rc;
	if ((rc = put_digest(body, &c->published)) != RB_OK)
		return rc;
	return put_u64(body, c->offset);
}

static enum rb_err
send_comparison(int sock, const struct comparison *c)
{
	struct msg m;
	enum rb_err rc;

	if (c->same) {
		msg_init(&m, COMPARE_SAME);
		rc = put_same(c, &m.body);
	} else {
		msg_init(&m, COMPARE_DIFFERENT);
		rc = put_different(c, &m.body);
	}
	if (rc == RB_OK)
		rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

static enum rb_err
answer_files(void *arg, unsigned int *state, int sock, struct msg *question)
{
	struct self *self = arg;
	struct span body = buf_span(&question->body);
	struct comparison c = COMPARISON_INIT;
	struct fault why = FAULT_INIT;
	uint64_t offset, len;
	enum rb_err rc;

	*state = DONE;
	if ((rc = take_u64(&body, &offset)) != RB_OK)
		return rc;
	if ((rc = take_u64(&body, &len)) != RB_OK)
		return rc;
	if ((rc = take_end(body)) != RB_OK)
		return rc;
	if (question->nfds != 2)
		return RB_EFORMAT;

	rc = compare_files(self->hasher, question->fds[0], offset, len,
	    question->fds[1], &c, &why);
	if (rc == RB_OK)
		return send_comparison(sock, &c);
	if (rc == RB_EFORMAT || rc == RB_EREFUSED)
		return send_refusal(sock, &why);
	note(NOTE_ERROR, "%s", why.text[0] != '\0' ? why.text : err_name(rc));
	return rc;
}

static const struct duty duties[] = {
	{ COMPARE_FILES, STATE(READY), answer_files },
};

int
main(int argc, char **argv)
{
	const struct jail jail = {
		.allow = JAIL_THREADS, /* the hasher's, started inside */
		.memory = MEMORY_MAX,
	};
	struct self self = { NULL };
	struct fault why = FAULT_INIT;
	int status;

	note_open("rebuilder-compare");
	if (argc == 2 && strcmp(argv[1], "--help") == 0) {
		puts("usage: rebuilder-compare\n"
		     "Compares two files for rebuilder, which starts it; see "
		     "rebuilder-compare(8).");
		return 0;
	}
	if (argc != 1) {
		note(NOTE_ERROR, "takes no arguments; started by rebuilder");
		return 2;
	}
	if (jail_enter(&jail, &why) != RB_OK) {
		note(NOTE_ERROR, "%s", why.text);
		return 1;
	}
	if (hasher_new(&self.hasher) != RB_OK) {
		note(NOTE_ERROR, "no memory or no thread for hashing");
		return 1;
	}
	status = role_serve(ROLE_SOCKET, duties,
	    sizeof(duties) / sizeof(duties[0]), &self);
	hasher_free(&self.hasher);
	return status;
}
