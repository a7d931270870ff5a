/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "attestor/publishing.h"

#include <sys/socket.h>
#include <sys/time.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/role.h"

/* One commit; whoever owns httpd can hold the writer's lock for ever. */
#define ANSWER_SECONDS 60

void
publishing_clear(struct publishing *p)
{
	fd_close(&p->sock);
}

static enum rb_err
take_state(const struct msg *m, struct publishing_state *out)
{
	struct publishing_state s;
	struct span in = buf_span(&m->body);
	enum rb_err rc;

	if (m->type != PUBLISH_STATE_IS)
		return RB_EPEER;
	if ((rc = take_u64(&in, &s.size)) != RB_OK)
		return rc;
	if ((rc = take_digest(&in, &s.root)) != RB_OK)
		return rc;
	if ((rc = take_end(in)) != RB_OK)
		return rc;
	*out = s;
	return RB_OK;
}

enum rb_err
publishing_open(const char *conf, struct publishing *out,
    struct publishing_state *state, struct fault *why)
{
	const struct timeval patience = { .tv_sec = ANSWER_SECONDS };
	const char *const args[] = { "-c", conf, NULL };
	struct role_start start = ROLE_START_INIT;
	struct role role = ROLE_INIT;
	struct msg question, answer;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, PUBLISH_STATE);
	msg_init(&answer, 0);
	start.program = "attestor-publish";
	start.args = args;
	if ((rc = role_spawn(&start, &role)) != RB_OK) {
		rc = fault_set(why, rc,
		    "cannot start attestor-publish, which stands beside "
		    "attestor");
		goto out;
	}
	if (setsockopt(role.fd, SOL_SOCKET, SO_RCVTIMEO, &patience,
		sizeof(patience)) != 0) {
		rc = RB_EIO;
		goto out;
	}
	if ((rc = msg_call(role.fd, &question, &answer)) == RB_OK)
		rc = take_state(&answer, state);
	if (rc != RB_OK) {
		rc = fault_set(why, rc,
		    "attestor-publish does not say what is served: its own "
		    "note says why; if it ends at every start, remove "
		    "served/data.mdb and served/lock.mdb, which are made again "
		    "from the truth");
		goto out;
	}

	/*
	 * Our jail will allow neither kill nor wait: from here on the socket
	 * is all that we hold of it.
	 */
	out->sock = role.fd;
	role.fd = -1; /* now the caller's */
	role.pid = -1;
	rc = RB_OK;
out:
	role_clear(&role);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

/* Every question but the first has the same answer. */
static enum rb_err
call(struct publishing *p, const struct msg *question)
{
	struct msg answer;
	enum rb_err rc;

	msg_init(&answer, 0);
	rc = msg_call(p->sock, question, &answer);
	if (rc == RB_OK &&
	    (answer.type != PUBLISH_DONE || answer.body.len != 0))
		rc = RB_EPEER;
	msg_clear(&answer);
	return rc;
}

enum rb_err
publishing_empty(struct publishing *p)
{
	struct msg m;
	enum rb_err rc;

	msg_init(&m, PUBLISH_EMPTY);
	rc = call(p, &m);
	msg_clear(&m);
	return rc;
}

enum rb_err
publishing_leaf(struct publishing *p, uint64_t index, struct span envelope)
{
	struct msg m;
	enum rb_err rc;

	msg_init(&m, PUBLISH_LEAF);
	if ((rc = put_u64(&m.body, index)) != RB_OK)
		goto out;
	if ((rc = put_bytes(&m.body, envelope)) != RB_OK)
		goto out;
	rc = call(p, &m);
out:
	msg_clear(&m);
	return rc;
}

enum rb_err
publishing_blob(struct publishing *p, const struct digest *d, struct span bytes)
{
	struct msg m;
	enum rb_err rc;
	int fd = -1;

	msg_init(&m, PUBLISH_BLOB);
	if ((rc = put_digest(&m.body, d)) != RB_OK)
		goto out;
	if ((rc = memory_file("blob", bytes, &fd)) != RB_OK)
		goto out;
	if ((rc = msg_add_fd(&m, fd)) != RB_OK)
		goto out;
	fd = -1; /* now the message's */
	rc = call(p, &m);
out:
	fd_close(&fd);
	msg_clear(&m);
	return rc;
}

enum rb_err
publishing_commit(struct publishing *p, struct span note, struct span node_json)
{
	struct msg m;
	enum rb_err rc;

	msg_init(&m, PUBLISH_COMMIT);
	if ((rc = put_bytes(&m.body, note)) != RB_OK)
		goto out;
	if ((rc = put_bytes(&m.body, node_json)) != RB_OK)
		goto out;
	rc = call(p, &m);
out:
	msg_clear(&m);
	return rc;
}
