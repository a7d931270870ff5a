/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_FLOW_SOCKS_PROXY_H
#define RB_TESTS_FLOW_SOCKS_PROXY_H

#include <stdint.h>
#include <sys/types.h>

/*
 * A SOCKS 5 proxy (RFC 1928, 1929) on loopback of the network namespace that
 * it is started in, which connects in another one.  It wants a user and a
 * password, takes any, and resolves every name below "test" to that other
 * namespace's loopback, but for absent.test; addresses lead there too.
 */
struct socks_proxy {
	pid_t pid;
	uint16_t port;
	int log; /* pipe: what was asked, a line for each connection */
};

/* `outer` is a descriptor of the namespace to connect in. */
void socks_proxy_start(struct socks_proxy *p, int outer);
void socks_proxy_stop(struct socks_proxy *p);

struct socks_visit {
	char user[256], password[256];
	char kind[8]; /* "name" or "address": who resolved it */
	char host[256];
	uint16_t port;
};

/* The next connection that was asked for; 0 when there was none. */
int socks_proxy_next(struct socks_proxy *p, struct socks_visit *out);

#endif
