/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_WHOLE_NODE_H
#define TESTS_FLOW_WHOLE_NODE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/process/node.h"

/*
 * A node as an operator makes and runs it: the production programs of
 * RB_BIN, by `init` and `serve`, in a directory of its own.  Needs root and
 * the users that scripts/users makes.
 */
enum whole_node_part { NODE_ATTESTOR, NODE_HTTPD, NODE_REBUILDER, NODE_PARTS };

struct whole_node {
	char *directory; /* owned */
	char *conf;      /* owned */
	uint16_t port;   /* of httpd, on 127.0.0.1 */
	pid_t serve;     /* -1: none */
	int notes;       /* owned; what all its programs say */
	FILE *said;      /* owned; the same */
	unsigned int ready[NODE_PARTS]; /* said, and nobody waited yet */
};

#define WHOLE_NODE_INIT { NULL, NULL, 0, -1, -1, NULL, { 0, 0, 0 } }

void whole_node_make(struct whole_node *n);
void whole_node_start(struct whole_node *n);
/*
 * Returns when the part, started once more, answers.  Attestor has its two
 * roles by then.
 */
void whole_node_await(struct whole_node *n, enum whole_node_part part);
/* All parts answer who asks them. */
void whole_node_answers(struct whole_node *n);
void whole_node_stop(struct whole_node *n);
/* Stops it, and takes its directory away. */
void whole_node_clear(struct whole_node *n);

/* "directory/rest", owned by the caller. */
char *whole_node_path(const struct whole_node *n, const char *rest);
struct user_ids whole_node_user(const char *name);
/* A connection to run/<name>, made as this user. */
int whole_node_connect(const struct whole_node *n, const char *name,
    const char *user);
/* Waits until serve, or a process below it, runs `program`. */
pid_t whole_node_find(const struct whole_node *n, const char *program);

#endif
