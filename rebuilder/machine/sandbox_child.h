/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_REBUILDER_SANDBOX_CHILD_H
#define RB_REBUILDER_SANDBOX_CHILD_H

#include "rebuilder/machine/sandbox.h"

/* For sandbox alone: what happens between fork and exec of bubblewrap. */
struct sandbox_child {
	const struct sandbox *s;
	char *const *argv; /* of bubblewrap */
	/*
	 * To and from the parent: a byte from here when the user namespace
	 * exists, a byte from there when its ids are mapped, or from here a
	 * sandbox_failure.  Closed by exec.
	 */
	int sock;
	/* -1 or what stays open over exec, at its own number. */
	int report, filter;
};

struct sandbox_failure {
	int error; /* errno */
	char step[60];
};

_Noreturn void sandbox_child_run(const struct sandbox_child *c);

#endif
