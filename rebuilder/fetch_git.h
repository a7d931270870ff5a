/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_FETCH_GIT_H
#define RB_REBUILDER_FETCH_GIT_H

#include "rebuilder/fetch.h"

/*
 * What a git server has, as bytes that nobody has looked at: the
 * advertisement of its refs, and packs.  Judging them is tag.h's.
 */
#define ADVERTISEMENT_MAX (16 * 1024 * 1024)

/* One repository that is asked for its refs. */
struct advert {
	const char *url; /* borrowed: of the repository */
	int fd;          /* owned: sealed copy, position 0; -1: none came */
	struct digest sha256;
	struct fault why; /* why none came */
};

/*
 * Asks all of them, many at once.  A server that does not answer is a fault
 * in its entry; only what is wrong with this machine is an error.
 */
enum rb_err fetch_adverts(const struct fetch_context *c, struct advert *list,
    size_t n) RB_CHECK;
void adverts_clear(struct advert *list, size_t n);

/*
 * A pack with these refs and everything that they lead to, in a new file
 * owned by the caller, which rebuilder-net can no longer change.  RB_EREFUSED
 * when the server is at fault.
 */
enum rb_err fetch_pack(const struct fetch_context *c, const char *url,
    const char *const *refs, size_t n, int *out) RB_CHECK;

#endif
