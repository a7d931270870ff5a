/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_HTTPD_SERVE_H
#define RB_HTTPD_SERVE_H

#include "httpd/site.h"

/* The site over HTTP: everything that knows libmicrohttpd. */
#define SERVE_CONNECTIONS_MAX 4096
#define SERVE_PER_ADDRESS_MAX 512 /* a proxy is one address for many */
#define SERVE_IDLE_SECONDS 15
#define SERVE_HEADER_MAX (16 * 1024) /* request line and headers */
/* What is read and thrown away, so that the refusal of it arrives. */
#define SERVE_DISCARD_MAX (1024 * 1024)

struct server;

/*
 * Serves in `threads` threads of its own from here on.  `listener`, which
 * does not block, and `site` must outlive the server.
 */
enum rb_err server_start(struct site *site, int listener, unsigned int threads,
    struct server **out) RB_CHECK;
/* Ends what took too long.  Call every second. */
void server_tend(struct server *s);
/* Ends all connections; the next server can listen.  Accepts NULL. */
void server_stop(struct server **s);

#endif
