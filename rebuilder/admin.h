/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_ADMIN_H
#define RB_REBUILDER_ADMIN_H

#include "rebuilder/jobs.h"

/*
 * admin.sock: what an operator asks of the running daemon.  Only root can
 * connect.  Serves until the listening socket fails; returns
 * the exit code of the process.
 */
int admin_serve(int listening, struct jobs *jobs);

#endif
