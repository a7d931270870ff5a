/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_TESTS_MACHINE_CLIENT_H
#define RB_TESTS_MACHINE_CLIENT_H

#include <sys/types.h>

#include "common/process/frames.h"
#include "rebuilder/machine/description.h"

/*
 * rebuilder's side of one machine, for tests and for people: starts a
 * rebuilder-machine of its own, connected to us.
 */
struct machine_client {
	pid_t pid; /* of rebuilder-machine; -1: none */
	int sock;  /* owned */
};

#define MACHINE_CLIENT_INIT { -1, -1 }

struct machine_answer {
	bool is_refused;
	enum machine_end end;
	uint64_t milliseconds;
	char *kind, *clock; /* owned */
	bool has_image, has_kernel;
	struct digest image, kernel;
	char *detail;       /* owned; the fault when refused */
};

#define MACHINE_ANSWER_INIT { .is_refused = false }

/* `program` is the path of rebuilder-machine, `conf` of node.yml. */
enum rb_err machine_client_start(const char *program, const char *conf,
    struct machine_client *out) RB_CHECK;
/* The same over a socket pair that exists; closes socks[1], owns socks[0]. */
enum rb_err machine_client_start_on(const char *program, const char *conf,
    int socks[2], struct machine_client *out) RB_CHECK;
/* Descriptors are copied; layer -1: none. */
enum rb_err machine_client_ask(const struct machine_client *c,
    struct span description, int inputs, int output, int log, int layer)
    RB_CHECK;
/* RB_EPEER: it ended without an answer. */
enum rb_err machine_client_hear(const struct machine_client *c,
    struct machine_answer *out) RB_CHECK;
/* Closes the connection and waits for the end.  -1: it was killed. */
int machine_client_end(struct machine_client *c);
void machine_answer_clear(struct machine_answer *a);

const char *machine_end_name(enum machine_end end);

/*
 * For tests as root: a mount namespace in which the user root has the
 * subordinate ids that rebuilder-machine looks for, so that the system's
 * own tables stay what they are.  `dir` is for two files.
 */
enum rb_err machine_client_lend_ids(const char *dir) RB_CHECK;

#endif
