/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/base/file.h"
#include "common/process/msg.h"
#include "rebuilder/machine/machine_driver.h"
#include "rebuilder/machine/relay.h"
#include "rebuilder/machine/wire.h"

/*
 * A machine that another rebuilder-machine makes, on the other side of one
 * byte stream: on Xen that of dom0.  A program of the operator's connects
 * our descriptors 0 and 1 with `rebuilder-machine --stream` there.
 *
 * The other side is believed how the machine ended, as any driver is; its
 * bytes are bounded like a guest's.
 */

/* Beyond the machine's own time, for the way there and back. */
#define WAY_MS 180000
/* For the program, from the end of the stream on. */
#define LEAVE_MS 3000
#define PAUSE_MS 10
#define DETAIL_MAX (FAULT_MAX - 1)

struct far {
	pid_t pid; /* of the program; -1: none */
	int in, out; /* owned: what it writes, what it reads */
	struct wire wire;
	struct wire_port ports[4];
	/* What came at the end. */
	struct machine_result *result;
	bool has_ended, is_refused;
};

enum { LAYER, INPUTS, LOG, OUTPUT };

static _Noreturn void
child(const char *program, int in, int out)
{
	char *const argv[] = { (char *)(uintptr_t)program, NULL };
	char path[] = "PATH=/usr/sbin:/usr/bin";
	char *const env[] = { path, NULL };

	if (prctl(PR_SET_PDEATHSIG, SIGKILL) == 0 &&
	    dup2(in, STDIN_FILENO) == STDIN_FILENO &&
	    dup2(out, STDOUT_FILENO) == STDOUT_FILENO)
		(void)execve(program, argv, env);
	_exit(127);
}

static enum rb_err
connect_program(struct far *f, const char *program, struct fault *why)
{
	int to[2] = { -1, -1 }, from[2] = { -1, -1 };
	enum rb_err rc = RB_EIO;

	if (pipe2(to, O_CLOEXEC) != 0 || pipe2(from, O_CLOEXEC) != 0)
		goto out;
	if ((f->pid = fork()) == 0)
		child(program, to[0], from[1]);
	if (f->pid == -1)
		goto out;
	f->in = from[0];
	f->out = to[1];
	from[0] = to[1] = -1; /* now the far side's */
	rc = wire_open(&f->wire, f->in, f->out);
out:
	if (rc != RB_OK)
		(void)fault_set(why, rc, "cannot run %s: %s", program,
		    strerror(errno));
	fd_close(&to[0]);
	fd_close(&to[1]);
	fd_close(&from[0]);
	fd_close(&from[1]);
	return rc;
}

/* Lets it take leave of the other side; but it must end. */
static void
end_program(pid_t pid)
{
	int64_t until = clock_now() + LEAVE_MS;
	pid_t r;

	while ((r = waitpid(pid, NULL, WNOHANG)) == 0 && clock_now() < until)
		(void)poll(NULL, 0, PAUSE_MS);
	if (r == pid)
		return;
	(void)kill(pid, SIGKILL);
	while (waitpid(pid, NULL, 0) == -1 && errno == EINTR)
		;
}

static void
far_clear(struct far *f)
{
	size_t i;

	wire_clear(&f->wire);
	/* The other side ends the machine when the stream ends. */
	fd_close(&f->in);
	fd_close(&f->out);
	if (f->pid > 0)
		end_program(f->pid);
	for (i = 0; i < sizeof(f->ports) / sizeof(f->ports[0]); i++)
		fd_close(&f->ports[i].fd);
}

static enum rb_err
take_maybe_digest(struct span *in, bool *has, struct digest *d)
{
	uint8_t flag = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(in, &flag)) != RB_OK)
		return rc;
	*has = flag != 0;
	return flag > 1 ? RB_EFORMAT : take_digest(in, d);
}

/* A text of bounded length, into an array. */
static enum rb_err
take_word(struct span *in, char *out, size_t size)
{
	char *text = NULL;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_text(in, size - 1, &text)) != RB_OK)
		return rc;
	memcpy(out, text, strlen(text) + 1);
	free(text);
	return RB_OK;
}

static enum rb_err
take_ended(struct span in, struct machine_result *m)
{
	uint64_t took = 0;
	uint8_t end = 0;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = take_u8(&in, &end)) != RB_OK ||
	    (rc = take_u32(&in, &m->status)) != RB_OK ||
	    (rc = take_u64(&in, &took)) != RB_OK ||
	    (rc = take_word(&in, m->kind, sizeof(m->kind))) != RB_OK ||
	    (rc = take_word(&in, m->clock, sizeof(m->clock))) != RB_OK ||
	    (rc = take_maybe_digest(&in, &m->has_image, &m->image)) != RB_OK ||
	    (rc = take_maybe_digest(&in, &m->has_kernel, &m->kernel)) !=
		RB_OK ||
	    (rc = take_word(&in, m->detail.text, DETAIL_MAX)) != RB_OK ||
	    (rc = take_end(in)) != RB_OK)
		return rc;
	if (end > MACHINE_UNAVAILABLE)
		return RB_EFORMAT;
	m->end = (enum machine_end)end;
	return RB_OK;
}

