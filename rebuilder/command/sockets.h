/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_SOCKETS_H
#define RB_COMMAND_SOCKETS_H

#include <sys/types.h>

#include "common/base/err.h"

/*
 * Listening sockets.  A Unix one belongs to root and `gid`, who may connect
 * (mode 0660); one that an ended process left is replaced.  RB_EREFUSED:
 * somebody listens there.
 */
enum rb_err socket_listen_unix(const char *path, gid_t gid, int *out,
    struct fault *why) RB_CHECK;
enum rb_err socket_listen_tcp(const char *address, int *out, struct fault *why)
    RB_CHECK;

/* RB_EREFUSED: somebody listens there. */
enum rb_err socket_check_free(const char *path, struct fault *why) RB_CHECK;
/* RB_EFORMAT: it is no ADDRESS:PORT that could be listened on. */
enum rb_err socket_check_address(const char *address, struct fault *why)
    RB_CHECK;

#endif
