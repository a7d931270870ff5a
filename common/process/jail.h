/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef RB_PROCESS_JAIL_H
#define RB_PROCESS_JAIL_H

#include <stddef.h>
#include <stdint.h>

#include "common/base/err.h"

/*
 * What a process may still do after jail_enter.  Nothing is allowed that is
 * not named.  In every jail: no new privileges, no capability in any set,
 * not dumpable, no core file; own IPC, UTS and (without JAIL_NET and
 * JAIL_ACCEPT) network namespace, made through a user namespace; Landlock
 * denies every path that is not listed, TCP, and signals to anybody outside;
 * seccomp kills the process at a system call outside its list, but answers
 * EACCES to a file's name, since libraries ask for files in passing.  A part
 * that can't be set up is an error: the caller stops.  So is being root.
 *
 * Jails stack: a child's can only be narrower than its parent's.
 */
enum {
	JAIL_NET = 1 << 0,     /* socket, connect: IPv4, IPv6, Unix */
	JAIL_ACCEPT = 1 << 1,  /* accept on descriptors it has */
	JAIL_THREADS = 1 << 2, /* new threads */
	JAIL_FILES = 1 << 3,   /* openat and friends, on `paths` alone */
	JAIL_SPAWN = 1 << 4,   /* fork, exec, wait, kill own children, make the
	                        * jails of children.  Reads and executes our
	                        * own programs and the system's libraries,
	                        * writes in /proc (maps of namespaces); what
	                        * children need besides is for `paths` */
	JAIL_DB = 1 << 5,      /* what LMDB needs on descriptors already open:
	                        * shared maps, record locks, sync */
	JAIL_UNIX = 1 << 6,    /* socket, connect, accept: Unix only */
};

/* One path and what Landlock leaves of it. */
struct jail_path {
	const char *path;
	enum {
		JAIL_READ,         /* read files and directories below */
		JAIL_READ_EXEC,    /* and execute */
		JAIL_WRITE,        /* and create, write, rename, remove */
	} allow;
	/* Absent paths are skipped instead of an error. */
	int optional;
};

struct jail {
	unsigned int allow;
	const struct jail_path *paths;
	size_t npaths;
	/*
	 * Descriptors whose files stay openable through /proc/self/fd (for a
	 * foreign program that insists on names), read only.  They need
	 * JAIL_FILES too, as paths do.
	 */
	const int *fds;
	size_t nfds;
	uint64_t memory;   /* RLIMIT_AS in bytes; 0: unlimited */
	uint64_t files;    /* RLIMIT_NOFILE; 0: 64 */
	uint64_t file_max; /* RLIMIT_FSIZE in bytes; 0: unlimited */
	uint64_t cpu;      /* RLIMIT_CPU in seconds; 0: unlimited */
};

/* Not undone by anything.  Threads must not exist yet. */
enum rb_err jail_enter(const struct jail *jail, struct fault *why) RB_CHECK;

#endif
