/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_NET_SMART_H
#define RB_REBUILDER_NET_SMART_H

#include <git2.h>
#include <git2/sys/transport.h>

#include "rebuilder/net/net_pull.h"

/*
 * How libgit2 reaches a server: a subtransport of its smart transport over a
 * struct pull.  Owned by the one who makes it, libgit2 only uses it.
 */
struct smart {
	git_smart_subtransport parent;
	git_smart_subtransport_definition definition;
	struct pull *pull;        /* borrowed */
	uint64_t pack_max;        /* bytes of the pack, */
	const uint64_t *pack_len; /* borrowed: as much as came of it, */
	uint64_t around;          /* and what an answer may hold besides */
	bool is_flooded;          /* it held more */
	git_transport *transport; /* borrowed from libgit2, once there */
	enum rb_err rc; /* what pull said, when it was no answer */
};

void smart_init(struct smart *s, struct pull *pull, uint64_t pack_max,
    const uint64_t *pack_len);

/* git_remote_callbacks.transport; the payload is a struct smart. */
int smart_transport(git_transport **out, git_remote *owner, void *payload);

#endif
