/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_ARCHIVE_WORLD_H
#define TESTS_FLOW_ARCHIVE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tests/flow/archive_mirror.h"

/*
 * A real node, made by init and run by serve, and the archive that it
 * rebuilds: a small one of our own (tests/data/archive/archive.sh) behind a
 * mirror on loopback.  Only root can start a node: others skip.
 *
 * The archive has no base system, so its honest answer to a rebuild is
 * `unavailable`, for want of dependencies; all before that is real.
 */
struct archive_world {
	char directory[64]; /* of the archive; below it, node */
	char published[80]; /* digest of the .deb of tiny */
	uint16_t port; /* the node's httpd */
	int pid;       /* of serve; 0: does not run */
	uint64_t leaves; /* how many verdicts the node has told */
	struct mirror mirror, elsewhere;
};

extern struct archive_world archive_world;

/* For groups: makes the archive and a node; the second also starts it. */
int archive_world_make(void **state);
int archive_world_start(void **state);
int archive_world_stop(void **state);
/* For each test. */
int archive_world_check(void **state);

void archive_serve(void);
void archive_serve_end(void);

/* What a command printed on both outputs, and its exit status. */
struct said {
	int status;
	char text[16384];
};
struct said archive_ask(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* Runs a piece of shell on the archive, with the functions of archive.sh. */
void archive_do(const char *deed);
/* Runs `qubes-rebuilder <app> -c node.yml <rest>`. */
struct said archive_node(const char *app, const char *rest);

/*
 * Rebuilds and waits.  Whatever verdicts are told stand in the log, each in
 * the leaf behind the one before.
 */
struct said archive_rebuild(const char *target);

/* One way to be hostile, and what the node has to say to that. */
struct hostile {
	const char *deed;   /* for archive_do; NULL: none */
	enum manner manner; /* of the mirror */
	const char *path;   /* that the mirror does it to */
	const char *target; /* NULL: deb:tiny */
	const char *reason; /* of the signed `unavailable`; NULL: no verdict */
	const char *says;
};

/*
 * Each in turn, to a node that has fetched nothing yet: the answer is the
 * one above, nothing wrong is kept, and an honest archive gets its honest
 * answer again.
 */
void archive_suffer(const struct hostile *list, size_t n);
#define SUFFER(list) archive_suffer(list, sizeof(list) / sizeof((list)[0]))

/* How many leaves the node's checkpoint is over. */
uint64_t archive_log_size(void);
/* An honest archive gets the honest answer, and only right files are kept. */
void archive_is_well(void);
/* Every file in the depot is what its name says. */
void archive_depot_is_right(void);
/* Takes all files out of the depot, as if the node were new. */
void archive_depot_empty(void);

#endif
