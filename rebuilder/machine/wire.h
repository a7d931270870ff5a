/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_WIRE_H
#define RB_REBUILDER_WIRE_H

#include "common/base/buf.h"

/*
 * The streams of a machine over one stream (MACHINE.md, "A node in a domain
 * of its own"): frames of channel (u8), length (u32, big endian) and bytes.
 */
#define WIRE_FRAME_MAX (64 * 1024)

enum wire_channel {
	/* from the node */
	WIRE_DESCRIPTION = 1,
	/* of these two a frame for each that was wanted */
	WIRE_LAYER = 2,
	WIRE_INPUTS = 3,
	/* from the machine's side */
	WIRE_WANT_LAYER = 4,
	WIRE_LOG = 5,
	WIRE_OUTPUT = 6,
	WIRE_ENDED = 7,   /* the body of MACHINE_ENDED */
	WIRE_REFUSED = 8, /* the body of FRAME_REFUSED */
	WIRE_WANT_INPUTS = 9,
};

/*
 * A descriptor whose bytes go over the wire, or that takes what comes.  A
 * frame without bytes is its end.
 */
struct wire_port {
	enum wire_channel channel;
	bool is_source;
	/*
	 * A frame only when the other side wants one, for what it may not
	 * need at all, or not yet: then it would be in the way of others.
	 * It says so on this channel.  0: at any time.
	 */
	enum wire_channel wanted_by;
	int fd;          /* owned; -1: nothing to send, or nobody who takes */
	uint64_t left;   /* how many bytes may still come */
	bool has_ended;  /* as the other side said, or was told */
	bool is_wanted;  /* a frame is on its way */
};

/* One frame, on its way. */
struct wire_frame {
	uint8_t *p; /* owned */
	size_t len, done;
};

struct wire {
	int in, out; /* borrowed; made non-blocking */
	struct wire_frame got, put;
};

#define WIRE_INIT { -1, -1, { NULL, 0, 0 }, { NULL, 0, 0 } }

enum rb_err wire_open(struct wire *w, int in, int out) RB_CHECK;
void wire_clear(struct wire *w);

/* All borrowed. */
struct wire_talk {
	struct wire_port *ports;
	size_t nports;
	int watch;      /* any event on it ends the talk; -1: none */
	int64_t until;  /* of clock_now */
	/*
	 * Takes a frame of a channel that no port has.  RB_OK: go on;
	 * RB_EREFUSED: this was what the talk was for; RB_EFORMAT: it has
	 * no business here.
	 */
	enum rb_err (
	    *take)(void *context, enum wire_channel channel, struct span body);
	void *context;
	bool until_sources_end; /* then the talk is over, too */
	bool until_closed;      /* by the other side, whatever still lies */
};

enum wire_end {
	WIRE_OVER,   /* `take` said so, or all sources have ended */
	WIRE_LATE,
	WIRE_ALONE,  /* `watch` */
	WIRE_GONE,   /* the other side went away */
	WIRE_BROKEN, /* it does not keep to the form */
	WIRE_FULL,   /* port `which` had more than its limit */
	WIRE_FAILED, /* port `which` could not be read or written; errno */
};

enum wire_end wire_talk(struct wire *w, const struct wire_talk *t,
    size_t *which);

/* Sends one frame and waits until it is away.  RB_ETIME, RB_EPEER. */
enum rb_err wire_put(struct wire *w, enum wire_channel channel,
    struct span body, int64_t until) RB_CHECK;

#endif
