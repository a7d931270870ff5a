/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_FLOW_NET_TALK_H
#define RB_TESTS_FLOW_NET_TALK_H

#include <stdint.h>

#include "tests/flow/run_role.h"

/* The real rebuilder-net, in its jail, and what rebuilder says to it. */
struct net_talk {
	struct run_role net;
	char directory[64], conf[128];
};

void net_talk_start(struct net_talk *t);
/* Returns the exit status as waitpid(2) gives it. */
int net_talk_end(struct net_talk *t);
/* Ended by itself: once more. */
void net_talk_again(struct net_talk *t);

void net_talk_setup(const struct net_talk *t, const char *proxy);
/* NET_FETCH and NET_PACK; `fd` stays the caller's, `refs` ends with NULL. */
void net_talk_fetch(const struct net_talk *t, uint32_t id, const char *url,
    uint64_t max, uint64_t have, int fd);
void net_talk_pack(const struct net_talk *t, uint32_t id, const char *url,
    uint64_t max, const char *const *refs, int fd);

struct done {
	uint32_t id;
	uint8_t outcome;
	uint64_t len;
	char detail[1024];
};

struct done net_talk_done(const struct net_talk *t);

#endif
