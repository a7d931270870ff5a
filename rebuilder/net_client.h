/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_NET_CLIENT_H
#define RB_REBUILDER_NET_CLIENT_H

#include "common/process/frames.h"
#include "rebuilder/fetch.h"

/*
 * The frames of net.sock as rebuilder sends and takes them; what to ask for,
 * and what to make of an answer, is decided by fetch.c and by fetch_git.c.
 */

/* Connects and says how to reach the world; `out` is owned by the caller. */
enum rb_err net_open(const struct fetch_context *c, int *out) RB_CHECK;

/* Asks for one object, to be put into `fd` (borrowed) from `have` on. */
enum rb_err net_fetch(int sock, uint32_t id, uint64_t max, uint64_t have,
    const char *url, int fd) RB_CHECK;

/* Asks for a pack of refs, to be put into `fd` (borrowed) from its start. */
enum rb_err net_pack(int sock, uint32_t id, uint64_t max, const char *url,
    const char *const *refs, size_t n, int fd) RB_CHECK;

/* An answer to any question; questions and answers need not be in order. */
struct net_done {
	uint32_t id;
	enum net_outcome outcome;
	char *detail; /* owned */
};

/*
 * `fds` are the files that answers are put into, -1 where there is none: as
 * long as these grow, rebuilder-net is at work, whatever it says.  It has
 * limits of its own for the whole of a download.
 */
enum rb_err net_take_done(int sock, const int *fds, size_t n,
    struct net_done *out) RB_CHECK;
/* RB_ETIME: for so long neither a word nor a byte, or the leash's end. */
enum rb_err net_await(int sock, const int *fds, size_t n, unsigned int seconds)
    RB_CHECK;

#endif
