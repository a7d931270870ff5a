/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_COMMAND_SERVICES_H
#define RB_COMMAND_SERVICES_H

#include "rebuilder/command/layout.h"

/*
 * The supervisor of `serve`: the only process of a node that stays root
 * besides rebuilder-machine.  It opens the listening sockets, starts each
 * daemon as its own user with its socket as descriptor 3, and for each
 * connection to a service role's socket a fresh role.  It reads no byte of
 * any of them.
 */
struct services;

/* `listen_` is ADDRESS:PORT, [ADDRESS]:PORT for IPv6. */
enum rb_err services_open(const struct node *node, const struct owners *who,
    const char *conf, const char *listen_, struct services **out,
    struct fault *why) RB_CHECK;
/*
 * Runs until SIGTERM or SIGINT, or until a daemon can't be kept alive.
 * RB_OK after a signal.  All children are gone when it returns.
 */
enum rb_err services_run(struct services *s, struct fault *why) RB_CHECK;
void services_close(struct services **s);

#endif
