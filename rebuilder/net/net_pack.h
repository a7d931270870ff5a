/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_NET_PACK_H
#define RB_REBUILDER_NET_PACK_H

#include "rebuilder/net/net_fetch.h"

/*
 * Packs of git repositories, each into a descriptor.  libgit2 speaks the
 * protocol and has neither file system nor network: what it asks goes by the
 * rules of every download, and the pack goes to the descriptor as it comes,
 * unread.  It waits for its answers, so each pack has a thread; nothing is
 * shared between them.
 */
struct pack_limits {
	struct fetch_limits request;
	unsigned int together; /* packs at once */
	unsigned int seconds;  /* for one, all in all */
};

#define PACK_LIMITS { FETCH_LIMITS, 4, 2 * 60 * 60 }
/* Of a repository; 500 tags are some 40 KiB. */
#define PACK_LIST_MAX (4 * 1024 * 1024)

/* NET_PACK of frames.h. */
struct pack_request {
	uint32_t id;
	uint64_t max;
	char *url;    /* owned */
	char **refs;  /* owned, as are the texts in it */
	size_t nrefs;
	int fd;       /* owned */
};

#define PACK_REQUEST_INIT { 0, 0, NULL, NULL, 0, -1 }
void pack_request_clear(struct pack_request *r);

struct packer;

/* `done` is called by packer_step alone. */
enum rb_err packer_new(const struct pack_limits *limits, fetch_done done,
    void *self, struct packer **out) RB_CHECK;
/* For all later requests; one that fetcher_set_proxy accepted. */
enum rb_err packer_set_proxy(struct packer *p, const char *proxy) RB_CHECK;
/* Gives up what is under way. */
void packer_free(struct packer **p);

/* Takes the request over (it becomes PACK_REQUEST_INIT). */
enum rb_err packer_add(struct packer *p, struct pack_request *r) RB_CHECK;
/* Under way or waiting. */
size_t packer_count(const struct packer *p);
/* Readable when packer_step has something to do. */
int packer_fd(const struct packer *p);
/* Starts what waits, and calls `done` for each pack that ended. */
enum rb_err packer_step(struct packer *p) RB_CHECK;

#endif