static enum rb_err
take_frame(void *context, enum wire_channel channel, struct span body)
{
	struct far *f = context;
	enum rb_err rc = RB_EFORMAT;

	if (channel == WIRE_ENDED) {
		rc = take_ended(body, f->result);
		f->has_ended = rc == RB_OK;
	} else if (channel == WIRE_REFUSED) {
		rc = take_word(&body, f->result->detail.text, DETAIL_MAX);
		f->is_refused = rc == RB_OK;
	}
	return rc == RB_OK ? RB_EREFUSED : RB_EFORMAT;
}

static void
open_ports(struct far *f, struct machine_run *run)
{
	const struct description *d = run->description;

	f->ports[LAYER] = (struct wire_port){ .channel = WIRE_LAYER,
		.is_source = true,
		.wanted_by = WIRE_WANT_LAYER,
		.fd = run->layer };
	f->ports[INPUTS] = (struct wire_port){ .channel = WIRE_INPUTS,
		.is_source = true,
		.wanted_by = WIRE_WANT_INPUTS,
		.fd = run->inputs };
	f->ports[LOG] = (struct wire_port){ .channel = WIRE_LOG,
		.fd = run->log,
		.left = d->log };
	f->ports[OUTPUT] = (struct wire_port){ .channel = WIRE_OUTPUT,
		.fd = run->output,
		.left = d->output };
	/* now the far side's */
	run->layer = run->inputs = run->log = run->output = -1;
}

static void
ended(struct machine_result *m, enum machine_end end, const char *detail)
{
	m->end = end;
	(void)fault_set(&m->detail, RB_OK, "%s", detail);
}

static enum rb_err
judge_end(const struct far *f, enum wire_end end, size_t which,
    struct machine_result *m)
{
	switch (end) {
	case WIRE_OVER:
		/* Our own descriptions are not refused by our own program. */
		if (f->is_refused)
			m->end = MACHINE_UNAVAILABLE;
		return RB_OK;
	case WIRE_LATE:
		ended(m, MACHINE_UNAVAILABLE,
		    "the other side did not say in time how the machine ended");
		return RB_OK;
	case WIRE_ALONE:
		return RB_EPEER;
	case WIRE_GONE:
		ended(m, MACHINE_UNAVAILABLE,
		    "the stream to the other side ended too early");
		return RB_OK;
	case WIRE_BROKEN:
		ended(m, MACHINE_UNAVAILABLE,
		    "what came from the other side is not what "
		    "rebuilder-machine sends");
		return RB_OK;
	case WIRE_FULL:
		ended(m,
		    which == LOG ? MACHINE_LOG_LIMIT : MACHINE_OUTPUT_LIMIT,
		    which == LOG ? "killed because its log passed the limit" :
				   "killed because its output passed the "
				   "limit");
		return RB_OK;
	case WIRE_FAILED:
		m->end = MACHINE_UNAVAILABLE;
		(void)fault_set(&m->detail, RB_OK,
		    "cannot pass on a stream: %s", strerror(errno));
		return RB_OK;
	}
	return RB_EINTERNAL;
}

static enum rb_err
send_description(struct far *f, const struct machine_run *run,
    struct fault *why)
{
	struct buf text = BUF_INIT;
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = description_write(run->description, &text)) == RB_OK)
		rc = wire_put(&f->wire, WIRE_DESCRIPTION, buf_span(&text),
		    run->deadline);
	buf_clear(&text);
	return rc == RB_OK ?
	    RB_OK :
	    fault_set(why, RB_EIO,
		"the stream to the other side ended too early");
}

static enum rb_err
run_far(struct machine_run *run, struct machine_result *out, struct fault *why)
{
	struct machine_result result = { .end = MACHINE_UNAVAILABLE };
	struct far f = { .pid = -1,
		.in = -1,
		.out = -1,
		.wire = WIRE_INIT,
		.ports = { { .fd = -1 }, { .fd = -1 }, { .fd = -1 },
		    { .fd = -1 } },
		.result = &result };
	struct wire_talk talk = { .ports = f.ports,
		.nports = sizeof(f.ports) / sizeof(f.ports[0]),
		.watch = run->watch,
		.until = run->deadline + WAY_MS,
		.take = take_frame,
		.context = &f };
	enum wire_end end;
	size_t which = 0;
	enum rb_err rc = RB_EINTERNAL;

	memcpy(result.clock, "host", sizeof("host"));
	if ((rc = connect_program(&f, run->settings->connect, why)) != RB_OK ||
	    (rc = send_description(&f, run, why)) != RB_OK)
		goto out;
	open_ports(&f, run);
	end = wire_talk(&f.wire, &talk, &which);
	if ((rc = judge_end(&f, end, which, &result)) == RB_OK)
		*out = result;
out:
	far_clear(&f);
	return rc;
}

const struct machine_driver machine_far = {
	.kind = "far",
	.run = run_far,
};
