/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/ask.h"

#include <fcntl.h>
#include <stdlib.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "common/process/role.h"
#include "rebuilder/leash.h"

#define REFUSAL_MAX 1024

enum rb_err
ask_add_copy(struct msg *m, int fd)
{
	int copy = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((copy = fcntl(fd, F_DUPFD_CLOEXEC, 0)) == -1)
		return RB_EIO;
	if ((rc = msg_add_fd(m, copy)) != RB_OK)
		fd_close(&copy);
	return rc;
}

enum rb_err
ask_wait(int fd, unsigned int seconds)
{
	return leash_wait(fd, (uint64_t)seconds * 1000);
}

/* `m` is a refusal: its sentence, and the code that stands for it. */
static enum rb_err
take_refusal(const struct msg *m, struct fault *why)
{
	static const enum rb_err codes[] = { RB_EREFUSED, RB_ENOTFOUND,
		RB_ESTALE, RB_ESIG, RB_EDIGEST };
	struct span body = buf_span(&m->body);
	char *sentence = NULL;
	uint8_t how = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((m->type == JUDGE_REFUSED &&
		(rc = take_u8(&body, &how)) != RB_OK) ||
	    (rc = take_text(&body, REFUSAL_MAX, &sentence)) != RB_OK ||
	    (rc = take_end(body)) != RB_OK)
		goto out;
	if (how >= sizeof(codes) / sizeof(codes[0])) {
		rc = RB_EPEER;
		goto out;
	}
	rc = fault_set(why, codes[how], "%s", sentence);
out:
	free(sentence);
	return rc;
}

/* One answer of any type but a refusal. */
static enum rb_err
ask(const char *program, struct msg *question, unsigned int seconds,
    struct msg *answer, struct fault *why)
{
	struct role_start start = ROLE_START_INIT;
	struct role role = ROLE_INIT;
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, 0);
	start.program = program;
	if ((rc = role_spawn(&start, &role)) != RB_OK) {
		fault_set(why, rc, "%s could not be started: %s", program,
		    err_name(rc));
		goto out;
	}
	if ((rc = msg_send(role.fd, question)) != RB_OK ||
	    (rc = ask_wait(role.fd, seconds)) != RB_OK ||
	    (rc = msg_recv(role.fd, &m)) != RB_OK) {
		fault_set(why, rc,
		    "%s gave no answer (%s): what it was to read crashed or "
		    "stopped it, or a disk is full",
		    program, err_name(rc));
		goto out;
	}
	if (m.type == FRAME_REFUSED || m.type == JUDGE_REFUSED) {
		rc = take_refusal(&m, why);
		goto out;
	}
	*answer = m;
	msg_init(&m, 0); /* now the caller's */
	rc = RB_OK;
out:
	msg_clear(&m);
	msg_clear(question);
	role_clear(&role);
	return rc;
}

static enum rb_err
out_of_turn(const char *program, struct msg *answer, struct fault *why)
{
	msg_clear(answer);
	return fault_set(why, RB_EPEER, "%s answered out of turn", program);
}

enum rb_err
ask_role(const char *program, struct msg *question, uint16_t expected,
    unsigned int seconds, struct msg *answer, struct fault *why)
{
	enum rb_err rc = RB_EINTERNAL;

	rc = ask(program, question, seconds, answer, why);
	if (rc == RB_OK && (answer->type != expected || answer->nfds != 0))
		rc = out_of_turn(program, answer, why);
	return rc;
}

enum rb_err
ask_compare(struct msg *question, unsigned int seconds, struct msg *answer,
    struct fault *why)
{
	static const char program[] = "rebuilder-compare";
	enum rb_err rc = RB_EINTERNAL;

	rc = ask(program, question, seconds, answer, why);
	if (rc == RB_OK &&
	    ((answer->type != COMPARE_SAME &&
		 answer->type != COMPARE_DIFFERENT) ||
		answer->nfds != 0))
		rc = out_of_turn(program, answer, why);
	return rc;
}
