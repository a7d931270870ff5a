/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_NET_URL_H
#define RB_REBUILDER_NET_URL_H

#include <sys/socket.h>

#include "common/base/buf.h"

/*
 * Where a download may go.  The first URL is the operator's and may lead
 * anywhere; a redirect is the server's, and may not lead from the world
 * into this machine or its network, nor out of https.
 */
enum reach {
	REACH_HOST = 0,    /* this machine */
	REACH_PRIVATE = 1, /* its network; multicast and reserved too */
	REACH_WORLD = 2,
};

#define NET_URL_MAX 4096

struct net_url {
	char *text;    /* owned; as libcurl writes it */
	char *place;   /* owned; "scheme://host:port", for counting */
	bool is_https;
	bool is_literal;   /* the host is an address, or localhost */
	enum reach reach;  /* when it is */
};

#define NET_URL_INIT { NULL, NULL, false, false, REACH_WORLD }

/*
 * http and https, with a host, without user or password, printable ASCII.
 * RB_EREFUSED names the rule.
 */
enum rb_err net_url_parse(const char *text, struct net_url *out,
    struct fault *why) RB_CHECK;
void net_url_clear(struct net_url *u);

/*
 * `to` may follow on `from`, whose server has `reach`.  What a name resolves
 * to is checked when it is known.
 */
enum rb_err net_url_check_redirect(const struct net_url *from, enum reach reach,
    const struct net_url *to, struct fault *why) RB_CHECK;

/* How far off an address is; what is neither IPv4 nor IPv6 is near. */
enum reach reach_of(const struct sockaddr *address);
/* The same of a text like "192.0.2.1" or "2001:db8::1%eth0". */
enum rb_err reach_parse(const char *text, enum reach *out) RB_CHECK;

#endif
