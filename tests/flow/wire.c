/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/flow/wire.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <net/route.h>
#include <netinet/icmp6.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#define RECEIVE_BUFFER (64 * 1024 * 1024)

static void
set_address(struct sockaddr *out, const char *text)
{
	struct sockaddr_in in = { .sin_family = AF_INET };

	if (inet_pton(AF_INET, text, &in.sin_addr) != 1)
		abort();
	memcpy(out, &in, sizeof(in));
}

static void
configure(int fd, unsigned long what, void *arg)
{
	if (ioctl(fd, what, arg) == -1) {
		perror("wire");
		abort();
	}
}

static void
raise_loopback(int fd)
{
	struct ifreq r = { .ifr_name = "lo" };

	r.ifr_flags = IFF_UP | IFF_RUNNING;
	configure(fd, SIOCSIFFLAGS, &r);
	/* An address to come from that is not loopback's. */
	(void)strcpy(r.ifr_name, "lo:1");
	set_address(&r.ifr_addr, "192.0.2.1");
	configure(fd, SIOCSIFADDR, &r);
	set_address(&r.ifr_netmask, "255.255.255.255");
	configure(fd, SIOCSIFNETMASK, &r);
}

static void
route_everything(int fd, int fd6)
{
	static char lo[] = "lo";
	struct rtentry route = { .rt_flags = RTF_UP, .rt_dev = lo };
	struct in6_rtmsg route6 = { .rtmsg_flags = RTF_UP, .rtmsg_metric = 1 };

	set_address(&route.rt_dst, "0.0.0.0");
	set_address(&route.rt_genmask, "0.0.0.0");
	configure(fd, SIOCADDRT, &route);
	route6.rtmsg_ifindex = (int)if_nametoindex("lo");
	configure(fd6, SIOCADDRT, &route6);
}

static int
open_tap(void)
{
	int fd = socket(AF_PACKET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    htons(ETH_P_ALL));
	int size = RECEIVE_BUFFER;

	if (fd == -1 ||
	    setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) ==
		-1) {
		perror("wire: a test for root");
		abort();
	}
	return fd;
}

void
wire_enter(struct wire *w)
{
	int fd, fd6;

	w->outer = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	if (w->outer == -1 || unshare(CLONE_NEWNET) == -1) {
		perror("wire: a test for root");
		abort();
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	fd6 = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	raise_loopback(fd);
	route_everything(fd, fd6);
	(void)close(fd);
	(void)close(fd6);
	w->tap = open_tap();
}

void
wire_leave(struct wire *w)
{
	if (setns(w->outer, CLONE_NEWNET) == -1)
		abort();
	(void)close(w->outer);
	(void)close(w->tap);
}

static unsigned int
number(const uint8_t *p)
{
	return (unsigned int)p[0] << 8 | p[1];
}

/* IPv4 and TCP, and 127.0.0.1 at both ends. */
static int
is_to_proxy(const uint8_t *p, size_t len, uint16_t port)
{
	static const uint8_t loopback[] = { 127, 0, 0, 1 };
	size_t head = (size_t)(p[0] & 15) * 4;

	return len >= head + 4 && p[9] == IPPROTO_TCP &&
	    memcmp(p + 12, loopback, 4) == 0 &&
	    memcmp(p + 16, loopback, 4) == 0 &&
	    (number(p + head) == port || number(p + head + 2) == port);
}

/* The kernel's own: looking for routers and neighbours. */
static int
is_discovery(const uint8_t *p, size_t len)
{
	/* Behind a hop-by-hop header: multicast reports. */
	if (len >= 48 && p[6] == 0 && p[40] == IPPROTO_ICMPV6)
		return 1;
	return len >= 41 && p[6] == IPPROTO_ICMPV6 &&
	    p[40] >= ND_ROUTER_SOLICIT;
}

static void
describe(uint16_t protocol, const uint8_t *p, size_t len, char out[128])
{
	char to[INET6_ADDRSTRLEN] = "?";

	if (protocol == ETH_P_IP && len >= 24)
		(void)inet_ntop(AF_INET, p + 16, to, sizeof(to));
	if (protocol == ETH_P_IPV6 && len >= 44)
		(void)inet_ntop(AF_INET6, p + 24, to, sizeof(to));
	(void)snprintf(out, 128, "protocol 0x%04x to %s, inside %u, port %u",
	    protocol, to, (unsigned int)(protocol == ETH_P_IP ? p[9] : p[6]),
	    number(p + (protocol == ETH_P_IP ? 22 : 42)));
}

unsigned int
wire_strangers(struct wire *w, uint16_t port, char first[128])
{
	struct tpacket_stats lost = { 0, 0 };
	socklen_t size = sizeof(lost);
	struct sockaddr_ll from;
	socklen_t from_len = sizeof(from);
	uint8_t p[256];
	unsigned int n = 0;
	uint16_t protocol;
	ssize_t len;

	memset(p, 0, sizeof(p));
	while ((len = recvfrom(w->tap, p, sizeof(p), 0,
		    (struct sockaddr *)&from, &from_len)) > 0) {
		protocol = ntohs(from.sll_protocol);
		if (protocol == ETH_P_IP && is_to_proxy(p, (size_t)len, port))
			continue;
		if (protocol == ETH_P_IPV6 && is_discovery(p, (size_t)len))
			continue;
		if (n++ == 0)
			describe(protocol, p, (size_t)len, first);
	}
	/* Not one may have been missed. */
	if (getsockopt(w->tap, SOL_PACKET, PACKET_STATISTICS, &lost, &size) ==
		-1 ||
	    lost.tp_drops != 0)
		abort();
	return n;
}
