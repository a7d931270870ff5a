/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/admin.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/frames.h"
#include "common/process/msg.h"
#include "rebuilder/target.h"

#define PATIENCE_SECONDS 5

static void
refuse(int sock, const char *sentence)
{
	struct msg m;

	msg_init(&m, FRAME_REFUSED);
	if (put_text(&m.body, sentence) == RB_OK && msg_send(sock, &m) != RB_OK)
		note(NOTE_WARN, "admin: a client left before its answer");
	msg_clear(&m);
}

static void
answer_rebuild(int sock, struct jobs *jobs, const struct msg *m)
{
	struct span in = buf_span(&m->body), rest;
	struct target parsed;
	struct fault why = FAULT_INIT;
	char *target = NULL;
	uint8_t again = 0;
	uint16_t n = 0, i;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(&in, &again)) != RB_OK ||
	    (rc = take_u16(&in, &n)) != RB_OK)
		goto out;
	/* All of them or none. */
	rest = in;
	for (i = 0; i < n; i++) {
		if ((rc = take_text(&rest, TARGET_MAX, &target)) != RB_OK ||
		    (rc = target_parse(target, &parsed, &why)) != RB_OK)
			goto out;
		free(target);
		target = NULL;
	}
	if ((rc = take_end(rest)) != RB_OK)
		goto out;
	for (i = 0; i < n; i++) {
		if ((rc = take_text(&in, TARGET_MAX, &target)) != RB_OK ||
		    (rc = jobs_add(jobs, target, again == 1, sock, &why)) !=
			RB_OK)
			goto out;
		free(target);
		target = NULL;
	}
out:
	if (rc != RB_OK)
		refuse(sock,
		    why.text[0] != '\0' ?
			why.text :
			"the question is not one that admin.sock knows");
	free(target);
}

static void
answer(int sock, struct jobs *jobs)
{
	struct msg m;

	msg_init(&m, 0);
	if (msg_recv(sock, &m) != RB_OK)
		goto out;
	switch (m.type) {
	case ADMIN_REBUILD:
		answer_rebuild(sock, jobs, &m);
		break;
	case ADMIN_QUEUE:
		if (jobs_list(jobs, sock) != RB_OK)
			note(NOTE_WARN,
			    "admin: a client left before its "
			    "answer");
		break;
	default:
		refuse(sock,
		    "the question is not one that admin.sock "
		    "knows");
	}
out:
	msg_clear(&m);
}

int
admin_serve(int listening, struct jobs *jobs)
{
	const struct timeval patience = { PATIENCE_SECONDS, 0 };
	int sock = -1;

	for (;;) {
		sock = accept4(listening, NULL, NULL, SOCK_CLOEXEC);
		if (sock == -1) {
			if (errno == EINTR || errno == ECONNABORTED)
				continue;
			note(NOTE_ERROR, "admin.sock: %s", strerror(errno));
			return 1;
		}
		/*
		 * Only root can connect: the socket's mode says so.  From
		 * within our user namespace other users look all alike.
		 */
		if (setsockopt(sock, SOL_SOCKET, SO_RCVTIMEO, &patience,
			sizeof(patience)) == 0 &&
		    setsockopt(sock, SOL_SOCKET, SO_SNDTIMEO, &patience,
			sizeof(patience)) == 0)
			answer(sock, jobs);
		/* Who waits for a job hears through the job's duplicate. */
		fd_close(&sock);
	}
}
