/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/machine/machine_client.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mount.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/msg.h"
#include "common/process/role.h"

#define TEXT_MAX 1024
/* Far above what anybody hands out. */
#define LENT_IDS "root:1879048192:65536\n"

enum rb_err
machine_client_start_on(const char *program, const char *conf, int socks[2],
    struct machine_client *out)
{
	struct machine_client c = MACHINE_CLIENT_INIT;

	if ((c.pid = fork()) == 0) {
		/* dup2 onto itself would leave close-on-exec set. */
		if (dup2(socks[1], ROLE_SOCKET) != ROLE_SOCKET ||
		    fcntl(ROLE_SOCKET, F_SETFD, 0) != 0)
			_exit(126);
		(void)execl(program, "rebuilder-machine", "-c", conf,
		    (char *)NULL);
		_exit(127);
	}
	fd_close(&socks[1]);
	if (c.pid == -1) {
		fd_close(&socks[0]);
		return RB_EIO;
	}
	c.sock = socks[0];
	socks[0] = -1; /* now the client's */
	*out = c;
	return RB_OK;
}

enum rb_err
machine_client_start(const char *program, const char *conf,
    struct machine_client *out)
{
	int socks[2] = { -1, -1 };

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, socks) != 0)
		return RB_EIO;
	return machine_client_start_on(program, conf, socks, out);
}

static enum rb_err
add_copy(struct msg *m, int fd)
{
	int copy = fcntl(fd, F_DUPFD_CLOEXEC, 3);
	enum rb_err rc = RB_EIO;

	if (copy != -1 && (rc = msg_add_fd(m, copy)) != RB_OK)
		fd_close(&copy);
	return rc;
}

enum rb_err
machine_client_ask(const struct machine_client *c, struct span description,
    int inputs, int output, int log, int layer)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, MACHINE_RUN);
	if ((rc = put_bytes(&m.body, description)) == RB_OK &&
	    (rc = add_copy(&m, inputs)) == RB_OK &&
	    (rc = add_copy(&m, output)) == RB_OK &&
	    (rc = add_copy(&m, log)) == RB_OK &&
	    (layer == -1 || (rc = add_copy(&m, layer)) == RB_OK))
		rc = msg_send(c->sock, &m);
	msg_clear(&m);
	return rc;
}

static enum rb_err
take_maybe(struct span *in, bool *has, struct digest *d)
{
	uint8_t byte = 0;
	enum rb_err rc = take_u8(in, &byte);

	if (rc != RB_OK)
		return rc;
	*has = byte == 1;
	return byte > 1 ? RB_EFORMAT : take_digest(in, d);
}

enum rb_err
machine_client_hear(const struct machine_client *c, struct machine_answer *out)
{
	struct machine_answer a = MACHINE_ANSWER_INIT;
	struct span in;
	struct msg m;
	uint32_t status = 0;
	uint8_t end = 0;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, 0);
	if ((rc = msg_recv(c->sock, &m)) != RB_OK)
		goto out;
	in = buf_span(&m.body);
	if (m.type == FRAME_REFUSED) {
		a.is_refused = true;
		rc = take_text(&in, TEXT_MAX, &a.detail);
	} else if (m.type != MACHINE_ENDED) {
		rc = RB_EFORMAT;
	} else if ((rc = take_u8(&in, &end)) == RB_OK &&
	    (rc = take_u32(&in, &status)) == RB_OK &&
	    (rc = take_u64(&in, &a.milliseconds)) == RB_OK &&
	    (rc = take_text(&in, TEXT_MAX, &a.kind)) == RB_OK &&
	    (rc = take_text(&in, TEXT_MAX, &a.clock)) == RB_OK &&
	    (rc = take_maybe(&in, &a.has_image, &a.image)) == RB_OK &&
	    (rc = take_maybe(&in, &a.has_kernel, &a.kernel)) == RB_OK) {
		a.end = (enum machine_end)end;
		rc = take_text(&in, TEXT_MAX, &a.detail);
	}
	if (rc != RB_OK || (rc = take_end(in)) != RB_OK)
		goto out;
	*out = a;
	a = (struct machine_answer)MACHINE_ANSWER_INIT; /* the caller's */
out:
	machine_answer_clear(&a);
	msg_clear(&m);
	return rc;
}

int
machine_client_end(struct machine_client *c)
{
	int status = 0;

	fd_close(&c->sock);
	if (c->pid != -1)
		while (waitpid(c->pid, &status, 0) == -1 && errno == EINTR)
			;
	c->pid = -1;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void
machine_answer_clear(struct machine_answer *a)
{
	free(a->kind);
	free(a->clock);
	free(a->detail);
	*a = (struct machine_answer)MACHINE_ANSWER_INIT;
}

const char *
machine_end_name(enum machine_end end)
{
	switch (end) {
	case MACHINE_DONE:
		return "done";
	case MACHINE_TIMEOUT:
		return "timeout";
	case MACHINE_OUTPUT_LIMIT:
		return "output-limit";
	case MACHINE_LOG_LIMIT:
		return "log-limit";
	case MACHINE_CRASHED:
		return "crashed";
	case MACHINE_UNAVAILABLE:
		return "unavailable";
	}
	return "unknown";
}

static enum rb_err
lend(const char *dir, const char *name)
{
	char from[4096], to[64];
	int fd;
	enum rb_err rc = RB_EIO;

	snprintf(from, sizeof(from), "%s/%s", dir, name);
	snprintf(to, sizeof(to), "/etc/%s", name);
	fd = open(from, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (fd != -1)
		rc = file_write_fd(fd, SPAN(LENT_IDS));
	fd_close(&fd);
	if (rc == RB_OK && mount(from, to, NULL, MS_BIND, NULL) != 0)
		rc = RB_EIO;
	return rc;
}

enum rb_err
machine_client_lend_ids(const char *dir)
{
	enum rb_err rc = RB_EINTERNAL;

	if (unshare(CLONE_NEWNS) != 0 ||
	    mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0)
		return RB_EIO;
	if ((rc = lend(dir, "subuid")) == RB_OK)
		rc = lend(dir, "subgid");
	return rc;
}
