/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rebuilder/machine/wire.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/base/file.h"
#include "rebuilder/machine/relay.h"

#define HEADER_LEN 5
#define PORTS_MAX 4
/* What is waited for, besides the ports. */
enum { WATCH, IN, OUT, FIRST_PORT };

static enum rb_err
make_nonblocking(int fd)
{
	int flags = fcntl(fd, F_GETFL);

	if (flags == -1 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return RB_EIO;
	return RB_OK;
}

enum rb_err
wire_open(struct wire *w, int in, int out)
{
	enum rb_err rc = RB_EINTERNAL;

	if ((rc = make_nonblocking(in)) != RB_OK ||
	    (rc = make_nonblocking(out)) != RB_OK)
		return rc;
	w->in = in;
	w->out = out;
	w->got.p = malloc(HEADER_LEN + WIRE_FRAME_MAX);
	w->put.p = malloc(HEADER_LEN + WIRE_FRAME_MAX);
	return w->got.p == NULL || w->put.p == NULL ? RB_ENOMEM : RB_OK;
}

void
wire_clear(struct wire *w)
{
	free(w->got.p);
	free(w->put.p);
	*w = (struct wire)WIRE_INIT;
}

static bool
must_wait(void)
{
	return errno == EAGAIN || errno == EINTR;
}

static void
write_header(struct wire_frame *f, enum wire_channel channel, size_t len)
{
	f->p[0] = (uint8_t)channel;
	f->p[1] = (uint8_t)(len >> 24);
	f->p[2] = (uint8_t)(len >> 16);
	f->p[3] = (uint8_t)(len >> 8);
	f->p[4] = (uint8_t)len;
	f->len = HEADER_LEN + len;
	f->done = 0;
}

static size_t
read_length(const struct wire_frame *f)
{
	return (size_t)f->p[1] << 24 | (size_t)f->p[2] << 16 |
	    (size_t)f->p[3] << 8 | f->p[4];
}

static bool
is_whole(const struct wire_frame *f)
{
	return f->len >= HEADER_LEN && f->len == HEADER_LEN + read_length(f);
}

/* What has come of a frame.  RB_EPEER: the end; RB_EFORMAT: it is none. */
static enum rb_err
receive(struct wire *w)
{
	struct wire_frame *f = &w->got;
	size_t want = HEADER_LEN;
	ssize_t got;

	if (f->len >= HEADER_LEN)
		want += read_length(f);
	got = read(w->in, f->p + f->len, want - f->len);
	if (got < 0)
		return must_wait() ? RB_OK : RB_EPEER;
	if (got == 0)
		return RB_EPEER;
	f->len += (size_t)got;
	if (f->len == HEADER_LEN && read_length(f) > WIRE_FRAME_MAX)
		return RB_EFORMAT;
	f->done = HEADER_LEN;
	return RB_OK;
}

static enum rb_err
transmit(struct wire *w)
{
	struct wire_frame *f = &w->put;
	ssize_t put = write(w->out, f->p + f->done, f->len - f->done);

	if (put < 0)
		return must_wait() ? RB_OK : RB_EPEER;
	f->done += (size_t)put;
	if (f->done == f->len)
		f->len = f->done = 0;
	return RB_OK;
}

/* Makes the next frame of a source's bytes, or of its end. */
static enum rb_err
fill(struct wire *w, struct wire_port *port)
{
	ssize_t got = read(port->fd, w->put.p + HEADER_LEN, WIRE_FRAME_MAX);

	if (got < 0)
		return must_wait() ? RB_OK : RB_EIO;
	write_header(&w->put, port->channel, (size_t)got);
	port->is_wanted = false;
	if (got == 0) {
		port->has_ended = true;
		fd_close(&port->fd);
	}
	return RB_OK;
}

static struct wire_port *
find_port(const struct wire_talk *t, bool is_source, enum wire_channel channel)
{
	size_t i;

	for (i = 0; i < t->nports; i++)
		if (t->ports[i].is_source == is_source &&
		    (is_source ? t->ports[i].wanted_by : t->ports[i].channel) ==
			channel)
			return &t->ports[i];
	return NULL;
}

/* A whole frame for a port.  RB_ELIMIT: too much, what fits is passed on. */
static enum rb_err
accept_frame(struct wire *w, struct wire_port *port)
{
	struct wire_frame *f = &w->got;
	uint64_t len = f->len - HEADER_LEN;

	if (port->has_ended || (port->wanted_by != 0 && !port->is_wanted))
		return RB_EFORMAT;
	port->is_wanted = false;
	if (len == 0) {
		port->has_ended = true;
		fd_close(&port->fd);
	}
	if (len > port->left) {
		/* As much as it takes at once: that will do for the end. */
		if (port->fd != -1 &&
		    write(port->fd, f->p + f->done, (size_t)port->left) < 0)
			return RB_EIO;
		return RB_ELIMIT;
	}
	port->left -= len;
	if (port->fd == -1)
		f->done = f->len; /* nobody takes it any more */
	return RB_OK;
}

static enum rb_err
drain(struct wire *w, struct wire_port *port)
{
	struct wire_frame *f = &w->got;
	ssize_t put = write(port->fd, f->p + f->done, f->len - f->done);

	if (put < 0 && must_wait())
		return RB_OK;
	/* A machine that reads no more has enough. */
	if (put < 0 && errno == EPIPE) {
		fd_close(&port->fd);
		f->done = f->len;
		return RB_OK;
	}
	if (put < 0)
		return RB_EIO;
	f->done += (size_t)put;
	return RB_OK;
}

/* Where a talk stands. */
struct state {
	struct wire_port *sink; /* the frame that came is this one's */
	struct pollfd fds[FIRST_PORT + PORTS_MAX];
};

/* The other side wants a frame of a source of ours. */
static enum rb_err
accept_want(struct wire_port *source, size_t len)
{
	if (len != 0 || source->is_wanted)
		return RB_EFORMAT;
	source->is_wanted = true;
	return RB_OK;
}

/* Whose is the frame that is whole?  RB_EREFUSED: the talk is over. */
static enum rb_err
deliver(struct wire *w, const struct wire_talk *t, struct state *s,
    size_t *which)
{
	struct wire_frame *f = &w->got;
	enum wire_channel channel = (enum wire_channel)f->p[0];
	struct wire_port *source = find_port(t, true, channel);
	size_t len = f->len - HEADER_LEN;

	s->sink = find_port(t, false, channel);
	if (s->sink != NULL) {
		*which = (size_t)(s->sink - t->ports);
		return accept_frame(w, s->sink);
	}
	f->done = f->len;
	if (source != NULL && channel != 0)
		return accept_want(source, len);
	return t->take(t->context, channel, span_of(f->p + HEADER_LEN, len));
}

static enum rb_err
dispatch(struct wire *w, const struct wire_talk *t, struct state *s,
    size_t *which)
{
	struct wire_frame *f = &w->got;
	enum rb_err rc = RB_OK;

	if (s->sink == NULL && is_whole(f))
		rc = deliver(w, t, s, which);
	if (is_whole(f) && f->done == f->len) {
		f->len = f->done = 0;
		s->sink = NULL;
	}
	return rc;
}

static bool
sources_have_ended(const struct wire *w, const struct wire_talk *t)
{
	size_t i;

	for (i = 0; i < t->nports; i++)
		if (t->ports[i].is_source && !t->ports[i].has_ended)
			return false;
	return w->put.len == 0;
}

/* What to wait for at a port; 0: nothing. */
static short
port_events(const struct wire *w, const struct wire_port *port,
    const struct state *s)
{
	bool is_free = w->put.len == 0;

	if (port->is_source)
		return is_free && (port->wanted_by == 0 || port->is_wanted) ?
		    POLLIN :
		    0;
	if (port == s->sink)
		return POLLOUT;
	/* Whoever reads it has taken all that came. */
	return is_free && port->wanted_by != 0 && !port->is_wanted ? POLLOUT :
								     0;
}

static void
prepare(const struct wire *w, const struct wire_talk *t, struct state *s)
{
	size_t i;

	s->fds[WATCH] = (struct pollfd){ t->watch, POLLIN, 0 };
	s->fds[IN] = (struct pollfd){ w->in, POLLIN, 0 };
	if (s->sink != NULL)
		s->fds[IN] = (struct pollfd){ t->until_closed ? w->in : -1, 0,
			0 };
	s->fds[OUT] = (struct pollfd){ w->put.len == 0 ? -1 : w->out, POLLOUT,
		0 };
	for (i = 0; i < t->nports; i++) {
		short events = port_events(w, &t->ports[i], s);

		s->fds[FIRST_PORT + i] = (struct pollfd){
			events == 0 ? -1 : t->ports[i].fd, events, 0
		};
	}
}

static enum rb_err
step_port(struct wire *w, struct wire_port *port, const struct state *s)
{
	if (port == s->sink)
		return drain(w, port);
	/* An earlier port may have begun a frame meanwhile. */
	if (w->put.len != 0)
		return RB_OK;
	if (port->is_source)
		return fill(w, port);
	write_header(&w->put, port->wanted_by, 0);
	port->is_wanted = true;
	return RB_OK;
}

static enum rb_err
step(struct wire *w, const struct wire_talk *t, struct state *s, size_t *which,
    bool *is_wire)
{
	short in = s->fds[IN].revents;
	size_t i;
	enum rb_err rc = RB_OK;

	*is_wire = true;
	if (s->fds[OUT].revents != 0 && (rc = transmit(w)) != RB_OK)
		return rc;
	if (in != 0 && s->sink == NULL)
		rc = receive(w);
	else if ((in & (POLLHUP | POLLERR)) != 0)
		rc = RB_EPEER;
	if (rc != RB_OK)
		return rc;
	*is_wire = false;
	for (i = 0; i < t->nports && rc == RB_OK; i++) {
		if (s->fds[FIRST_PORT + i].revents == 0)
			continue;
		*which = i;
		rc = step_port(w, &t->ports[i], s);
	}
	return rc;
}

static int
time_left(int64_t until)
{
	int64_t left = until - clock_now();

	if (left <= 0)
		return 0;
	return left > INT_MAX ? INT_MAX : (int)left;
}

static enum wire_end
end_of(enum rb_err rc, bool is_wire)
{
	if (rc == RB_EFORMAT)
		return WIRE_BROKEN;
	if (rc == RB_EREFUSED)
		return WIRE_OVER;
	if (rc == RB_ELIMIT)
		return WIRE_FULL;
	return is_wire ? WIRE_GONE : WIRE_FAILED;
}

enum wire_end
wire_talk(struct wire *w, const struct wire_talk *t, size_t *which)
{
	struct state s = { .sink = NULL };
	bool is_wire = false;
	enum rb_err rc = RB_EINTERNAL;
	int r;

	if (t->nports > PORTS_MAX)
		abort();
	*which = 0;
	for (;;) {
		if ((rc = dispatch(w, t, &s, which)) != RB_OK)
			return end_of(rc, false);
		if (t->until_sources_end && sources_have_ended(w, t))
			return WIRE_OVER;
		prepare(w, t, &s);
		r = poll(s.fds, (nfds_t)(FIRST_PORT + t->nports),
		    time_left(t->until));
		if (r < 0 && errno == EINTR)
			continue;
		if (r < 0)
			return WIRE_FAILED;
		if (time_left(t->until) == 0)
			return WIRE_LATE;
		if (s.fds[WATCH].revents != 0)
			return WIRE_ALONE;
		if ((rc = step(w, t, &s, which, &is_wire)) != RB_OK)
			return end_of(rc, is_wire);
	}
}

static enum rb_err
flush(struct wire *w, int64_t until)
{
	struct pollfd fd = { w->out, POLLOUT, 0 };
	enum rb_err rc = RB_OK;

	while (w->put.len != 0 && rc == RB_OK) {
		if (poll(&fd, 1, time_left(until)) == 0)
			return RB_ETIME;
		rc = transmit(w);
	}
	return rc;
}

enum rb_err
wire_put(struct wire *w, enum wire_channel channel, struct span body,
    int64_t until)
{
	enum rb_err rc = RB_EINTERNAL;

	if (body.len > WIRE_FRAME_MAX)
		return RB_ELIMIT;
	/* Something may be under way; frames do not mix. */
	if ((rc = flush(w, until)) != RB_OK)
		return rc;
	write_header(&w->put, channel, body.len);
	if (body.len != 0)
		memcpy(w->put.p + HEADER_LEN, body.p, body.len);
	return flush(w, until);
}
