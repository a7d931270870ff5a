/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_NET_BARE_H
#define RB_REBUILDER_NET_BARE_H

#include <git2.h>

#include "rebuilder/net/net_fetch.h"

/*
 * The repository that libgit2 believes to fetch into: no files, no
 * configuration, no objects, no references; a pack that is written to it goes
 * to a descriptor as it is.
 */
struct bare {
	int fd;               /* borrowed */
	uint64_t max, len;    /* of the pack */
	bool is_whole;
	enum net_outcome outcome; /* NET_OK, or why the pack was not taken */
	int error;                /* errno for NET_UNWRITTEN */
};

/* RB_ENOMEM; the repository is libgit2's to free, `b` is borrowed by it. */
enum rb_err bare_open(struct bare *b, git_repository **out) RB_CHECK;

#endif
