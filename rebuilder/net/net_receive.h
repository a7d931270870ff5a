/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_NET_RECEIVE_H
#define RB_REBUILDER_NET_RECEIVE_H

#include "rebuilder/net/net_pack.h"

/* Once in the process, before the first pack_receive. */
enum rb_err receive_begin(void) RB_CHECK;

/*
 * One pack, from the first request to the last byte; blocks.  What is wrong
 * with the repository is a result.  RB_EPEER when `cancel` became readable.
 */
enum rb_err pack_receive(const struct pack_limits *limits, const char *proxy,
    int cancel, const struct pack_request *request, struct fetch_result *out)
    RB_CHECK;

#endif
