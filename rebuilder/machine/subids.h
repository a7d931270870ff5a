/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SUBIDS_H
#define RB_REBUILDER_SUBIDS_H

#include <sys/types.h>

#include "common/base/span.h"

/*
 * Subordinate ids (subuid(5)): the host's user and group ids that stand for
 * those inside a machine.  Inner id i is host id start + i.
 */
#define SUBIDS_COUNT 65536

/*
 * Finds the first range of at least SUBIDS_COUNT ids that `text` (of
 * /etc/subuid or /etc/subgid) gives to `user` or to the number `uid`.
 * Ranges that reach into the ids of the system's own users are passed over;
 * so is a line that is malformed, as newuidmap(1) does.
 * RB_ENOTFOUND: there is none.
 */
enum rb_err subids_find(struct span text, const char *user, uid_t uid,
    uint32_t *start) RB_CHECK;

#endif
