/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef TESTS_FLOW_DESCRIPTOR_NAME_H
#define TESTS_FLOW_DESCRIPTOR_NAME_H

#include "tests/flow/whole_node.h"

/*
 * What a descriptor of another process is, in the words of processes.c:
 *   "rw FILE", "r FILE", "w FILE", "path FILE"
 *       FILE below the node's directory, or null, notes, programs
 *   "listens run/x.sock", "serves run/x.sock" (a connection that came),
 *   "calls run/x.sock" (one that was made), "pair", "listens tcp", "tcp"
 *   what the kernel says, for anything else
 * Owned by the caller.
 */
char *descriptor_name(const struct whole_node *n, pid_t pid, int number);

#endif
