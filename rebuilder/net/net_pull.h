/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_NET_PULL_H
#define RB_REBUILDER_NET_PULL_H

#include "rebuilder/net/net_transfer.h"

/*
 * The two requests for one pack, under the rules of every download
 * (net_transfer.h), but read as they come in instead of stored: for libgit2,
 * which asks for bytes and waits.  Calls block their thread, until `cancel`
 * is readable or the deadline passes at the latest.
 */
struct pull {
	struct transfer *transfer; /* owned; its result says what was wrong */
	CURLM *multi;              /* owned */
	int cancel;                /* borrowed */
	uint64_t deadline;         /* pull_now */
	bool is_under_way;         /* transfer->easy is in `multi` */
	bool is_paused;            /* libcurl keeps more for us */
	size_t from, len;          /* what is left of `bytes` */
	uint8_t bytes[CURL_MAX_WRITE_SIZE];
};

#define PULL_INIT { .transfer = NULL, .multi = NULL, .cancel = -1 }

/* Milliseconds of a clock that nobody sets. */
uint64_t pull_now(void);

/*
 * Takes `url` over.  `limits` and `proxy` stay borrowed until pull_clear.  A
 * URL that a rule forbids shows at the first pull_read.
 */
enum rb_err pull_open(const struct fetch_limits *limits, const char *proxy,
    char *url, int cancel, uint64_t deadline, struct pull *out) RB_CHECK;
void pull_clear(struct pull *p);

/* The first request; its answer may have `max` bytes. */
enum rb_err pull_get(struct pull *p, uint64_t max) RB_CHECK;
/*
 * The second, once the answer to the first was read to its end; `post` is
 * borrowed until it was answered.  RB_EREFUSED as pull_read.
 */
enum rb_err pull_post(struct pull *p, struct span post, uint64_t max) RB_CHECK;

/*
 * At least one byte; none at the end of a good answer.  RB_EREFUSED when a
 * rule ended it, RB_EPEER when `cancel` became readable.
 */
enum rb_err pull_read(struct pull *p, void *to, size_t cap, size_t *len)
    RB_CHECK;

#endif
