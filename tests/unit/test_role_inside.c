/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/unit/test_role_inside.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/base/note.h"
#include "common/process/role.h"

static enum rb_err
answer_echo(void *self, unsigned int *state, int sock, struct msg *question)
{
	(void)self;
	if (question->type == OPEN)
		*state = 1;
	return msg_send(sock, question);
}

static enum rb_err
answer_fail(void *self, unsigned int *state, int sock, struct msg *question)
{
	(void)self;
	(void)state;
	(void)sock;
	(void)question;
	return RB_EIO;
}

/* Bit set of open descriptors below 64. */
static uint64_t
descriptors_open(void)
{
	uint64_t set = 0;
	int fd;

	for (fd = 0; fd < 64; fd++) {
		if (fcntl(fd, F_GETFD) >= 0)
			set |= UINT64_C(1) << fd;
	}
	return set;
}

static enum rb_err
answer_report(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct buf status = BUF_INIT;
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;
	int signal = 0;
	char *text = NULL;

	(void)self;
	(void)state;
	(void)question;
	msg_init(&m, REPORT);
	if (prctl(PR_GET_PDEATHSIG, &signal) != 0)
		goto out;
	if ((rc = put_u64(&m.body, descriptors_open())) != RB_OK)
		goto out;
	if ((rc = put_u32(&m.body, (uint32_t)getuid())) != RB_OK)
		goto out;
	if ((rc = put_u8(&m.body, environ == NULL || *environ == NULL)) !=
	    RB_OK)
		goto out;
	if ((rc = put_u8(&m.body, signal == SIGKILL)) != RB_OK)
		goto out;
	if ((rc = put_u8(&m.body, getsid(0) == getpid())) != RB_OK)
		goto out;
	if ((rc = file_read_at(AT_FDCWD, "/proc/self/status", 65536,
		 &status)) != RB_OK)
		goto out;
	if ((rc = str_dup_span(buf_span(&status), &text)) != RB_OK)
		goto out;
	/* SIGPIPE is what note_open ignores, here as everywhere. */
	if ((rc = put_u8(&m.body,
		 strstr(text, "SigBlk:\t0000000000000000\n") != NULL &&
		     strstr(text, "SigIgn:\t0000000000001000\n") != NULL)) !=
	    RB_OK)
		goto out;
	rc = msg_send(sock, &m);
out:
	free(text);
	buf_clear(&status);
	msg_clear(&m);
	return rc;
}

/* One byte of each descriptor that it was given. */
static enum rb_err
answer_read_all(void *self, unsigned int *state, int sock, struct msg *question)
{
	struct msg m;
	enum rb_err rc = RB_OK;
	int fd;

	(void)self;
	(void)state;
	(void)question;
	msg_init(&m, READ_ALL);
	for (fd = ROLE_FIRST_FD; rc == RB_OK && fcntl(fd, F_GETFD) >= 0; fd++)
		rc = file_read_fd(fd, 1, &m.body);
	if (rc == RB_OK)
		rc = msg_send(sock, &m);
	msg_clear(&m);
	return rc;
}

static const struct duty duties[] = {
	{ ECHO, ANY_STATE, answer_echo },
	{ OPEN, STATE(0), answer_echo },
	{ SECRET, STATE(1), answer_echo },
	{ FAIL, ANY_STATE, answer_fail },
	{ REPORT, ANY_STATE, answer_report },
	{ READ_ALL, ANY_STATE, answer_read_all },
};

/* Says that it is there, and is then deaf. */
static _Noreturn void
hang(void)
{
	struct msg m;

	msg_init(&m, ECHO);
	if (msg_send(ROLE_SOCKET, &m) != RB_OK)
		_exit(1);
	for (;;)
		(void)poll(NULL, 0, -1);
}

int
role_main(const char *how)
{
	struct fault why = FAULT_INIT;
	struct jail jail;

	note_open("role");
	memset(&jail, 0, sizeof(jail));
	if (strncmp(how, "jailed", 6) == 0 &&
	    jail_enter(&jail, &why) != RB_OK) {
		note(NOTE_ERROR, "%s", why.text);
		return 1;
	}
	if (strstr(how, "hang") != NULL) {
		hang();
	}
	return role_serve(ROLE_SOCKET, duties,
	    sizeof(duties) / sizeof(duties[0]), NULL);
}
