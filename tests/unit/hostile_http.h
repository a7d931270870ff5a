/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_UNIT_HOSTILE_HTTP_H
#define RB_TESTS_UNIT_HOSTILE_HTTP_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/*
 * An HTTP server on loopback whose paths misbehave, each in its own way
 * (hostile_http.c lists them).  Through `socks` the same server answers for
 * any host name, behind a SOCKS 5 handshake with user and password.
 */
struct hostile_http {
	pid_t pid;
	uint16_t port, socks;
	int seen; /* pipe: one line for each request and SOCKS handshake */
};

/* The object that honest paths serve. */
#define HOSTILE_LEN 100000
uint8_t hostile_byte(uint64_t at);

/* One more path: it is served by a function, or is answered with bytes. */
struct visit;
struct hostile_path {
	const char *path; /* all of it, query too */
	void (*serve)(const struct visit *v);
	const char *bytes;
	size_t len;
};

/* In `serve`; a client that hung up ends it. */
void hostile_say(const struct visit *v, const char *s, size_t len);
/* Says nothing more and waits for the client to give up. */
void hostile_wait(const struct visit *v);

void hostile_http_start(struct hostile_http *h);
void hostile_http_start_with(struct hostile_http *h,
    const struct hostile_path *more, size_t n);
void hostile_http_stop(struct hostile_http *h);

#endif
