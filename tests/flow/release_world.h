/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_RELEASE_WORLD_H
#define TESTS_FLOW_RELEASE_WORLD_H

#include <stdbool.h>

#include "tests/flow/archive_world.h"

/*
 * A real node that watches a release, and all that it looks at: git's own
 * server with the repositories of its components, a server with what they
 * take from elsewhere, and the repository in which they are published
 * (tests/data/qubes/world).  The archive is that of this computer's apt.
 *
 * The node is that of archive_world, whose functions work on it; archive_do
 * does not.  Only root can start a node: others skip.
 */
struct release_server {
	int pid;
	int end; /* closed: the server ends */
	uint16_t port;
};

struct release_world {
	struct release_server git, elsewhere;
};

extern struct release_world release_world;

/* For groups: everything but the components; the node does not run yet. */
int release_world_make(void **state);
int release_world_stop(void **state);

/* Runs a piece of shell with the functions of `world`. */
void release_do(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

/* `qubes-rebuilder APP -c node.yml REST` has to end so, and to say that. */
struct said release_says(const char *app, const char *rest, int status,
    const char *words);
/* The watcher looks, and is done. */
void release_poll(void);

/* What httpd answers under /PATH. */
struct said release_get(const char *path);
/*
 * Of the component's part of /release.json, with blanks after ':' and ','.
 */
struct said release_shows(const char *component);
/* The same, until it has these words: httpd follows the log in its time. */
void release_awaits(const char *component, const char *words);
/* What the node's programs have said so far; is it there? */
bool release_noted(const char *words);

#endif
