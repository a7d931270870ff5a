/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_PROCESS_ROLE_H
#define RB_PROCESS_ROLE_H

#include <sys/types.h>

#include "common/process/jail.h"
#include "common/process/msg.h"

/*
 * A role is a program of ours that does one thing for its parent: started
 * by fork and exec with an empty environment, a socket on descriptor 3, the
 * descriptors that it was given from 4 on, and nothing else (0 and 1 are
 * /dev/null, 2 is the parent's, for notes).
 */
#define ROLE_SOCKET 3
#define ROLE_FIRST_FD 4
#define ROLE_FDS_MAX 16

struct role {
	pid_t pid;  /* -1: none */
	int pidfd;  /* owned */
	int fd;     /* owned: our end of the socket */
};

#define ROLE_INIT { -1, -1, -1 }

/* All borrowed. */
struct role_start {
	/* File name beside our own program. */
	const char *program;
	/* After argv[0], ended by NULL; NULL: none. */
	const char *const *args;
	/* Become 4, 5, ... in the role. */
	const int *fds;
	size_t nfds;
	/* With another user, supplementary groups are dropped too. */
	uid_t uid;
	gid_t gid;
	/* -1: make a socket pair (role.fd); else this becomes 3. */
	int sock;
	/* Becomes 1; -1: /dev/null. */
	int out;
};

/* As uid and gid: stay who we are. */
#define ROLE_SAME_ID UINT32_MAX
#define ROLE_START_INIT \
	{ NULL, NULL, NULL, 0, ROLE_SAME_ID, ROLE_SAME_ID, -1, -1 }

/*
 * Remembers the directory of our own program, before any jail.  Call first
 * in main() of every program that starts roles.
 */
enum rb_err role_home(void) RB_CHECK;
/* That directory, borrowed; -1 before role_home. */
int role_home_fd(void);
/* Closes it: a jail that starts no roles has no use for it. */
void role_home_forget(void);

/*
 * Returns once the program runs; what kept it from running is noted.  It is
 * killed when the thread that started it ends: a role never outlives the
 * reason for it.  It has a session of its own, so that a signal typed at our
 * terminal reaches us alone.
 */
enum rb_err role_spawn(const struct role_start *start, struct role *out)
    RB_CHECK;

/*
 * A program that is not ours, run in a jail of its own: descriptor 3 is
 * absent; `start->fds` become 4, 5, ...; 0 and 2 are /dev/null, 1 is
 * `start->out`.  `start->program` is an absolute path.  out->fd is -1.
 * The jail needs JAIL_FILES and, in `paths`, the program and its libraries;
 * it may execute, but has neither network nor children.
 */
enum rb_err role_spawn_foreign(const struct role_start *start,
    const struct jail *jail, struct role *out) RB_CHECK;

/*
 * Closes our end, which ends a role that serves, waits, and leaves
 * ROLE_INIT.  `status` as waitpid(2) gives it; NULL if nobody asks.  After
 * `seconds` the process is killed and RB_ETIME returned; 0 kills at once.
 */
enum rb_err role_wait(struct role *r, unsigned int seconds, int *status)
    RB_CHECK;
/* Kills if it still runs, reaps, closes.  Accepts ROLE_INIT. */
void role_clear(struct role *r);

/*
 * The other side: the duty table is the policy.  A type that is not in the
 * table, or not in the present state, ends the process.
 */
struct duty {
	uint16_t type;
	unsigned int states; /* bit set: 1u << state */
	/*
	 * Answers by msg_send on `sock`.  Anything but RB_OK ends the
	 * process: what is wrong with an *input* is an answer, not an error.
	 */
	enum rb_err (*answer)(void *self, unsigned int *state, int sock,
	    struct msg *question);
};

#define STATE(n) (1u << (n))
#define ANY_STATE (~0u)

/*
 * Serves until the parent closes the socket.  Call only after jail_enter.
 * Returns the exit code of the process.
 */
int role_serve(int sock, const struct duty *duties, size_t n, void *self);

#endif
