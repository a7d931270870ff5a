/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <unistd.h>
#include <zstd.h>

#include "common/base/file.h"
#include "common/process/frames.h"
#include "rebuilder/command/apps.h"
#include "rebuilder/command/asking.h"
#include "rebuilder/command/showing.h"
#include "rebuilder/target.h"

#define SYNOPSIS "log [-c node.yml] [-f] TARGET|LEAF|FILE|SHA256"
#define BLOCK (64 * 1024)
#define LOOK_MS 250

/* One log that is being shown. */
struct reel {
	int fd; /* owned; -1: none yet */
	enum log_form form;
	uint32_t number;
	off_t at; /* how far a growing one was shown */
	bool is_terminal;
};

static enum rb_err
show_plain(struct reel *r)
{
	uint8_t block[BLOCK / 4];
	ssize_t n;
	enum rb_err rc = RB_OK;

	while (r->fd != -1 && rc == RB_OK) {
		n = pread(r->fd, block, sizeof(block), r->at);
		if (n == -1 && errno == EINTR)
			continue;
		if (n <= 0)
			return n == 0 ? RB_OK : RB_EIO;
		r->at += n;
		rc = show_bulk(stdout, span_of(block, (size_t)n),
		    r->is_terminal);
		if (rc == RB_OK && fflush(stdout) != 0)
			rc = RB_EIO;
	}
	return rc;
}

static enum rb_err
unpack_block(ZSTD_DCtx *ctx, uint8_t *out, size_t len, const uint8_t *in,
    bool is_terminal)
{
	ZSTD_inBuffer from = { in, len, 0 };
	ZSTD_outBuffer to;
	enum rb_err rc = RB_OK;

	do {
		to = (ZSTD_outBuffer){ out, BLOCK, 0 };
		if (ZSTD_isError(ZSTD_decompressStream(ctx, &to, &from)))
			return RB_EFORMAT;
		rc = show_bulk(stdout, span_of(out, to.pos), is_terminal);
	} while (rc == RB_OK && (from.pos < from.size || to.pos == to.size));
	return rc;
}

static enum rb_err
show_packed(struct reel *r)
{
	ZSTD_DCtx *ctx = ZSTD_createDCtx();
	uint8_t *in = malloc(BLOCK), *out = malloc(BLOCK);
	ssize_t n;
	enum rb_err rc = RB_OK;

	if (ctx == NULL || in == NULL || out == NULL)
		rc = RB_ENOMEM;
	while (rc == RB_OK) {
		n = read(r->fd, in, BLOCK);
		if (n == -1 && errno == EINTR)
			continue;
		if (n == -1)
			rc = RB_EIO;
		if (n <= 0)
			break;
		rc = unpack_block(ctx, out, (size_t)n, in, r->is_terminal);
	}
	ZSTD_freeDCtx(ctx);
	free(in);
	free(out);
	if (rc == RB_OK && fflush(stdout) != 0)
		rc = RB_EIO;
	return rc;
}

/* A log of a machine that was started later takes the place of the other. */
static enum rb_err
take_log(struct msg *m, struct reel *r)
{
	struct span in = buf_span(&m->body);
	char *whom = NULL;
	uint8_t form = 0;
	uint32_t number = 0;
	int fd = -1;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(&in, &form)) != RB_OK ||
	    (rc = take_u32(&in, &number)) != RB_OK ||
	    (rc = take_text(&in, TARGET_MAX, &whom)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK ||
	    (rc = msg_take_fd(m, 0, &fd)) != RB_OK)
		goto out;
	if (form > LOG_PACKED) {
		rc = RB_EPEER;
		goto out;
	}
	if (r->fd != -1 && number <= r->number)
		goto out;
	if ((rc = show_plain(r)) != RB_OK)
		goto out;
	fd_close(&r->fd);
	r->fd = fd;
	fd = -1; /* now the reel's */
	r->form = (enum log_form)form;
	r->number = number;
	r->at = 0;
out:
	free(whom);
	fd_close(&fd);
	return rc;
}

/* Frames as they come, until the job has ended; *ended says so. */
static enum rb_err
hear(int sock, struct reel *r, bool *ended, struct fault *why)
{
	struct msg m;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&m, 0);
	if ((rc = msg_recv(sock, &m)) != RB_OK) {
		fault_set(why, rc, "the node went away");
		goto out;
	}
	switch (m.type) {
	case ADMIN_LOG_IS:
		rc = take_log(&m, r);
		if (rc == RB_OK && r->form == LOG_PACKED)
			rc = show_packed(r);
		break;
	case ADMIN_ENDED:
		*ended = true;
		break;
	case ADMIN_STAGE:
	case ADMIN_RESULT:
		break;
	default:
		rc = RB_EPEER;
	}
out:
	msg_clear(&m);
	return rc;
}

static enum rb_err
follow(int sock, struct reel *r, struct fault *why)
{
	struct pollfd p = { sock, POLLIN, 0 };
	bool ended = false;
	enum rb_err rc = RB_OK;

	while (rc == RB_OK && !ended) {
		if (r->form == LOG_PLAIN && (rc = show_plain(r)) != RB_OK)
			break;
		if (poll(&p, 1, LOOK_MS) == 1)
			rc = hear(sock, r, &ended, why);
	}
	if (rc == RB_OK && r->form == LOG_PLAIN)
		rc = show_plain(r);
	return rc;
}

static enum rb_err
show(const struct app_words *w, struct fault *why)
{
	struct reel r = { -1, LOG_PLAIN, 0, 0, isatty(1) == 1 };
	struct msg question, answer;
	int sock = -1;
	enum rb_err rc = RB_EINTERNAL;

	msg_init(&question, ADMIN_LOG);
	msg_init(&answer, 0);
	if ((rc = put_text(&question.body, w->rest[0])) != RB_OK ||
	    (rc = put_u8(&question.body, w->follow ? 1 : 0)) != RB_OK ||
	    (rc = asking_send(w->conf, &question, &sock, why)) != RB_OK)
		goto out;
	if (w->follow) {
		rc = follow(sock, &r, why);
		goto out;
	}
	if ((rc = asking_recv(sock, ADMIN_LOG_IS, &answer, why)) != RB_OK ||
	    (rc = take_log(&answer, &r)) != RB_OK)
		goto out;
	rc = r.form == LOG_PACKED ? show_packed(&r) : show_plain(&r);
out:
	fd_close(&r.fd);
	fd_close(&sock);
	msg_clear(&question);
	msg_clear(&answer);
	return rc;
}

int
app_log(int argc, char **argv)
{
	struct fault why = FAULT_INIT;
	struct app_words w;
	int code;
	enum rb_err rc = RB_EINTERNAL;

	code = app_words(argc, argv, SYNOPSIS,
	    "Prints what the machine of a target prints, or printed last; or "
	    "that of a verdict.\n-f: goes on until the job ends.  On a "
	    "terminal, bytes that could drive it are\nshown as \\xHH.",
	    TAKES_FOLLOW, 1, 1, &w);
	if (code != -1)
		return code;
	rc = show(&w, &why);
	return rc == RB_OK ? 0 : app_failed("log", rc, &why, 2);
}
