/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_WEBNODE_H
#define TESTS_FLOW_WEBNODE_H

#include <pthread.h>

#include "tests/unit/testnode.h"

/* A node's HTTP side on loopback, well-behaved or not. */
enum manner {
	MANNER_HONEST,   /* what `answer` holds, whatever the bucket */
	MANNER_NOT_FOUND,
	MANNER_ERROR,
	MANNER_REDIRECT, /* to `to` */
	MANNER_GARBAGE,  /* bytes that are no bundle */
	MANNER_TRUNCATED, /* half of what it promised */
	MANNER_ENDLESS,  /* bytes for ever */
	MANNER_SILENT,   /* closes without a word */
};

struct webnode {
	enum manner manner;
	struct buf answer; /* owned */
	char to[128];
	int port;
	bool is_socks; /* a handshake with user and password goes before */
	char users[4096]; /* every user of it, one a line */
	char asked[4096]; /* every path, one a line */
	int fd;
	pthread_t thread;
};

void webnode_start(struct webnode *w, enum manner manner);
void webnode_stop(struct webnode *w);

#endif
