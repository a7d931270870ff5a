/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_HTTP_WORLD_H
#define TESTS_FLOW_HTTP_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <cmocka.h>

#include "common/base/buf.h"

/*
 * A node's httpd as the supervisor starts it, over a made store, and raw
 * sockets to it.  Whatever fails ends the test.
 */
#define HTTP_LEAVES 20
#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
/* The end of a request whose answer is heard to the end. */
#define END "Host: a\r\nConnection: close\r\n\r\n"

struct http_world {
	char directory[64], served[80], config[80];
	uint16_t port;
	int listener; /* open all the time, as the supervisor's */
	pid_t pid;
};

extern struct http_world http_world;

/* Group fixtures of cmocka. */
int http_world_start(void **state);
int http_world_stop(void **state);

/* Starts httpd on the listener and the store, which are there already. */
void http_server_start(void);
void http_store_make(void);
void http_config_write(const char *path, const char *directory,
    const char *more);
/*
 * Runs httpd until it ends by itself, with `fd` as descriptor 3, which is
 * closed here.  Returns its exit status; `notes` is what it said, terminated.
 */
int http_server_run(int fd, const char *config, struct buf *notes);
int http_listen(uint16_t *port);

int dial(void);
/* Sends what the other side takes; it may have ended already. */
void say(int fd, const void *bytes, size_t len);
/* Everything until the end, terminated by a zero; closes. */
struct buf hear(int fd);
struct buf exchange(const void *bytes, size_t len);
struct buf ask(const char *text);
/* Asks, and wants this status and these words in the answer. */
void expect(const char *request, const char *status, const char *words);
/* An honest client is served. */
void expect_service(void);

#endif
