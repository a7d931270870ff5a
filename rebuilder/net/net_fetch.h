/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_NET_FETCH_H
#define RB_REBUILDER_NET_FETCH_H

#include <poll.h>

#include "common/base/buf.h"
#include "common/process/frames.h"

/*
 * Many downloads at once, each into a descriptor.  Servers are hostile: what
 * they send is bounded in size, in time and in where it may lead, is stored
 * as it comes (no decompression) and is not believed.
 */
struct fetch_limits {
	unsigned int together;        /* transfers at once */
	unsigned int per_place; /* of them to one scheme, host and port */
	unsigned int connect_seconds;
	unsigned int slow_seconds; /* so long may it run below */
	unsigned int slow_rate; /* this many bytes a second */
	unsigned int seconds; /* for one, all in all */
};

#define FETCH_LIMITS { 8, 4, 30, 60, 1024, 6 * 60 * 60 }
#define FETCH_HEADER_MAX (64 * 1024) /* all headers of one transfer */
#define FETCH_REDIRECTS_MAX 5
/* Downloads under way or waiting; the caller leaves more unasked. */
#define FETCH_QUEUE_MAX 256

/* NET_FETCH of frames.h. */
struct fetch_request {
	uint32_t id;
	uint64_t max, have;
	char *url; /* owned */
	int fd; /* owned */
};

#define FETCH_REQUEST_INIT { 0, 0, 0, NULL, -1 }
void fetch_request_clear(struct fetch_request *r);

/* NET_DONE of frames.h. */
struct fetch_result {
	uint32_t id;
	enum net_outcome outcome;
	uint64_t len; /* of the file now */
	struct fault detail; /* names URL and rule; empty for NET_OK */
};

typedef enum rb_err (*fetch_done)(void *self, const struct fetch_result *r);

struct fetcher;

/*
 * `proxy` is "" or a socks5h URL without user.  Reads whatever libcurl and
 * OpenSSL want to read at start: call before jail_enter.
 */
enum rb_err fetcher_new(const struct fetch_limits *limits, fetch_done done,
    void *self, struct fetcher **out) RB_CHECK;
/* For all later requests. RB_EREFUSED for any proxy but the two kinds. */
enum rb_err fetcher_set_proxy(struct fetcher *f, const char *proxy,
    struct fault *why) RB_CHECK;
void fetcher_free(struct fetcher **f);

/* Takes the request over (it becomes FETCH_REQUEST_INIT). */
enum rb_err fetcher_add(struct fetcher *f, struct fetch_request *r) RB_CHECK;
/* Under way or waiting. */
size_t fetcher_count(const struct fetcher *f);

/* Moves bytes and calls `done` for each download that ended. */
enum rb_err fetcher_step(struct fetcher *f) RB_CHECK;
/* Sleeps until there are bytes to move, or something that `p` asks for. */
#define FETCH_POLLS_MAX 4
enum rb_err fetcher_wait(struct fetcher *f, const struct pollfd *p, size_t n)
    RB_CHECK;

#endif
